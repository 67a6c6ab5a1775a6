import { cp } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { defineConfig, type Plugin } from "vite";

const inProject = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));
const BUILT = inProject("out/say-one-of-these");

/** The model's files are loaded by their names. */
const modelFiles: Plugin = {
  name: "model-files",
  async writeBundle({ dir = BUILT }) {
    await cp(inProject("node_modules/soundswallower/model/en-us"), `${dir}/model/en-us`, { recursive: true });
  },
};

export default defineConfig({
  root: inProject("examples/say-one-of-these"),
  base: "./",
  plugins: [modelFiles],
  // The longer name first: an alias also takes what begins with it.
  resolve: { alias: { "loquilex/protocol": inProject("dist/protocol.js"), loquilex: inProject("dist/index.js") } },
  build: { target: "es2022", outDir: BUILT, emptyOutDir: true, assetsInlineLimit: 0 },
});
