import { type Clock, type Deferred, deferred, type Registration, type Scope } from "loquilex/resources";

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
  #next: Deferred<void> | undefined;
  /** Starts the next turn. */
  #timer: Registration | undefined;
  #waiting: Registration | undefined;

  constructor(options: SharedTurnOptions) {
    this.#options = options;
  }

  /** Resolves at the next turn, which is now if the last one was long enough ago; at once when the scope has ended. */
  next(): Promise<void> {
    if (this.#next !== undefined) return this.#next.promise;
    const { intervalMs, clock, scope } = this.#options;
    const waitMs = this.#lastAt + intervalMs - clock.now();
    const next = deferred<void>();
    if (waitMs <= 0 || scope.disposed) {
      this.#lastAt = clock.now();
      next.resolve();
      return next.promise;
    }
    this.#next = next;
    this.#waiting = scope.defer("wait for a turn", next.resolve);
    this.#timer = scope.timeout(waitMs, () => this.#take(), "next turn");
    return next.promise;
  }

  /**
   * Takes the next turn if it is due. Whoever works for long ought to say so now and then: the system may hand over what
   * thousands of sockets have brought without looking at a timer between.
   */
  checkTime(): void {
    const { intervalMs, clock } = this.#options;
    if (this.#next !== undefined && clock.now() >= this.#lastAt + intervalMs) this.#take();
  }

  #take(): void {
    this.#timer?.dispose();
    this.#waiting?.release();
    this.#lastAt = this.#options.clock.now();
    this.#next?.resolve();
    this.#next = undefined;
  }
}
