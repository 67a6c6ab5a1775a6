import { type Deferred, deferred } from "../internal/deferred.js";

interface Waiter {
  readonly position: number;
  readonly done: Deferred<void>;
}

/** Calls that wait until the server has acknowledged what was captured before them. */
export class SettledWaiters {
  readonly #ask: (position: number) => Promise<number>;
  readonly #waiters = new Set<Waiter>();
  #isAsking = false;

  /**
   * @param ask resolves when every sample before the position is settled, with how far all is settled by then. It is asked
   * once at a time, however many wait.
   */
  constructor(ask: (position: number) => Promise<number>) {
    this.#ask = ask;
  }

  /** @param bound keeps the wait within what its caller allows. */
  async wait(position: number, bound: (done: Promise<void>) => Promise<void>): Promise<void> {
    const waiter = { position, done: deferred<void>() };
    this.#waiters.add(waiter);
    this.#askForFirst();
    try {
      await bound(waiter.done.promise);
    } finally {
      this.#waiters.delete(waiter);
      // Whatever still waits for it lets go of its signal.
      waiter.done.resolve();
    }
  }

  #askForFirst(): void {
    if (this.#isAsking || this.#waiters.size === 0) return;
    this.#isAsking = true;
    const first = Math.min(...Array.from(this.#waiters, ({ position }) => position));
    this.#ask(first).then(
      (settledTo) => {
        this.#isAsking = false;
        for (const { done } of this.#take(settledTo)) done.resolve();
        this.#askForFirst();
      },
      (reason: unknown) => {
        this.#isAsking = false;
        for (const { done } of this.#take(Number.POSITIVE_INFINITY)) done.reject(reason);
      },
    );
  }

  /** Removes and returns those who wait for nothing beyond the position. */
  #take(settledTo: number): Waiter[] {
    const taken = Array.from(this.#waiters).filter(({ position }) => position <= settledTo);
    for (const waiter of taken) this.#waiters.delete(waiter);
    return taken;
  }
}
