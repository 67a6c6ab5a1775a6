import { describe, expect, it } from "vitest";
import { simulateDownlink } from "./downlink/simulate-downlink.js";

const SEEDS = Number(process.env.LX_DOWNLINK_SEEDS ?? 60);
const FIRST = Number(process.env.LX_DOWNLINK_FIRST ?? 0);

describe("what the server says, under seeded troubles", () => {
  it("is heard once, in order and as it was said, but for what an interruption cut off", () => {
    const broken = Array.from({ length: SEEDS }, (_, index) => FIRST + index).flatMap((seed) =>
      simulateDownlink(seed)
        .slice(0, 1)
        .map((problem) => `seed ${seed}: ${problem}`),
    );
    expect(broken).toEqual([]);
  });
});
