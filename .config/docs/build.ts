import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { copyPages } from "./pages.js";

const run = promisify(execFile);
const HERE = import.meta.dirname;
const ROOT = join(HERE, "../..");
const PAGES = join(HERE, "out/pages");
const ENTRIES = ["index", "react", "element", "protocol", "resources"];

/** The folder of the site. */
export const SITE = join(ROOT, "out/docs");

/** Makes the site: the manual as it is, and a reference of all types from the comments in the built declarations. */
export async function buildDocs(): Promise<void> {
  if (!existsSync(join(HERE, "node_modules/vitepress"))) {
    await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: HERE });
  }
  await copyPages(ROOT, PAGES);
  await writeReference();
  await rm(SITE, { recursive: true, force: true });
  await node("node_modules/vitepress/bin/vitepress.js", "build", ".");
}

async function writeReference(): Promise<void> {
  const declarations = ENTRIES.map((name) => join(ROOT, "dist", `${name}.d.ts`));
  const tsconfig = join(HERE, "out/tsconfig.json");
  const compilerOptions = {
    target: "es2022",
    module: "esnext",
    moduleResolution: "bundler",
    lib: ["es2023", "dom", "dom.iterable", "esnext.disposable"],
    strict: true,
    noEmit: true,
    types: [],
  };
  await writeFile(tsconfig, JSON.stringify({ compilerOptions, files: declarations }));
  const options = ["--options", "typedoc.json", "--tsconfig", tsconfig, "--out", join(PAGES, "api")];
  await node("node_modules/typedoc/bin/typedoc", ...options, ...declarations);
}

async function node(...args: readonly string[]): Promise<void> {
  try {
    // Tests have a value of their own for it, by which a site for development would be built.
    const env = { ...process.env, NODE_ENV: "production" } as const;
    await run(process.execPath, args, { cwd: HERE, env, maxBuffer: 10_000_000 });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${args[0]} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildDocs();
