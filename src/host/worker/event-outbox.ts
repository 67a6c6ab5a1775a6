import type { WorkerEvent } from "./worker-messages.js";

/** Levels that wait for a page that is late. Older ones are of no use to a meter. */
const MAX_LEVELS = 64;

/** Whether nothing is lost if the event never reaches the page. */
const mayWait = ({ type }: WorkerEvent): boolean => type === "level" || type === "resource";

/**
 * Posts events to the page, in order. What the page must learn goes out at once, since a worker that dies takes along what it
 * still holds; the rest waits while the page is late, for the next event or until the page has caught up. Events of one step
 * go out together, because the checkpoint that goes with them knows of the whole step.
 */
export class EventOutbox {
  readonly #post: (events: readonly WorkerEvent[]) => void;
  readonly #waiting: WorkerEvent[] = [];
  #levels = 0;
  /** Batches that the page has not handled yet. */
  #underway = 0;
  /** What waits goes out when this step is over. */
  #isDue = false;
  #isClosed = false;

  constructor(post: (events: readonly WorkerEvent[]) => void) {
    this.#post = post;
  }

  add(event: WorkerEvent): void {
    if (event.type === "level") this.#makeRoomForLevel();
    this.#waiting.push(event);
    if (this.#underway === 0 || !mayWait(event)) this.#sendSoon();
  }

  /** The page has handled a batch. */
  seen(): void {
    this.#underway -= 1;
    if (this.#underway === 0 && this.#waiting.length > 0) this.#sendSoon();
  }

  /** Nothing goes out any more. @returns what has not gone out. */
  close(): readonly WorkerEvent[] {
    this.#isClosed = true;
    return this.#waiting.splice(0);
  }

  #sendSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    void Promise.resolve().then(() => this.#send());
  }

  #send(): void {
    this.#isDue = false;
    if (this.#isClosed) return;
    this.#underway += 1;
    this.#levels = 0;
    this.#post(this.#waiting.splice(0));
  }

  /** Leaves out the oldest level that waits, if there are too many. */
  #makeRoomForLevel(): void {
    this.#levels += 1;
    if (this.#levels <= MAX_LEVELS) return;
    this.#levels -= 1;
    this.#waiting.splice(
      this.#waiting.findIndex(({ type }) => type === "level"),
      1,
    );
  }
}
