import { CloseCode } from "loquilex/protocol";
import type { Clock, Scope } from "loquilex/resources";
import type { Log } from "../logging/log.js";
import type { Refusal } from "../protocol/opening-judge.js";

const LOOK_MS = 250;
/** So many looks in a row have to contradict what was found before: one that is late says only that this process slept. */
const LOOKS = 4;

const TOO_BUSY: Refusal = {
  code: CloseCode.overloaded,
  error: "overloaded",
  detail: "The server is too busy to take another session.",
  retryAfterMs: 5_000,
};

export interface OverloadWatchOptions {
  /** How late timers may be in milliseconds; 0 for no watch. */
  readonly maxDelayMs: number;
  readonly logger: Log;
  readonly clock: Clock;
  readonly scope: Scope;
}

/**
 * Watches whether this process keeps up with its work. If it does not, those who have a session would all wait longer and
 * longer; so whoever wants another one is told to come back later.
 */
export class OverloadWatch {
  readonly #options: OverloadWatchOptions;
  #isBusy = false;
  /** Looks in a row that have contradicted {@link #isBusy}. */
  #contradictions = 0;

  constructor(options: OverloadWatchOptions) {
    this.#options = options;
    if (options.maxDelayMs > 0) this.#lookLater();
  }

  /** Why no new session can begin. */
  get refusal(): Refusal | undefined {
    return this.#isBusy ? TOO_BUSY : undefined;
  }

  #lookLater(): void {
    const { clock, scope } = this.#options;
    const dueAt = clock.now() + LOOK_MS;
    scope.timeout(LOOK_MS, () => this.#look(clock.now() - dueAt), "look at the event loop's delay");
  }

  #look(lateMs: number): void {
    const { maxDelayMs, logger } = this.#options;
    const isLate = lateMs > maxDelayMs;
    this.#contradictions = isLate === this.#isBusy ? 0 : this.#contradictions + 1;
    if (this.#contradictions === LOOKS) {
      this.#contradictions = 0;
      this.#isBusy = isLate;
      const sentence = isLate
        ? "The server is behind with its work: no new session is taken until it has caught up, see LX_MAX_DELAY_MS."
        : "The server keeps up with its work again; new sessions are taken.";
      logger[isLate ? "warn" : "info"]({ delayMs: Math.round(lateMs), maxDelayMs }, sentence);
    }
    this.#lookLater();
  }
}
