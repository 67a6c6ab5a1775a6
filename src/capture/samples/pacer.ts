/**
 * Keeps sound that is there already from going faster than it sounds. Where timers come late, or where it had to wait for
 * the stream, it catches up; time in which nothing was to be had, or which was a pause, does not count.
 */
export class Pacer {
  readonly #now: () => number;
  /** When the first sample sounded, in milliseconds; later by all that does not count. */
  #origin: number | undefined;

  /** @param now reads the `performance.now()` clock. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** When the sound at `soundMs` from the beginning sounds, in milliseconds. */
  timeOf(soundMs: number): number {
    return (this.#origin ?? this.#now()) + soundMs;
  }

  /** How long to wait until the sound up to `soundMs` has sounded. */
  waitMs(soundMs: number): number {
    return this.timeOf(soundMs) - this.#now();
  }

  /**
   * More sound has come, after a wait.
   * @param soundMs how much had gone before it.
   * @param askedAt when it was asked for, in milliseconds.
   */
  arrived(soundMs: number, askedAt: number): void {
    const now = this.#now();
    this.#origin ??= now - soundMs;
    this.#origin += Math.max(0, now - Math.max(askedAt, this.#origin + soundMs));
  }

  /** Nothing was to sound for so long. */
  skip(durationMs: number): void {
    if (this.#origin !== undefined) this.#origin += durationMs;
  }
}
