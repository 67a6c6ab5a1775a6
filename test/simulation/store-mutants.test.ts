import { describe, expect, it } from "vitest";
import { importWith } from "../support/planted-bug.js";
import { compileLua } from "./cluster/lua.js";
import type * as Cluster from "./cluster/simulate-cluster.js";
import { STORE_MUTANTS } from "./mutants/store-mutants.js";

const MAX_SEEDS = 200;
/** Each takes seconds: all of them have a command of their own. */
const HUNTED = process.env.LX_STORE_BUGS === "all" ? STORE_MUTANTS : STORE_MUTANTS.slice(0, 2);

describe("the simulation of a cluster tells a wrong store from the right one", () => {
  it.each(HUNTED.map((mutant) => [mutant.name, mutant] as const))("%s", async (_, mutant) => {
    const cluster = await importWith<typeof Cluster>(mutant, "test/simulation/cluster/simulate-cluster.ts");
    const { failure } = await cluster.simulateClusters(1, MAX_SEEDS, compileLua, mutant.ground);
    expect(failure).toBeDefined();
  });
});
