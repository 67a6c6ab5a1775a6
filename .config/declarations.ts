import { fileURLToPath } from "node:url";
import type { Plugin, RolldownOptions } from "rolldown";
import { declarationEntries, rollUp } from "./declaration-entries.js";

const DIST = fileURLToPath(new URL("../dist", import.meta.url));

/** TypeScript 5.6 does not know disposables by itself, and the bundler leaves such comments out. */
const NEEDED_LIBRARY = '/// <reference lib="esnext.disposable" preserve="true" />\n';

/** The bundler names the file that each part comes from, which is not in the package. */
const NAMES_OF_SOURCES = /^\/\/(?: |#region ).*\.d\.ts\n|^\/\/#endregion\n/gm;

const finish: Plugin = {
  name: "finish-declarations",
  generateBundle(_options, bundle) {
    for (const file of Object.values(bundle)) {
      if (file.type === "chunk") file.code = NEEDED_LIBRARY + file.code.replaceAll(NAMES_OF_SOURCES, "");
    }
  },
};

/** The declarations that ship: one file for each entry, and what entries share, so that only public types are in the package. */
export default {
  input: declarationEntries(),
  plugins: [rollUp(), finish],
  output: { dir: DIST, format: "es", chunkFileNames: "inside/[name].d.ts" },
} satisfies RolldownOptions;
