import { existsSync, statSync } from "node:fs";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, posix } from "node:path";

const LINK = /\]\((?!https?:|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)/g;
const CODE = /(^```[\s\S]*?^```$|`[^`\n]*`)/gm;

/**
 * Copies the README, and every page that can be reached from it, into a folder, in the same places. Other files that they link
 * to become files of the site; a folder's link leads to its README, and is text if it has none.
 */
export async function copyPages(root: string, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const pages = new Set(["README.md"]);
  for (const page of pages) {
    const files: string[] = [];
    const replaced = (_: string, target: string, anchor = ""): string => {
      let path = posix.join(posix.dirname(page), target).replace(/\/$/, "");
      if (!existsSync(join(root, path))) throw new Error(`${page} links to ${target}, which does not exist.`);
      if (statSync(join(root, path)).isDirectory()) {
        if (!existsSync(join(root, path, "README.md"))) return "]";
        path = posix.join(path, "README.md");
      }
      if (path.endsWith(".md")) {
        pages.add(path);
        return `](/${path === "README.md" ? "index.md" : path}${anchor})`;
      }
      files.push(path);
      return `](/${path}${anchor}){target="_self"}`;
    };
    const text = await readFile(join(root, page), "utf8");
    const written = text
      .split(CODE)
      .map((part, index) => (index % 2 === 1 ? part : part.replaceAll(LINK, replaced)))
      .join("");
    await write(join(folder, page), written);
    for (const path of files) {
      await mkdir(dirname(join(folder, "public", path)), { recursive: true });
      await cp(join(root, path), join(folder, "public", path));
    }
  }
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
