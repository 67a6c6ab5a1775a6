import { describe, expect, it } from "vitest";
import { importWith } from "../support/planted-bug.js";
import type * as Downlinks from "./downlink/simulate-downlink.js";
import { DOWNLINK_MUTANTS } from "./mutants/downlink-mutants.js";

const MAX_SEEDS = 60;
/** A third of them in `npm test`: `LX_DOWNLINK_BUGS=all` hunts all. */
const HUNTED =
  process.env.LX_DOWNLINK_BUGS === "all" ? DOWNLINK_MUTANTS : DOWNLINK_MUTANTS.filter((_, index) => index % 3 === 0);

describe("the simulation of the server's audio tells a wrong end from the right one", () => {
  it.each(HUNTED.map((mutant) => [mutant.name, mutant] as const))("%s", async (_, mutant) => {
    const { simulateDownlink } = await importWith<typeof Downlinks>(
      mutant,
      "test/simulation/downlink/simulate-downlink.ts",
    );
    const isFound = Array.from({ length: MAX_SEEDS }, (_, seed) => seed).some(
      (seed) => simulateDownlink(seed, mutant.ground).length > 0,
    );
    expect(isFound).toBe(true);
  });

  it("finds nothing wrong where nothing is, wherever they are hunted", async () => {
    const { simulateDownlink } = await importWith<typeof Downlinks>(
      undefined,
      "test/simulation/downlink/simulate-downlink.ts",
    );
    const grounds = HUNTED.map(({ ground }) => ground);
    expect(grounds.flatMap((ground) => [0, 1].flatMap((seed) => simulateDownlink(seed, ground)))).toEqual([]);
  });
});
