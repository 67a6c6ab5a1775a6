import { describe, expect, it } from "vitest";
import { hunt } from "./mutants/hunt.js";
import { SERVER_MUTANTS } from "./mutants/server-mutants.js";

const MAX_SEEDS = 300;

describe("the simulation tells a wrong server from the right one", () => {
  it.each(SERVER_MUTANTS)("$name", async (mutant) => {
    const { killedBy } = await hunt(mutant, MAX_SEEDS);
    expect(killedBy).toBeDefined();
  });
});
