import { deferred } from "../internal/deferred.js";

/** What the calls of `start()` wait for. */
export class StartCall {
  readonly #outcome = deferred<void>();
  /** For the application: if it handles no rejection, the browser reports it. */
  readonly promise: Promise<void> = this.#outcome.promise.then();
  /** Resolves when the start is over, whatever came of it. */
  readonly done: Promise<void> = this.#outcome.promise.catch(() => {});

  resolve(): void {
    this.#outcome.resolve();
  }

  /** @param isKnown whether the application learns of it in another way, so that nobody need handle the promise. */
  reject(reason: unknown, isKnown: boolean): void {
    if (isKnown) this.promise.catch(() => {});
    this.#outcome.reject(reason);
  }
}
