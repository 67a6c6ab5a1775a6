import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { dts } from "rolldown-plugin-dts";

const inProject = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** Where `tsc -p src` puts one declaration file for each source file. */
export const EMITTED = inProject("node_modules/.cache/loquilex/types");

/**
 * The entries of package.json that have types, by the name of their file in `dist`, with the declaration file that each
 * begins with: `dist/NAME.d.ts` is made of `src/NAME.ts` or `src/NAME/index.ts`.
 */
export function declarationEntries(): Record<string, string> {
  const { exports } = JSON.parse(readFileSync(inProject("package.json"), "utf8")) as {
    exports: Record<string, string | { readonly types?: string }>;
  };
  const types = Object.values(exports).flatMap((target) => (typeof target === "object" ? (target.types ?? []) : []));
  return Object.fromEntries(
    types.map((path) => {
      const name = path.replace(/^\.\/dist\/(.+)\.d\.ts$/, "$1");
      const candidates = [`${EMITTED}/${name}.d.ts`, `${EMITTED}/${name}/index.d.ts`];
      const found = candidates.find((candidate) => existsSync(candidate));
      if (found === undefined)
        throw new Error(`package.json offers ${path}, and src has neither ${name}.ts nor a folder.`);
      return [name, found];
    }),
  );
}

/** Rolls declaration files up. It needs no compiler for that, and TypeScript 7 offers it none. */
export const rollUp = () => dts({ dtsInput: true, emitDtsOnly: true, tsconfig: false, oxc: true });
