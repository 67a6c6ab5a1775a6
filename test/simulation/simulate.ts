import type { Conditions, Kind } from "./conditions.js";
import { judge, type Mark, type Verdict } from "./verdict.js";
import { World } from "./world.js";

export interface Totals {
  seeds: number;
  faults: number;
  frames: number;
  lostSamples: number;
  duplicatedMessages: number;
  /** What some of the runs came to, without repetitions. */
  marks: readonly Mark[];
}

export const NOTHING: Readonly<Totals> = {
  seeds: 0,
  faults: 0,
  frames: 0,
  lostSamples: 0,
  duplicatedMessages: 0,
  marks: [],
};

/**
 * One run, wholly determined by its seed. An error thrown by a check inside the run counts as its problem.
 * @param kind replaces the kind of trouble that the seed would draw.
 * @param fixed replaces some of the conditions that it would draw.
 */
export function simulate(
  seed: number,
  kind?: Kind,
  fixed?: Partial<Conditions>,
): { verdict: Verdict; log: readonly string[] } {
  const { stackTraceLimit } = Error;
  // Every lost connection makes an error, whose stack nobody reads and which costs a twentieth of the time.
  Error.stackTraceLimit = 0;
  try {
    const world = new World(seed, kind, fixed);
    const foul = runOf(world);
    return { verdict: foul === undefined ? judge(world, seed) : verdictOn(foul, world, seed), log: world.log };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** Where in the code a run breaks, for one that has been seen to break. */
export function traceOf(seed: number, kind?: Kind): string | undefined {
  const foul = runOf(new World(seed, kind));
  return foul instanceof Error ? foul.stack : undefined;
}

function runOf(world: World): unknown {
  try {
    world.run();
    return undefined;
  } catch (error) {
    return error;
  }
}

const verdictOn = (foul: unknown, { faultsInjected, client }: World, seed: number): Verdict => ({
  seed,
  faults: faultsInjected,
  frames: client.session.stats.framesCaptured,
  lostSamples: 0,
  duplicatedMessages: 0,
  marks: [],
  problems: [String(foul)],
});

/** Runs `count` seeds from `first` on and stops at the first that breaks a promise. */
export function simulateMany(
  first: number,
  count: number,
  kind?: Kind,
): { totals: Totals; failure: Verdict | undefined } {
  const totals = { ...NOTHING };
  for (let seed = first; seed < first + count; seed += 1) {
    const { verdict } = simulate(seed, kind);
    add(totals, { ...verdict, seeds: 1 });
    if (verdict.problems.length > 0) return { totals, failure: verdict };
  }
  return { totals, failure: undefined };
}

export function add(totals: Totals, more: Readonly<Totals>): void {
  totals.seeds += more.seeds;
  totals.faults += more.faults;
  totals.frames += more.frames;
  totals.lostSamples += more.lostSamples;
  totals.duplicatedMessages += more.duplicatedMessages;
  totals.marks = [...new Set([...totals.marks, ...more.marks])];
}
