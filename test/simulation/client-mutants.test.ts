import { describe, expect, it } from "vitest";
import { CLIENT_MUTANTS } from "./mutants/client-mutants.js";
import { hunt } from "./mutants/hunt.js";

const MAX_SEEDS = 300;

describe("the simulation tells a wrong client from the right one", () => {
  it.each(CLIENT_MUTANTS)("$name", async (mutant) => {
    const { killedBy } = await hunt(mutant, MAX_SEEDS);
    expect(killedBy).toBeDefined();
  });
});
