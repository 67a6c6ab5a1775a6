import { DropEvent } from "./events.js";

/** Losses that come to light while everything is being released. They are announced together, contiguous ones as one. */
export class LateDrops {
  #drops: DropEvent[] | undefined = [];

  /** Everything is released, so that nothing can be lost any more. */
  get isOver(): boolean {
    return this.#drops === undefined;
  }

  /** Takes a loss; other events have no meaning so late. */
  add(event: Event): void {
    if (this.#drops === undefined || !(event instanceof DropEvent)) return;
    const last = this.#drops.at(-1);
    if (last?.to === event.from) {
      const durationMs = last.durationMs + event.durationMs;
      this.#drops[this.#drops.length - 1] = new DropEvent({ from: last.from, to: event.to, durationMs });
    } else this.#drops.push(event);
  }

  /** Ends it. @returns what is to be announced. */
  end(): readonly DropEvent[] {
    const drops = this.#drops ?? [];
    this.#drops = undefined;
    return drops;
  }
}
