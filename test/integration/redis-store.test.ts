import { expect, it } from "vitest";
import { Rng } from "../simulation/rng.js";
import { ClusterScene } from "../support/cluster-scene.js";

/** A longer run has a command of its own. */
const STREAMS = Number(process.env.LX_CLUSTER_STREAMS ?? 4);
const ROUNDS = Number(process.env.LX_CLUSTER_ROUNDS ?? 0);
const SEED = Number(process.env.LX_CLUSTER_SEED ?? 71);

it("streams go on with another node when theirs is killed, and with the same one when Redis was away: nothing is lost, repeated or captioned twice", {
  timeout: 120_000 + 60_000 * ROUNDS,
}, async () => {
  await using scene = await ClusterScene.start({ streams: STREAMS });
  const { cluster } = scene;
  await scene.losesRedis("pause");
  await scene.losesRedis("kill");
  await scene.losesNode(0);
  await cluster.restart(0);
  await scene.losesNode(1);
  expect(scene.takeoversMs.length).toBeGreaterThanOrEqual(STREAMS);

  const rng = new Rng(SEED);
  let victim = 1;
  for (let round = 0; round < ROUNDS; round += 1) {
    await cluster.restart(victim);
    await scene.further(rng.between(0, 3_000));
    const trouble = rng.pick(["pause", "kill", "partition", "node", "node", "node"] as const);
    if (trouble === "node") {
      victim = rng.chance(0.5) ? 0 : 1;
      await scene.losesNode(victim);
    } else if (trouble === "partition") {
      const cutOff = rng.chance(0.3) ? [0, 1] : [rng.chance(0.5) ? 0 : 1];
      await scene.partitions(...cutOff);
      // With nobody to go to, the streams stay.
      if (cutOff.length === 1 && rng.chance(0.7)) await scene.loseTheirConnections(await scene.unacknowledged());
      await scene.further(rng.between(0, 4_000));
      await scene.heals();
    } else await scene.losesRedis(trouble);
  }
  await scene.endsWell(`Seed ${SEED}`);
});
