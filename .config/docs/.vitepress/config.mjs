import { readFileSync } from "node:fs";
import { defineConfig } from "vitepress";

const GUIDES = readFileSync(new URL("../../../README.md", import.meta.url), "utf8");

/** The guides, in the order of the README's table. */
const guides = Array.from(GUIDES.matchAll(/^\| (\[.*?\)) +\|/gm)).flatMap(([, cell]) =>
  Array.from(cell.matchAll(/\[([^\]]+)\]\((docs\/[\w-]+)\.md\)/g), ([, text, path]) => ({ text, link: `/${path}` })),
);

export default defineConfig({
  title: "LoquiLex",
  description: "Microphone to server over WebSocket without losing a sample",
  srcDir: "out/pages",
  outDir: "../../out/docs",
  cacheDir: "out/cache",
  rewrites: { "README.md": "index.md" },
  markdown: {
    // Those with less contrast are hard to read in the sun, on a phone.
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    anchor: {
      // As links within the repository have them.
      slugify: (title) =>
        title
          .trim()
          .toLowerCase()
          .replaceAll(/[^\p{L}\p{N}_\- ]/gu, "")
          .replaceAll(" ", "-"),
    },
  },
  themeConfig: {
    search: { provider: "local" },
    nav: [
      { text: "Guides", link: "/docs/start" },
      { text: "Reference", link: "/docs/reference" },
      { text: "Types", link: "/docs/reference/README" },
      { text: "Protocol", link: "/src/protocol/PROTOCOL" },
    ],
    sidebar: [
      { text: "LoquiLex", items: [{ text: "Overview", link: "/" }] },
      { text: "Guides", items: guides },
      {
        text: "Reference",
        items: [
          { text: "All types", link: "/docs/reference/README" },
          { text: "The protocol", link: "/src/protocol/PROTOCOL" },
          { text: "Changes", link: "/CHANGELOG" },
        ],
      },
    ],
    outline: [2, 3],
  },
});
