import { importWith } from "../../support/planted-bug.js";
import type * as Entry from "./entry.js";
import { AMONG_MANY_CLIENTS, type Mutant } from "./mutant.js";

export interface Hunt {
  /** The first broken promise, or `undefined` if the mutant survived. */
  readonly killedBy: string | undefined;
  /** Seeds that it took. */
  readonly seeds: number;
}

/** Runs the simulation against a wrong version of the sources until a promise breaks, or for `maxSeeds` seeds. */
export async function hunt(mutant: Mutant | undefined, maxSeeds: number): Promise<Hunt> {
  const { judgeRetries, simulate } = await importWith<typeof Entry>(mutant, "test/simulation/mutants/entry.ts");
  const { kind, fixed, manyClients } = mutant?.ground ?? AMONG_MANY_CLIENTS;
  const [problem] = manyClients ? judgeRetries() : [];
  if (problem !== undefined) return { killedBy: problem, seeds: 0 };
  for (let seed = 1; seed <= maxSeeds; seed += 1) {
    const [broken] = simulate(seed, kind, fixed).verdict.problems;
    if (broken !== undefined) return { killedBy: broken, seeds: seed };
  }
  return { killedBy: undefined, seeds: maxSeeds };
}
