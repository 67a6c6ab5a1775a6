import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "vite";
import type * as Entry from "./entry.js";
import { AMONG_MANY_CLIENTS, type Mutant } from "./mutant.js";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

export interface Hunt {
  /** The first broken promise, or `undefined` if the mutant survived. */
  readonly killedBy: string | undefined;
  /** Seeds that it took. */
  readonly seeds: number;
}

/** @throws when the source has changed so much that the mutant no longer is what its name says. */
export function patch(source: string, { name, find, replace }: Mutant): string {
  const places = source.split(find).length - 1;
  if (places !== 1) throw new Error(`"${name}": its place occurs ${places} times in the source, not once.`);
  return source.replace(find, () => replace);
}

/** Runs the simulation against a wrong version of the sources until a promise breaks, or for `maxSeeds` seeds. */
export async function hunt(mutant: Mutant | undefined, maxSeeds: number): Promise<Hunt> {
  const { judgeRetries, simulate } = await load(mutant);
  const { kind, fixed, manyClients } = mutant?.ground ?? AMONG_MANY_CLIENTS;
  const [problem] = manyClients ? judgeRetries() : [];
  if (problem !== undefined) return { killedBy: problem, seeds: 0 };
  for (let seed = 1; seed <= maxSeeds; seed += 1) {
    const [broken] = simulate(seed, kind, fixed).verdict.problems;
    if (broken !== undefined) return { killedBy: broken, seeds: seed };
  }
  return { killedBy: undefined, seeds: maxSeeds };
}

async function load(mutant: Mutant | undefined): Promise<typeof Entry> {
  const result = await build({
    configFile: false,
    logLevel: "error",
    root: ROOT,
    resolve: { alias: { "loquilex/protocol": `${ROOT}src/protocol/index.ts` } },
    plugins: mutant === undefined ? [] : [planting(mutant)],
    build: {
      ssr: fileURLToPath(new URL("./entry.ts", import.meta.url)),
      write: false,
      target: "node20",
      minify: false,
    },
  });
  if (!("output" in result)) throw new Error("The build gave no output.");
  const code = result.output[0].code;
  return import(/* @vite-ignore */ `data:text/javascript;base64,${Buffer.from(code).toString("base64")}`);
}

function planting(mutant: Mutant): Plugin {
  const path = `${ROOT}${mutant.file}`;
  return {
    name: "planted-bug",
    enforce: "pre",
    load: (id) => (id === path ? patch(readFileSync(path, "utf8"), mutant) : undefined),
  };
}
