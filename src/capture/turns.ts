import type { Scope } from "../internal/scope.js";

/** Runs what must not overlap one after the other. */
export class Turns {
  readonly #scope: Scope;
  #last: Promise<unknown> = Promise.resolve();

  constructor(scope: Scope) {
    this.#scope = scope;
  }

  /** Runs the action when all before it are done. @throws what it throws, or the reason of the scope's end. */
  take(action: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(async () => {
      this.#scope.signal.throwIfAborted();
      await action();
      this.#scope.signal.throwIfAborted();
    });
    this.#last = turn.catch(() => {});
    return turn;
  }
}
