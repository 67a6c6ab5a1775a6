/** Audio that may be sent at once before the pace binds, in milliseconds. */
const BURST_MS = 200;
/** How finely the pace is kept: one wake-up for all that may go, in milliseconds. */
const STEP_MS = 10;

/** Lets audio go at most so many times faster than it was spoken, after a first burst. */
export class Pace {
  readonly #sampleRate: number;
  #factor = 1;
  #credit = 0;
  #creditAt = 0;

  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate;
  }

  /** @param factor times real time. */
  start(factor: number, now: number): void {
    this.#factor = factor;
    this.#credit = this.#toSamples(BURST_MS);
    this.#creditAt = now;
  }

  /** Brings the credit up to date. */
  refill(now: number): void {
    const earned = this.#toSamples(now - this.#creditAt) * this.#factor;
    this.#credit = Math.min(this.#toSamples(BURST_MS), this.#credit + earned);
    this.#creditAt = now;
  }

  /** Whether something may go now. */
  get allows(): boolean {
    return this.#credit > 0;
  }

  spend(samples: number): void {
    this.#credit -= samples;
  }

  /** When something may go again. */
  nextAt(now: number): number {
    return now + Math.max(STEP_MS, (-this.#credit / (this.#factor * this.#sampleRate)) * 1_000);
  }

  #toSamples(durationMs: number): number {
    return (durationMs / 1_000) * this.#sampleRate;
  }
}
