import { describe, expect, it } from "vitest";
import { patch } from "../support/planted-bug.js";
import { hunt } from "./mutants/hunt.js";
import { SERVER_MUTANTS } from "./mutants/server-mutants.js";

const MAX_SEEDS = 400;

describe("the simulation tells a wrong server from the right one", () => {
  it.each(SERVER_MUTANTS.map((mutant) => [mutant.name, mutant] as const))("%s", async (_, mutant) => {
    const { killedBy } = await hunt(mutant, MAX_SEEDS);
    expect(killedBy).toBeDefined();
  });
});

describe("a planted bug", () => {
  const bug = { name: "A bug.", file: "a.ts", find: "right", replace: "wrong" };

  it("replaces the one place it is meant for", () => {
    expect(patch("all is right here", bug)).toBe("all is wrong here");
  });

  it("fails where its place has gone or is no longer one", () => {
    expect(() => patch("all is well here", bug)).toThrow("occurs 0 times");
    expect(() => patch("right is right", bug)).toThrow("occurs 2 times");
  });
});
