/** Time and timers, injected so that tests own them. */
export interface Clock {
  /** Milliseconds on the `performance.now()` clock. */
  now(): number;
  /** Calls back once, and returns what cancels it. */
  schedule(delayMs: number, callback: () => void): () => void;
}

/** The clock and the timers of the platform. */
export const systemClock: Clock = {
  now: () => performance.now(),
  schedule(delayMs, callback) {
    const handle = setTimeout(callback, delayMs);
    return () => clearTimeout(handle);
  },
};
