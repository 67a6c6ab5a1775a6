import { type Clock, deferred, type Registration, type Scope } from "loquilex/resources";

export interface SharedTurnOptions {
  /** The least time between two turns, in milliseconds. */
  readonly intervalMs: number;
  readonly clock: Clock;
  readonly scope: Scope;
}

/** Lets all who wait go on at the same time, so that what they do can be done in one go. */
export class SharedTurn {
  readonly #options: SharedTurnOptions;
  #lastAt = Number.NEGATIVE_INFINITY;
  #waiting: (() => void)[] = [];
  /** Starts the next turn. */
  #timer: Registration | undefined;
  #ending: Registration | undefined;

  constructor(options: SharedTurnOptions) {
    this.#options = options;
  }

  /** Resolves at the next turn, as {@link onNext} has it. */
  next(): Promise<void> {
    const next = deferred<void>();
    this.onNext(next.resolve);
    return next.promise;
  }

  /**
   * Calls `act`, which must not throw, at the next turn: inside the call if the last one was long enough ago or the scope
   * has ended. A promise for each of thousands would cost more than what most of them do then.
   */
  onNext(act: () => void): void {
    if (this.#waiting.length === 0 && !this.#isLater()) act();
    else this.#waiting.push(act);
  }

  /** @returns whether the next turn is later, for which there is a timer then. */
  #isLater(): boolean {
    const { intervalMs, clock, scope } = this.#options;
    const now = clock.now();
    const waitMs = this.#lastAt + intervalMs - now;
    if (waitMs <= 0 || scope.disposed) {
      this.#lastAt = now;
      return false;
    }
    this.#ending = scope.defer("wait for a turn", () => this.#take());
    this.#timer = scope.timeout(waitMs, () => this.#take(), "next turn");
    return true;
  }

  /**
   * Takes the next turn if it is due. Whoever works for long ought to say so now and then: the system may hand over what
   * thousands of sockets have brought without looking at a timer between.
   */
  checkTime(): void {
    const { intervalMs, clock } = this.#options;
    if (this.#waiting.length > 0 && clock.now() >= this.#lastAt + intervalMs) this.#take();
  }

  #take(): void {
    this.#timer?.dispose();
    this.#ending?.release();
    this.#lastAt = this.#options.clock.now();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const act of waiting) act();
  }
}
