import type { Random } from "../internal/random.js";

export interface BackoffOptions {
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  readonly factor: number;
  /** Share of each delay that is drawn at random, 0 to 1. */
  readonly jitterRatio: number;
}

export interface FailedAttempt {
  /** Failures in a row, this one included. */
  readonly attempt: number;
  /** The server took the connection and then ended it: it is there, and hammering it makes things worse. */
  readonly refusedByServer: boolean;
  /** What the server asked for. */
  readonly retryAfterMs: number | undefined;
}

/** Chromium slows a page's connections after some fifteen failures in a row, so no more than this are spent. */
const MAX_ATTEMPTS_PER_WINDOW = 10;
const WINDOW_MS = 120_000;
/** First wait after a server that accepts and closes; doubles with every further one. */
const REFUSED_FLOOR_MS = 1_250;

/**
 * Exponential backoff with full jitter (the delay is drawn from the whole interval, so that clients which lost the same
 * server do not come back together), within a budget of attempts.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: Random;
  #attempts: number[] = [];

  constructor(options: BackoffOptions, random: Random) {
    this.#options = options;
    this.#random = random;
  }

  /** Counts an attempt against the budget. */
  spend(now: number): void {
    this.#attempts.push(now);
    if (this.#attempts.length > MAX_ATTEMPTS_PER_WINDOW) this.#attempts.shift();
  }

  /** A stable connection gives the budget back. */
  reset(): void {
    this.#attempts = [];
  }

  /** Milliseconds to wait before the next attempt. */
  delayMs(failure: FailedAttempt, now: number): number {
    const { initialDelayMs, maxDelayMs, factor, jitterRatio } = this.#options;
    const ceiling = Math.min(maxDelayMs, initialDelayMs * factor ** (failure.attempt - 1));
    const jittered = ceiling * (1 - jitterRatio + jitterRatio * this.#random());
    const floor = failure.refusedByServer ? Math.min(maxDelayMs, REFUSED_FLOOR_MS * 2 ** (failure.attempt - 1)) : 0;
    const asked = failure.retryAfterMs === undefined ? 0 : failure.retryAfterMs + this.#random() * initialDelayMs;
    return Math.max(jittered + floor, asked, this.budgetDelayMs(now));
  }

  /** Milliseconds until the budget allows an attempt. */
  budgetDelayMs(now: number): number {
    const oldest = this.#attempts[0];
    if (oldest === undefined || this.#attempts.length < MAX_ATTEMPTS_PER_WINDOW) return 0;
    return Math.max(0, oldest + WINDOW_MS - now);
  }
}
