import { describe, expect, it } from "vitest";
import { simulate } from "./simulate.js";
import { simulateInProcesses } from "./simulate-in-processes.js";

/** Some hundred faults each. */
const SEEDS = 3_600;
const FAULTS = 200_000;

describe("client and server under faults", () => {
  it("lose, repeat and reorder nothing without saying so, and let go of everything", async () => {
    const { totals, failures } = await simulateInProcesses(1, SEEDS);
    const { seeds, faults, frames, lostSamples, duplicatedMessages } = totals;
    console.log(
      `seeds ${seeds}, faults ${faults}, frames ${frames}, lost ${lostSamples}, duplicated ${duplicatedMessages}`,
    );
    expect(failures).toEqual([]);
    expect(faults).toBeGreaterThanOrEqual(FAULTS);
    expect({ lostSamples, duplicatedMessages }).toEqual({ lostSamples: 0, duplicatedMessages: 0 });
  });

  it("are replayed to the byte by the seed of a run", () => {
    for (const seed of [3, 17, 256]) expect(simulate(seed)).toEqual(simulate(seed));
  });
});
