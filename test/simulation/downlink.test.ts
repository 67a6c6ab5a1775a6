import { describe, expect, it } from "vitest";
import { simulateDownlink } from "./downlink/simulate-downlink.js";
import { simulateHalfDuplex } from "./downlink/simulate-half-duplex.js";

const SEEDS = Number(process.env.LX_DOWNLINK_SEEDS ?? 60);
const FIRST = Number(process.env.LX_DOWNLINK_FIRST ?? 0);

const brokenBy = (simulate: (seed: number) => readonly string[]): string[] =>
  Array.from({ length: SEEDS }, (_, index) => FIRST + index).flatMap((seed) =>
    simulate(seed)
      .slice(0, 1)
      .map((problem) => `seed ${seed}: ${problem}`),
  );

describe("what the server says, under seeded troubles", () => {
  it("is heard once, in order and as it was said, but for what an interruption cut off", () => {
    expect(brokenBy(simulateDownlink)).toEqual([]);
  });

  it("is not heard by the microphone with half duplex, which is open at all other times, whatever becomes of the player", () => {
    expect(brokenBy(simulateHalfDuplex)).toEqual([]);
  });
});
