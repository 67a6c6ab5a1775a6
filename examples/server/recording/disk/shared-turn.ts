import { type Clock, type Deferred, deferred, type Scope } from "loquilex/resources";

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
    const waiting = scope.defer("wait for a turn", next.resolve);
    const take = (): void => {
      waiting.release();
      this.#lastAt = clock.now();
      this.#next = undefined;
      next.resolve();
    };
    scope.timeout(waitMs, take, "next turn");
    return next.promise;
  }
}
