import type { Random } from "../../internal/random.js";

export interface BackoffOptions {
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  readonly factor: number;
  /** Share of each delay that is drawn at random, 0 to 1. */
  readonly jitterRatio: number;
}

/**
 * Who ended a connection. `here`: this end could not make it, or gave it up, mostly on a bad link of its own. `there`: it
 * ended from outside, which may have hit every client of the server at once. `server`: the server said so with a code: it is
 * there, and hammering it makes things worse.
 */
export type EndedBy = "here" | "there" | "server";

export interface FailedAttempt {
  /** Failures in a row, this one included. */
  readonly attempt: number;
  readonly endedBy: EndedBy;
  /** What the server asked for. */
  readonly retryAfterMs: number | undefined;
}

/** Chromium slows a page's connections after some fifteen failures in a row, so no more than this are spent. */
const MAX_ATTEMPTS_PER_WINDOW = 10;
const WINDOW_MS = 120_000;
/** First wait after a server that accepts and closes; doubles with every further one. */
const REFUSED_FLOOR_MS = 1_250;
/** Clients that lost one server together come back within this time at least, so that no moment gets too many of them. */
const CROWD_SPREAD_MS = 750;

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
  delayMs({ attempt, endedBy, retryAfterMs }: FailedAttempt, now: number): number {
    const { initialDelayMs, maxDelayMs, factor, jitterRatio } = this.#options;
    const ceiling = Math.min(maxDelayMs, initialDelayMs * factor ** (attempt - 1));
    const spread = endedBy === "here" ? ceiling : Math.min(maxDelayMs, Math.max(ceiling, CROWD_SPREAD_MS));
    // Half of the longest delay stays free for the spread, which must not vanish as the floor grows.
    const floor = endedBy === "server" ? Math.min(maxDelayMs / 2, REFUSED_FLOOR_MS * 2 ** (attempt - 1)) : 0;
    const room = maxDelayMs - floor;
    const fixed = (1 - jitterRatio) * Math.min(ceiling, room);
    const drawn = jitterRatio * Math.min(spread, room) * this.#random();
    const asked =
      retryAfterMs === undefined ? 0 : retryAfterMs + this.#random() * Math.max(initialDelayMs, CROWD_SPREAD_MS);
    return Math.max(floor + fixed + drawn, asked, this.budgetDelayMs(now));
  }

  /** Milliseconds until the budget allows an attempt. */
  budgetDelayMs(now: number): number {
    const oldest = this.#attempts[0];
    if (oldest === undefined || this.#attempts.length < MAX_ATTEMPTS_PER_WINDOW) return 0;
    return Math.max(0, oldest + WINDOW_MS - now);
  }
}
