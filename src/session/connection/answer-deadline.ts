/** What a deadline leaves at least once nobody could act for a while, so that what waits to be read is read first. */
export const CHANCE_MS = 2_000;

/** Until when a connection must be answered. Each part of the answer gives the rest its time. */
export class AnswerDeadline {
  readonly #timeoutMs: number;
  #deadline: number;
  #isWelcomed = false;
  #isExcused = false;
  /** Last of the messages that the server is sending again, which are part of its answer. */
  #replayTo = 0;

  constructor(timeoutMs: number, now: number) {
    this.#timeoutMs = timeoutMs;
    this.#deadline = now + timeoutMs;
  }

  get at(): number {
    return this.#deadline;
  }

  /** The first part of the answer is here, and the rest has its time; a server that only repeats itself gains none. */
  welcomed(now: number): void {
    if (!this.#isWelcomed) this.#deadline = now + this.#timeoutMs;
    this.#isWelcomed = true;
  }

  /** The server is going to send its messages up to this number again. */
  replays(to: number, now: number): void {
    if (to <= this.#replayTo) return;
    this.#replayTo = to;
    this.#deadline = now + this.#timeoutMs;
  }

  /** A numbered message was delivered. */
  delivered(seq: number, now: number): void {
    if (seq <= this.#replayTo) this.#deadline = now + this.#timeoutMs;
  }

  /** Nobody could act for a while, so the deadline leaves another chance, once. */
  excuse(now: number): void {
    if (this.#isExcused) return;
    this.#isExcused = true;
    this.#deadline = Math.max(this.#deadline, now + Math.min(CHANCE_MS, this.#timeoutMs));
  }
}
