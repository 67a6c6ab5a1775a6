import type { WorkerEvent } from "./worker-messages.js";

/** Levels that wait for a page that is late. Older ones are of no use to a meter. */
const MAX_LEVELS = 64;

/** Posts events to the page in batches, one at a time: while the page is late, what comes is gathered for the next. */
export class EventOutbox {
  readonly #post: (events: readonly WorkerEvent[]) => void;
  #waiting: WorkerEvent[] = [];
  #levels = 0;
  /** A batch is on its way. */
  #isUnderway = false;

  constructor(post: (events: readonly WorkerEvent[]) => void) {
    this.#post = post;
  }

  add(event: WorkerEvent): void {
    if (event.type === "level") {
      if (this.#levels === MAX_LEVELS) this.#forgetLevel();
      this.#levels += 1;
    }
    this.#waiting.push(event);
    this.#send();
  }

  /** The page has handled the last batch. */
  seen(): void {
    this.#isUnderway = false;
    this.#send();
  }

  /** @returns what has not been posted yet, and is not going to be. */
  takeRest(): readonly WorkerEvent[] {
    this.#isUnderway = true;
    return this.#waiting.splice(0);
  }

  #send(): void {
    if (this.#isUnderway || this.#waiting.length === 0) return;
    this.#isUnderway = true;
    this.#levels = 0;
    this.#post(this.#waiting);
    this.#waiting = [];
  }

  /** Leaves out the oldest that waits. */
  #forgetLevel(): void {
    this.#waiting.splice(
      this.#waiting.findIndex(({ type }) => type === "level"),
      1,
    );
    this.#levels -= 1;
  }
}
