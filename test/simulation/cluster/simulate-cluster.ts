import { type ClusterVerdict, judgeCluster } from "./cluster-verdict.js";
import { type ClusterGround, ClusterWorld } from "./cluster-world.js";
import type { Compile } from "./simulated-redis.js";

export interface ClusterTotals {
  seeds: number;
  faults: number;
  frames: number;
  takeovers: number;
  lostSamples: number;
  duplicatedMessages: number;
}

/** One run, wholly determined by its seed. An error thrown by a check inside the run counts as its problem. */
export async function simulateCluster(
  seed: number,
  compile: Compile,
  ground: ClusterGround = {},
): Promise<{ verdict: ClusterVerdict; log: readonly string[] }> {
  const { stackTraceLimit } = Error;
  // Every command that is lost makes an error, whose stack nobody reads.
  Error.stackTraceLimit = 0;
  try {
    const world = new ClusterWorld(seed, compile, ground);
    const foul = await world.run().then(
      () => undefined,
      (error: unknown) => error,
    );
    const verdict = judgeCluster(world, seed);
    return { verdict: foul === undefined ? verdict : { ...verdict, problems: [String(foul)] }, log: world.log };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Runs `count` seeds from `first` on and stops at the first that breaks a promise. */
export async function simulateClusters(
  first: number,
  count: number,
  compile: Compile,
  ground?: ClusterGround,
): Promise<{ totals: ClusterTotals; failure: ClusterVerdict | undefined }> {
  const totals = { seeds: 0, faults: 0, frames: 0, takeovers: 0, lostSamples: 0, duplicatedMessages: 0 };
  for (let seed = first; seed < first + count; seed += 1) {
    const { verdict } = await simulateCluster(seed, compile, ground);
    totals.seeds += 1;
    totals.faults += verdict.faults;
    totals.frames += verdict.frames;
    totals.takeovers += verdict.takeovers;
    totals.lostSamples += verdict.lostSamples;
    totals.duplicatedMessages += verdict.duplicatedMessages;
    if (verdict.problems.length > 0) return { totals, failure: verdict };
  }
  return { totals, failure: undefined };
}
