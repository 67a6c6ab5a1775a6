import { withSignal } from "../../../internal/abort.js";
import type { Scope } from "../../../internal/scope.js";

/** What the owner wants. Nothing acquires a device unless it is `"running"`. */
export type Wish = "running" | "paused" | "released";

/** A resumption that is under way, for which several calls may wait. */
export class Resumption {
  /** What was wanted before. */
  readonly before: Exclude<Wish, "running">;
  /** Whether a device was held before. */
  readonly held: boolean;
  /** Settles when the resumption is over. */
  done: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(before: Exclude<Wish, "running">, held: boolean) {
    this.before = before;
    this.held = held;
  }

  /**
   * Waits until it is done, or the signal aborts.
   * @param onForsaken is called if the call was the last one that waited. That is inside the abort, since the next call may
   * follow at once.
   */
  async wait(scope: Scope, signal: AbortSignal | undefined, onForsaken: (reason: unknown) => void): Promise<void> {
    this.#waiting += 1;
    const following = scope.follow(signal, (reason) => {
      this.#waiting -= 1;
      if (this.#waiting === 0) onForsaken(reason);
    });
    await withSignal(this.done, signal).finally(following.dispose);
  }
}
