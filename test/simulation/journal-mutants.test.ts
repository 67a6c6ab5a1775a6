import { describe, expect, it } from "vitest";
import { importWith } from "../support/planted-bug.js";
import type * as Journals from "./journal/simulate-journal.js";
import { JOURNAL_MUTANTS } from "./mutants/journal-mutants.js";

const MAX_SEEDS = 150;
const ENTRY = "test/simulation/journal/simulate-journal.ts";
/** Four of them in `npm test`: all of them have a command of their own. */
const HUNTED =
  process.env.LX_JOURNAL_BUGS === "all" ? JOURNAL_MUTANTS : JOURNAL_MUTANTS.filter((_, index) => index % 4 === 1);

describe("the simulation of journals tells a wrong one from the right one", () => {
  it.each(HUNTED.map((mutant) => [mutant.name, mutant] as const))("%s", async (_, mutant) => {
    const { simulateJournal } = await importWith<typeof Journals>(mutant, ENTRY);
    let found: readonly string[] = [];
    for (let seed = 0; seed < MAX_SEEDS && found.length === 0; seed += 1) {
      found = await simulateJournal(seed, mutant.ground);
    }
    expect(found).not.toEqual([]);
  });
});
