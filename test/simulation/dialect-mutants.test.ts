import { describe, expect, it } from "vitest";
import { importWith } from "../support/planted-bug.js";
import type * as Dialects from "./dialects/simulate-dialect.js";
import { DIALECT_MUTANTS } from "./mutants/dialect-mutants.js";

const MAX_SEEDS = 100;
/** Three of them in `npm test`: all of them have a command of their own. */
const HUNTED =
  process.env.LX_DIALECT_BUGS === "all" ? DIALECT_MUTANTS : DIALECT_MUTANTS.filter((_, index) => index % 8 === 4);

describe("the simulation of speech services tells a wrong dialect from the right one", () => {
  it.each(HUNTED.map((mutant) => [mutant.name, mutant] as const))("%s", async (_, mutant) => {
    const { simulateDialect } = await importWith<typeof Dialects>(
      mutant,
      "test/simulation/dialects/simulate-dialect.ts",
    );
    const { service, ground } = mutant;
    const isFound = Array.from({ length: MAX_SEEDS }, (_, seed) => seed).some(
      (seed) => simulateDialect(service, seed, ground).length > 0,
    );
    expect(isFound).toBe(true);
  });

  it("finds nothing wrong where nothing is, wherever they are hunted", async () => {
    const { simulateDialect } = await importWith<typeof Dialects>(
      undefined,
      "test/simulation/dialects/simulate-dialect.ts",
    );
    const found = HUNTED.flatMap(({ service, ground }) =>
      [0, 1].flatMap((seed) => simulateDialect(service, seed, ground)),
    );
    expect(found).toEqual([]);
  });
});
