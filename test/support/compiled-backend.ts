import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, type Plugin, stop } from "esbuild";
import { hashBuildInputs } from "../../examples/server/start/build-inputs.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FOLDER = join(ROOT, "node_modules/.cache/loquilex");
const INPUTS = [
  "examples/server",
  "src",
  "test/support/backend-process-leash.ts",
  "test/support/compiled-backend.ts",
  "package-lock.json",
  "tsconfig.json",
];
const ENTRY = 'import "./test/support/backend-process-leash.ts"; import "./examples/server/main.ts";';

/**
 * A module that looks for files beside itself finds them where its source is, and the engines that are found there are in
 * the one file.
 */
const addressesOfSources: Plugin = {
  name: "addresses-of-sources",
  setup({ onLoad }) {
    onLoad({ filter: /examples\/server\/.*\.ts$/ }, async ({ path }) => {
      const address = JSON.stringify(pathToFileURL(path).href);
      const source = (await readFile(path, "utf8")).replaceAll("import.meta.url", address);
      return {
        contents: source.replace("import(new URL(file, folder).href)", 'import("./kinds/" + file)'),
        loader: "ts",
      };
    });
  },
};

let path: Promise<string> | undefined;

/**
 * The reference backend as one file of JavaScript, with the leash that ends it with its test. Hundreds of backends are
 * started, and the TypeScript loader would cost each of them more than a second of work. The file is compiled again after
 * every change of a source.
 */
export function compiledBackend(): Promise<string> {
  path ??= compile();
  return path;
}

async function compile(): Promise<string> {
  const name = `backend-${hashBuildInputs(ROOT, INPUTS)}.mjs`;
  await mkdir(FOLDER, { recursive: true });
  const existing = await readdir(FOLDER);
  if (existing.includes(name)) return join(FOLDER, name);
  try {
    const { outputFiles } = await build({
      stdin: { contents: ENTRY, resolveDir: ROOT, loader: "ts" },
      bundle: true,
      // The package says of itself that a mere import of it does nothing, which is not so of the two here.
      ignoreAnnotations: true,
      write: false,
      platform: "node",
      format: "esm",
      target: "node20",
      // Finds its program beside its package.
      external: ["esbuild"],
      banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
      plugins: [addressesOfSources],
    });
    // Whole from the first moment on: other test files may be about to do the same.
    const unfinished = join(FOLDER, `${name}.${process.pid}`);
    await writeFile(unfinished, outputFiles[0]?.contents ?? "");
    await rename(unfinished, join(FOLDER, name));
  } finally {
    await stop();
  }
  for (const old of existing.filter((file) => file.endsWith(".mjs"))) await rm(join(FOLDER, old), { force: true });
  return join(FOLDER, name);
}
