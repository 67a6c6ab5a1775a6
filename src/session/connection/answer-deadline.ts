import { Deadline } from "../deadline.js";

/** Until when a connection must be answered. Each part of the answer gives the rest its time. */
export class AnswerDeadline extends Deadline {
  #isWelcomed = false;
  /** Last of the messages that the server is sending again, which are part of its answer. */
  #replayTo = 0;

  /** The first part of the answer is here, and the rest has its time; a server that only repeats itself gains none. */
  welcomed(now: number): void {
    if (!this.#isWelcomed) this.restart(now);
    this.#isWelcomed = true;
  }

  /** The server is going to send its messages up to this number again. */
  replays(to: number, now: number): void {
    if (to <= this.#replayTo) return;
    this.#replayTo = to;
    this.restart(now);
  }

  /** A numbered message was delivered. */
  delivered(seq: number, now: number): void {
    if (seq <= this.#replayTo) this.restart(now);
  }
}
