import type { AudioStreamError } from "../errors.js";
import type { Random } from "../internal/random.js";
import { Backoff } from "./backoff.js";
import type { RetryOptions } from "./session-options.js";

/** How a connection was lost, as far as it matters for the next one. */
export interface Failure {
  readonly error: AudioStreamError;
  /** The server was there and closed. */
  readonly refusedByServer: boolean;
  /** What the server asked for, in milliseconds. */
  readonly retryAfterMs: number | undefined;
}

export interface Retry {
  /** Failures in a row, this one included. */
  readonly attempt: number;
  readonly delayMs: number;
  /** Whether good news about the network may shorten the wait; what the server asked for is never shortened. */
  readonly hurriable: boolean;
}

/** A connection that has lasted this long ends the row of failures. */
const STABLE_MS = 5_000;
/** A planned move to another connection starts within this time after the server asked for it. */
const ROLLOVER_SPREAD_MS = 1_000;

/** Decides when to connect again, and when to give up. */
export class Reconnector {
  readonly #options: RetryOptions | undefined;
  readonly #random: Random;
  readonly #backoff: Backoff;
  #failures = 0;
  #outageSince: number | undefined;
  #liveSince: number | undefined;

  /** @param options `undefined`: the first failure is the last. */
  constructor(options: RetryOptions | undefined, random: Random) {
    this.#options = options;
    this.#random = random;
    this.#backoff = new Backoff(options ?? { initialDelayMs: 0, maxDelayMs: 0, factor: 1, jitterRatio: 0 }, random);
  }

  /** Failures in a row so far. */
  get failures(): number {
    return this.#failures;
  }

  /** When a connection that holds has lasted long enough, if that is still to come. */
  get stableAt(): number | undefined {
    return this.#liveSince === undefined ? undefined : this.#liveSince + STABLE_MS;
  }

  connecting(now: number): void {
    this.#outageSince ??= now;
    this.#backoff.spend(now);
  }

  /** @returns how long the outage was, in milliseconds. */
  connected(now: number): number {
    const downtimeMs = now - (this.#outageSince ?? now);
    this.#outageSince = undefined;
    this.#liveSince = now;
    return downtimeMs;
  }

  check(now: number): void {
    if (this.stableAt === undefined || now < this.stableAt) return;
    this.#liveSince = undefined;
    this.#failures = 0;
    this.#backoff.reset();
  }

  /** The connection is gone, and it is nobody's fault. */
  left(now: number): void {
    this.#outageSince ??= now;
    this.#liveSince = undefined;
  }

  /** @returns when to try again, or `undefined` to give up. */
  failed(failure: Failure, now: number): Retry | undefined {
    this.left(now);
    this.#failures += 1;
    const attempt = this.#failures;
    const elapsedMs = now - (this.#outageSince ?? now);
    const options = this.#options;
    if (options === undefined || attempt > options.maxAttempts || elapsedMs >= options.maxElapsedMs) return undefined;
    const delay = options.policy
      ? options.policy({ attempt, elapsedMs, error: failure.error })
      : this.#backoff.delayMs({ attempt, ...failure }, now);
    if (delay === null) return undefined;
    return {
      attempt,
      delayMs: Math.max(0, Math.min(delay, options.maxElapsedMs - elapsedMs)),
      hurriable: !failure.refusedByServer && failure.retryAfterMs === undefined,
    };
  }

  /** How long a planned move takes at least, so that a server which sends everyone away is not hammered. */
  plannedDelayMs(askedMs: number, now: number): number {
    return Math.max(askedMs + this.#random() * ROLLOVER_SPREAD_MS, this.#backoff.budgetDelayMs(now));
  }

  /** The earliest time for the next attempt when the network is said to be back. */
  soon(now: number): number {
    const spread = this.#random() * (this.#options?.initialDelayMs ?? 0);
    return now + Math.max(spread, this.#backoff.budgetDelayMs(now));
  }
}
