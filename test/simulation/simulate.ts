import { judge, type Verdict } from "./verdict.js";
import { World } from "./world.js";

export interface Totals {
  seeds: number;
  faults: number;
  frames: number;
  lostSamples: number;
  duplicatedEvents: number;
}

/** One run, wholly determined by its seed. An error thrown by a check inside the run counts as its problem. */
export function simulate(seed: number): { verdict: Verdict; log: readonly string[] } {
  const world = new World(seed);
  let crash: string | undefined;
  try {
    world.run(world.rng.between(3_000, 20_000), world.rng.between(0.5, 12));
  } catch (error) {
    crash = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const verdict = judge(world, seed);
  const problems = crash === undefined ? verdict.problems : [crash];
  return { verdict: { ...verdict, problems }, log: world.log };
}

/** Runs `count` seeds from `first` on and stops at the first that breaks a promise. */
export function simulateMany(first: number, count: number): { totals: Totals; failure: Verdict | undefined } {
  const totals: Totals = { seeds: 0, faults: 0, frames: 0, lostSamples: 0, duplicatedEvents: 0 };
  for (let seed = first; seed < first + count; seed += 1) {
    const { verdict } = simulate(seed);
    totals.seeds += 1;
    totals.faults += verdict.faults;
    totals.frames += verdict.frames;
    totals.lostSamples += verdict.lostSamples;
    totals.duplicatedEvents += verdict.duplicatedEvents;
    if (verdict.problems.length > 0) return { totals, failure: verdict };
  }
  return { totals, failure: undefined };
}
