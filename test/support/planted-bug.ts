import { readFileSync } from "node:fs";
import { join } from "node:path";
import { build, type Plugin } from "vite";

const ROOT = join(import.meta.dirname, "../../");

/** A wrong version of a source file. */
export interface PlantedBug {
  /** What is wrong, as a sentence. */
  readonly name: string;
  /** Path from the root of the repository. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

/** @throws when the source has changed so much that the bug no longer is what its name says. */
export function patch(source: string, { name, find, replace }: PlantedBug): string {
  const places = source.split(find).length - 1;
  if (places !== 1) throw new Error(`"${name}": its place occurs ${places} times in the source, not once.`);
  return source.replace(find, () => replace);
}

/** Bundles a module with the bug in it, or without any, and imports it. @param entry its path from the root. */
export async function importWith<Module>(
  bug: PlantedBug | undefined,
  entry: string,
  plugins: readonly Plugin[] = [],
): Promise<Module> {
  const result = await build({
    configFile: false,
    logLevel: "error",
    root: ROOT,
    resolve: {
      alias: { "loquilex/protocol": `${ROOT}src/protocol/index.ts`, "loquilex/resources": `${ROOT}src/resources.ts` },
    },
    plugins: [...plugins, ...(bug === undefined ? [] : [planting(bug)])],
    build: {
      ssr: `${ROOT}${entry}`,
      write: false,
      target: "node20",
      minify: false,
      // In one piece, since a data URL leads to no other.
      rolldownOptions: { output: { codeSplitting: false } },
    },
  });
  if (!("output" in result)) throw new Error("The build gave no output.");
  const code = result.output[0].code;
  return import(/* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);
}

function planting(bug: PlantedBug): Plugin {
  const path = `${ROOT}${bug.file}`;
  return {
    name: "planted-bug",
    enforce: "pre",
    load: (id) => (id === path ? patch(readFileSync(path, "utf8"), bug) : undefined),
  };
}
