/** What a deadline leaves at least once nobody could act for a while, so that what waits to be read is read first. */
const CHANCE_MS = 2_000;

/** A moment by which something must have happened. */
export class Deadline {
  readonly timeoutMs: number;
  #at: number;
  #isExcused = false;

  constructor(timeoutMs: number, now: number) {
    this.timeoutMs = timeoutMs;
    this.#at = now + timeoutMs;
  }

  get at(): number {
    return this.#at;
  }

  /** Gives the whole time again. */
  restart(now: number): void {
    this.#at = now + this.timeoutMs;
  }

  /** Nobody could act for a while, so the deadline leaves another chance, once. */
  excuse(now: number): void {
    if (this.#isExcused) return;
    this.#isExcused = true;
    this.#at = Math.max(this.#at, now + Math.min(CHANCE_MS, this.timeoutMs));
  }
}
