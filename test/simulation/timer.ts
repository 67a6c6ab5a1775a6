import type { VirtualTime } from "./virtual-time.js";

/** What is due on a node's own clock must not come a rounding error too early: it would be asked for again, for ever. */
const ROUNDING_MS = 0.000_01;

/**
 * One timer that is set again and again, as drivers do. A later time than the one it was set for costs nothing: it goes
 * off, sees that it is early, and sets itself again.
 */
export class Timer {
  readonly #time: VirtualTime;
  readonly #callback: () => void;
  #due: number | undefined;
  /** When the latest callback that still counts comes. */
  #armedAt: number | undefined;
  #armed = 0;

  constructor(time: VirtualTime, callback: () => void) {
    this.#time = time;
    this.#callback = callback;
  }

  /** @param dueAt by the world's clock. */
  set(dueAt: number | undefined): void {
    const due = dueAt === undefined ? undefined : dueAt + ROUNDING_MS;
    this.#due = due;
    if (due === undefined || (this.#armedAt !== undefined && this.#armedAt <= due)) return;
    this.#arm(due);
  }

  #arm(due: number): void {
    this.#armed += 1;
    const armed = this.#armed;
    this.#armedAt = due;
    this.#time.at(due, () => {
      if (armed !== this.#armed) return;
      this.#armedAt = undefined;
      if (this.#due === undefined) return;
      if (this.#due > this.#time.now) this.#arm(this.#due);
      else {
        this.#due = undefined;
        this.#callback();
      }
    });
  }
}
