import { rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { copyPages } from "./pages.js";
import { installTools, node, ROOT } from "./tools.js";

/** The folder of the site. */
export const SITE = join(ROOT, "out/docs");

/** Makes the site: the manual as it is, with the reference of all types that is kept in it. */
export async function buildDocs(): Promise<void> {
  await installTools();
  await copyPages(ROOT, join(import.meta.dirname, "out/pages"));
  await rm(SITE, { recursive: true, force: true });
  await node("node_modules/vitepress/bin/vitepress.js", "build", ".");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildDocs();
