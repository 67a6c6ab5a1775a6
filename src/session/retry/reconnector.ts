import type { AudioStreamError } from "../../errors.js";
import type { Random } from "../../internal/random.js";
import type { RetryOptions } from "../session-options.js";
import type { Moment } from "../session-time.js";
import { Backoff, type EndedBy } from "./backoff.js";

/** How a connection was lost, as far as it matters for the next one. */
export interface Failure {
  readonly error: AudioStreamError;
  readonly endedBy: EndedBy;
  /** What the server asked for, in milliseconds. */
  readonly retryAfterMs: number | undefined;
}

export interface Retry {
  readonly type: "retry";
  /** Failures in a row, this one included. */
  readonly attempt: number;
  readonly delayMs: number;
  /** Whether good news about the network may shorten the wait; what the server asked for is never shortened. */
  readonly hurriable: boolean;
}

export interface GiveUp {
  readonly type: "give-up";
  /** What the server asked for, if that alone was too long. */
  readonly tooLongMs: number | undefined;
}

/** A connection that has lasted this long, and was of use, ends the row of failures. */
const STABLE_MS = 5_000;
/** A planned move to another connection starts within this time after the server asked for it. */
const ROLLOVER_SPREAD_MS = 1_000;
/** A server that sends its client away sooner than this, having done so before, is not planning but failing. */
const SETTLED_MS = 15_000;
/** How long a server may ask a stream without retries to stay away. */
const ROLLOVER_LIMIT_MS = 60_000;
/** Whoever slept so long has come back, and starts with a fresh budget. */
const RETURN_MS = 10_000;

/** Decides when to connect again, and when to give up. */
export class Reconnector {
  readonly #options: RetryOptions | undefined;
  readonly #random: Random;
  readonly #backoff: Backoff;
  #failures = 0;
  #lastError: AudioStreamError | undefined;
  /** Since when there is no connection, by the wall. */
  #downSince: number | undefined;
  /** Since when no connection was of use, in time awake. */
  #outageSince: number | undefined;
  #liveSince: number | undefined;
  /** The connection has lasted {@link STABLE_MS}, whatever came of it. */
  #lasted = false;
  /** The server has acknowledged audio on the connection. */
  #wasOfUse = false;
  /** Times in a row that the server has sent its client away, each soon after the last. */
  #moves = 0;
  #sleptThrough = false;

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

  /** Why there is no connection; `undefined` while there is one, and before anything has failed. */
  get lastError(): AudioStreamError | undefined {
    return this.#lastError;
  }

  /** When a connection that holds has lasted long enough, if that is still to come, in time awake. */
  get stableAt(): number | undefined {
    return this.#liveSince === undefined || this.#lasted ? undefined : this.#liveSince + STABLE_MS;
  }

  connecting(now: Moment): void {
    this.#downSince ??= now.wall;
    this.#outageSince ??= now.awake;
    this.#backoff.spend(now.wall);
  }

  /** @returns how long the outage was, in milliseconds. */
  connected(now: Moment): number {
    const downtimeMs = now.wall - (this.#downSince ?? now.wall);
    this.#downSince = undefined;
    this.#liveSince = now.awake;
    this.#lastError = undefined;
    return downtimeMs;
  }

  /** The server has acknowledged more audio: the connection is of use. */
  progressed(now: Moment): void {
    this.#outageSince = undefined;
    this.#wasOfUse = true;
    this.check(now, false);
  }

  /**
   * A connection that carries audio is of use once some of it is acknowledged.
   * @param isQuiet whether no acknowledgement is owed.
   */
  check(now: Moment, isQuiet: boolean): void {
    if (this.#liveSince === undefined || now.awake < this.#liveSince + STABLE_MS) return;
    this.#lasted = true;
    if (!this.#wasOfUse && !isQuiet) return;
    this.#failures = 0;
    this.#outageSince = undefined;
    this.#sleptThrough = false;
    this.#backoff.reset();
  }

  /** The connection is gone, and it is nobody's fault. */
  left(now: Moment): void {
    this.#downSince ??= now.wall;
    this.#outageSince ??= now.awake;
    if (this.#livedMs(now) >= SETTLED_MS) this.#moves = 0;
    this.#liveSince = undefined;
    this.#lasted = false;
    this.#wasOfUse = false;
  }

  /** The page is back from where it could do nothing: what was before does not count. */
  returned(now: Moment): void {
    this.#failures = 0;
    this.#outageSince = now.awake;
    this.#backoff.reset();
  }

  /** Nobody could act for so long. A page whose every timer is late does not get a fresh budget each time. */
  stalled(stalledMs: number, now: Moment): void {
    if (stalledMs < RETURN_MS || this.#outageSince === undefined || this.#sleptThrough) return;
    this.#sleptThrough = true;
    this.returned(now);
  }

  /** @returns when to try again, or that this was the last time. */
  failed(failure: Failure, now: Moment): Retry | GiveUp {
    this.left(now);
    this.#lastError = failure.error;
    this.#failures += 1;
    const attempt = this.#failures;
    const elapsedMs = now.awake - (this.#outageSince ?? now.awake);
    const { retryAfterMs } = failure;
    const options = this.#options;
    if (options === undefined) return { type: "give-up", tooLongMs: undefined };
    const hurriable = failure.endedBy !== "server" && retryAfterMs === undefined;
    if (options.policy !== undefined) {
      const delay = options.policy({ attempt, elapsedMs, error: failure.error, retryAfterMs });
      if (delay === null) return { type: "give-up", tooLongMs: undefined };
      return { type: "retry", attempt, delayMs: Math.max(0, delay), hurriable };
    }
    const leftMs = options.maxElapsedMs - elapsedMs;
    if (attempt > options.maxAttempts || leftMs <= 0) return { type: "give-up", tooLongMs: undefined };
    if (retryAfterMs !== undefined && retryAfterMs > leftMs) return { type: "give-up", tooLongMs: retryAfterMs };
    const delayMs = Math.min(this.#backoff.delayMs({ attempt, ...failure }, now.wall), leftMs);
    return { type: "retry", attempt, delayMs, hurriable };
  }

  /** The server sends its client away. That costs nothing once; one that does it again and again is failing. */
  sentAway(error: AudioStreamError, askedMs: number, now: Moment): Retry | GiveUp {
    this.left(now);
    this.#moves += 1;
    if (this.#moves > 1) {
      this.#failures = Math.max(this.#failures, this.#moves - 2);
      return this.failed({ error, endedBy: "server", retryAfterMs: askedMs }, now);
    }
    const elapsedMs = now.awake - (this.#outageSince ?? now.awake);
    const leftMs = (this.#options?.maxElapsedMs ?? ROLLOVER_LIMIT_MS) - elapsedMs;
    if (askedMs > leftMs && this.#options?.policy === undefined) return { type: "give-up", tooLongMs: askedMs };
    const delayMs = Math.max(askedMs + this.#random() * ROLLOVER_SPREAD_MS, this.#backoff.budgetDelayMs(now.wall));
    return { type: "retry", attempt: this.#failures + 1, delayMs, hurriable: false };
  }

  /** The earliest time for the next attempt when the network is said to be back, or a person wants it, by the wall. */
  soon(now: Moment, urgent: boolean): number {
    const spread = urgent ? 0 : this.#random() * (this.#options?.initialDelayMs ?? 0);
    return now.wall + Math.max(spread, this.#backoff.budgetDelayMs(now.wall));
  }

  #livedMs(now: Moment): number {
    return this.#liveSince === undefined ? 0 : now.awake - this.#liveSince;
  }
}
