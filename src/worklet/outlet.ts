import type { ProcessorMessage, ProcessorOutput } from "./port-messages.js";

/** Audio between two reports to the page, in seconds. The first frame after a break is reported at once. */
const PROGRESS_INTERVAL_S = 0.25;

/** Posts a message. The buffers in `transfer` are handed over. */
type Post = (message: ProcessorMessage, transfer: ArrayBuffer[]) => void;

/** Sends what a processor makes to the page, or straight to where it is needed; then the page hears only how it goes on. */
export class Outlet {
  readonly #toPage: Post;
  #elsewhere: Post | undefined;
  /** What the page has not heard of yet. */
  #frames = 0;
  #samples = 0;
  #position = 0;
  #peak = 0;
  #reportedAt = Number.NEGATIVE_INFINITY;

  constructor(toPage: Post) {
    this.#toPage = toPage;
  }

  /** @param emittedTo position after the last sample that went out before. */
  attach(post: Post, emittedTo: number): void {
    this.#elsewhere = post;
    post({ type: "attached", position: emittedTo }, []);
  }

  send(message: ProcessorOutput, transfer: ArrayBuffer[]): void {
    if (this.#elsewhere === undefined) {
      this.#toPage(message, transfer);
      return;
    }
    this.#elsewhere(message, transfer);
    if (message.type !== "frame") {
      // Who waits for the command wants to know of all that came before it.
      this.#report();
      return;
    }
    this.#frames += 1;
    this.#samples += message.sampleCount;
    this.#position = message.position + message.sampleCount;
    this.#peak = Math.max(this.#peak, message.peak);
    if (message.contextTime - this.#reportedAt < PROGRESS_INTERVAL_S) return;
    this.#reportedAt = message.contextTime;
    this.#report();
  }

  #report(): void {
    if (this.#frames === 0) return;
    this.#toPage(
      { type: "progress", frames: this.#frames, samples: this.#samples, position: this.#position, peak: this.#peak },
      [],
    );
    this.#frames = 0;
    this.#samples = 0;
    this.#peak = 0;
  }
}
