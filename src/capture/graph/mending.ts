import type { AudioStreamError } from "../../errors.js";
import { systemClock } from "../../internal/clock.js";
import type { Scope } from "../../internal/scope.js";
import { afterWakingTime } from "../../internal/waking-time.js";
import { mendingFailed } from "../media-errors.js";

/** What is waited before each attempt in a row, in milliseconds; the last for all further ones. */
const DELAYS_MS = [0, 1_000, 2_000, 5_000] as const;
/** What was heard for so long counts as well again, so that the next attempt is the first in a row. */
const WELL_AFTER_MS = 10_000;

/** What a {@link Mending} is made with. */
export interface MendingParts {
  readonly scope: Scope;
  /** How long it is tried, in milliseconds of the page being awake; 0: once. */
  readonly limitMs: number;
  /** Whether time counts at the moment: not while nothing could be heard anyway. */
  counts(): boolean;
  mend(): void;
  /** Nothing was heard within the limit. */
  onFailed(error: AudioStreamError): void;
}

/**
 * Decides when what delivers nothing is mended again, and when to give up: at once for the first time, then later and
 * later, until something is really heard or the time is over.
 */
export class Mending {
  readonly #parts: MendingParts;
  /** From the first need to the first sound. */
  #episode: Scope | undefined;
  #attempts = 0;
  #waiting = false;
  #heardAt = Number.NEGATIVE_INFINITY;
  /** Why the last attempt failed, as far as that is known. */
  #cause: unknown;

  constructor(parts: MendingParts) {
    this.#parts = parts;
  }

  /**
   * Nothing is delivered, or the last attempt has failed.
   * @param cause why, as far as that is known.
   */
  needed(cause?: unknown): void {
    this.#cause = cause;
    if (this.#episode !== undefined && this.#parts.limitMs === 0 && this.#attempts > 0) {
      this.#giveUp();
      return;
    }
    this.#episode ??= this.#begin();
    if (this.#waiting) return;
    const delayMs = DELAYS_MS[Math.min(this.#attempts, DELAYS_MS.length - 1)] ?? 0;
    this.#attempts += 1;
    if (delayMs === 0) {
      this.#parts.mend();
      return;
    }
    this.#waiting = true;
    this.#episode.timeout(
      delayMs,
      () => {
        this.#waiting = false;
        this.#parts.mend();
      },
      "wait before mending",
    );
  }

  /** Something was heard. */
  heard(): void {
    if (this.#episode === undefined) return;
    void this.#episode.dispose();
    this.#episode = undefined;
    this.#waiting = false;
    this.#heardAt = systemClock.now();
  }

  #begin(): Scope {
    const { scope, limitMs, counts } = this.#parts;
    if (systemClock.now() - this.#heardAt > WELL_AFTER_MS) this.#attempts = 0;
    const episode = scope.child("mending");
    if (limitMs > 0) afterWakingTime(episode, limitMs, () => this.#giveUp(), { resource: "mending limit", counts });
    return episode;
  }

  #giveUp(): void {
    this.#parts.onFailed(mendingFailed(this.#parts.limitMs, this.#cause));
  }
}
