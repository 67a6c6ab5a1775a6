import { expect, it } from "vitest";
import { simulateJournal } from "./journal/simulate-journal.js";

const SEEDS = Number(process.env.LX_JOURNAL_SEEDS ?? 300);
const FIRST = Number(process.env.LX_JOURNAL_FIRST ?? 1);

it(`a journal keeps all but the last moment, or says what it lacks, in ${SEEDS} crashes`, async () => {
  for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) {
    expect({ seed, faults: await simulateJournal(seed) }).toEqual({ seed, faults: [] });
  }
});
