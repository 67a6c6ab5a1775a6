import { describe, expect, it } from "vitest";
import { importWith } from "../support/planted-bug.js";
import type * as Downlinks from "./downlink/simulate-downlink.js";
import type * as HalfDuplexes from "./downlink/simulate-half-duplex.js";
import { DOWNLINK_MUTANTS } from "./mutants/downlink-mutants.js";
import { HALF_DUPLEX_MUTANTS } from "./mutants/half-duplex-mutants.js";

const MAX_SEEDS = 60;
/** A third of them in `npm test`: `LX_DOWNLINK_BUGS=all` hunts all. */
const hunted = <T>(mutants: readonly T[]): readonly T[] =>
  process.env.LX_DOWNLINK_BUGS === "all" ? mutants : mutants.filter((_, index) => index % 3 === 0);
const HUNTED = hunted(DOWNLINK_MUTANTS);
const HUNTED_ECHOES = hunted(HALF_DUPLEX_MUTANTS);

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

describe("the simulation of half duplex tells a wrong one from the right one", () => {
  const load = (bug: (typeof HUNTED_ECHOES)[number] | undefined) =>
    importWith<typeof HalfDuplexes>(bug, "test/simulation/downlink/simulate-half-duplex.ts");

  it.each(HUNTED_ECHOES.map((mutant) => [mutant.name, mutant] as const))("%s", async (_, mutant) => {
    const { simulateHalfDuplex } = await load(mutant);
    const isFound = Array.from({ length: MAX_SEEDS }, (_, seed) => seed).some(
      (seed) => simulateHalfDuplex(seed, mutant.ground).length > 0,
    );
    expect(isFound).toBe(true);
  });

  it("finds nothing wrong where nothing is, wherever they are hunted", async () => {
    const { simulateHalfDuplex } = await load(undefined);
    const grounds = HUNTED_ECHOES.map(({ ground }) => ground);
    expect(grounds.flatMap((ground) => [0, 1].flatMap((seed) => simulateHalfDuplex(seed, ground)))).toEqual([]);
  });
});
