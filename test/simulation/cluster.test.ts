import { expect, it } from "vitest";
import { compileLua } from "./cluster/lua.js";
import { simulateCluster, simulateClusters } from "./cluster/simulate-cluster.js";

/** A longer run has a command of its own. */
const SEEDS = Number(process.env.LX_CLUSTER_SEEDS ?? 20);
const FIRST = Number(process.env.LX_CLUSTER_FIRST ?? 1);

/** On a machine that is busy with other things. */
const SEED_MS = 2_000;

it("a session that goes from node to node loses nothing and repeats nothing, whatever becomes of nodes and store", {
  timeout: 60_000 + SEED_MS * SEEDS,
}, async () => {
  const { totals, failure } = await simulateClusters(FIRST, SEEDS, compileLua);
  const { seeds, faults, frames, takeovers, lostSamples, duplicatedMessages } = totals;
  console.log(
    `seeds ${seeds}, faults ${faults}, frames ${frames}, takeovers ${takeovers}, lost ${lostSamples}, duplicated ${duplicatedMessages}`,
  );
  expect(failure).toBeUndefined();
  expect(takeovers).toBeGreaterThan(0);
});

it("such a run is replayed by its seed, word for word", async () => {
  expect(await simulateCluster(17, compileLua)).toEqual(await simulateCluster(17, compileLua));
});
