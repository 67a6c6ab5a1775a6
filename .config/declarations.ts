import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Plugin, RolldownOptions } from "rolldown";
import { dts } from "rolldown-plugin-dts";

const inProject = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Where `tsc -p src` puts one declaration file for each source file. */
const EMITTED = inProject("node_modules/.cache/loquilex/types");

/** TypeScript 5.6 does not know disposables by itself, and the bundler leaves such comments out. */
const NEEDED_LIBRARY = '/// <reference lib="esnext.disposable" preserve="true" />\n';

/** The bundler names the file that each part comes from, which is not in the package. */
const NAMES_OF_SOURCES = /^\/\/(?: |#region ).*\.d\.ts\n|^\/\/#endregion\n/gm;

/** `dist/NAME.d.ts` of an entry of package.json is made of `NAME.ts` or `NAME/index.ts` of the source. */
function entries(): Record<string, string> {
  const { exports } = JSON.parse(readFileSync(inProject("package.json"), "utf8")) as {
    exports: Record<string, string | { readonly types?: string }>;
  };
  const types = Object.values(exports).flatMap((target) => (typeof target === "object" ? (target.types ?? []) : []));
  return Object.fromEntries(
    types.map((path) => {
      const name = path.replace(/^\.\/dist\/(.+)\.d\.ts$/, "$1");
      const candidates = [`${EMITTED}/${name}.d.ts`, `${EMITTED}/${name}/index.d.ts`];
      const found = candidates.find((candidate) => existsSync(candidate));
      if (found === undefined) throw new Error(`package.json offers ${path}, and the source has no ${name}.ts.`);
      return [name, found];
    }),
  );
}

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
  input: entries(),
  plugins: [dts({ dtsInput: true, emitDtsOnly: true, tsconfig: false, oxc: true }), finish],
  output: { dir: inProject("dist"), format: "es", chunkFileNames: "inside/[name].d.ts" },
} satisfies RolldownOptions;
