import type { ChromiumPage } from "./chromium-page.js";

export interface AbortCyclesOptions {
  /** Of the server. */
  readonly url: string;
  readonly count: number;
  /** Of the moments. */
  readonly seed: number;
  /** Options of each stream that can go to the page. */
  readonly stream?: object;
}

/** All times in milliseconds, shortest first. */
export interface AbortCycles {
  /** How many were aborted in each state. */
  readonly states: Record<string, number>;
  /** Tracks that were live when `abort()` had returned. */
  readonly liveAfterAbort: number;
  /** The call of `abort()` itself. */
  readonly abortMs: readonly number[];
  /** From the call until `closed` was resolved. */
  readonly closedMs: readonly number[];
  /** From the call until nothing was open any more. */
  readonly releaseMs: readonly number[];
  /** How late the page's timers were meanwhile, because the machine was busy with other things. */
  readonly lateMs: readonly number[];
}

/** Starts streams and aborts them at random moments, one after the other, inside a page that has the global `sdk`. */
export function abortAtRandomMoments({ page }: ChromiumPage, options: AbortCyclesOptions): Promise<AbortCycles> {
  return page.evaluate(async ({ url, count, seed, stream: streamOptions = {} }) => {
    let state = seed;
    const random = (): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
    const states: Record<string, number> = {};
    const abortMs: number[] = [];
    const closedMs: number[] = [];
    const releaseMs: number[] = [];
    const lateMs: number[] = [];
    let liveAfterAbort = 0;
    for (let index = 0; index < count; index++) {
      const stream = sdk.createMicrophoneStream(url, streamOptions);
      const started = stream.start();
      started.catch(() => {});
      const moment = random();
      // At once, within the first tasks, at any moment of opening, or once it streams.
      if (moment > 0.95) await started;
      else if (moment > 0.2) await sleep(random() * 70);
      else if (moment > 0.1) await Promise.resolve();
      states[stream.state] = (states[stream.state] ?? 0) + 1;
      const abortedAt = performance.now();
      stream.abort();
      abortMs.push(performance.now() - abortedAt);
      liveAfterAbort += liveResources().tracks;
      await stream.closed;
      closedMs.push(performance.now() - abortedAt);
      while (liveResources().made.length > 0) await sleep(1);
      releaseMs.push(performance.now() - abortedAt);
      const sleptAt = performance.now();
      await sleep(5);
      lateMs.push(performance.now() - sleptAt - 5);
    }
    for (const times of [abortMs, closedMs, releaseMs, lateMs]) times.sort((a, b) => a - b);
    return { states, liveAfterAbort, abortMs, closedMs, releaseMs, lateMs };
  }, options);
}
