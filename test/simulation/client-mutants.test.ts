import { describe, expect, it } from "vitest";
import { CLIENT_MUTANTS } from "./mutants/client-mutants.js";
import { hunt } from "./mutants/hunt.js";

const MAX_SEEDS = 400;

describe("the simulation tells a wrong client from the right one", () => {
  it.each(CLIENT_MUTANTS.map((mutant) => [mutant.name, mutant] as const))("%s", async (_, mutant) => {
    const { killedBy } = await hunt(mutant, MAX_SEEDS);
    expect(killedBy).toBeDefined();
  });

  it("finds nothing wrong where nothing is", async () => {
    expect(await hunt(undefined, MAX_SEEDS)).toEqual({ killedBy: undefined, seeds: MAX_SEEDS });
  });
});
