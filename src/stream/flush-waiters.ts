import { type Deferred, deferred } from "../internal/deferred.js";

interface Waiter {
  readonly position: number;
  readonly done: Deferred<void>;
}

/** Calls that wait until the server has acknowledged what was captured before them. */
export class FlushWaiters {
  readonly #waiters = new Set<Waiter>();

  /** @param bound keeps the wait within what its caller allows. */
  async wait(position: number, bound: (done: Promise<void>) => Promise<void>): Promise<void> {
    const waiter = { position, done: deferred<void>() };
    this.#waiters.add(waiter);
    try {
      await bound(waiter.done.promise);
    } finally {
      this.#waiters.delete(waiter);
    }
  }

  acknowledged(position: number): void {
    for (const waiter of this.#waiters) if (position >= waiter.position) waiter.done.resolve();
  }

  fail(reason: unknown): void {
    for (const waiter of this.#waiters) waiter.done.reject(reason);
  }
}
