/** Audio may be sent ahead of its pace by what gathered in so long, in milliseconds. */
const CREDIT_MS = 1_000;

/** How much audio may be sent now, if it is sent at most so many times faster than it was spoken. Counts samples. */
export class PaceCredit {
  readonly #perMs: number;
  readonly #most: number;
  #credit: number;
  #at: number;

  /** @param least what may be sent at once, and what there is room for however slow the pace. */
  constructor(sampleRate: number, pace: number, least: number, now: number) {
    this.#perMs = (sampleRate * pace) / 1_000;
    this.#most = Math.max(CREDIT_MS * this.#perMs, least);
    this.#credit = least;
    this.#at = now;
  }

  /** Whole samples that may be sent now. */
  affordable(now: number): number {
    this.#credit = Math.min(this.#most, this.#credit + (now - this.#at) * this.#perMs);
    this.#at = now;
    return Math.floor(this.#credit);
  }

  spend(samples: number): void {
    this.#credit -= samples;
  }

  /** How long until so many samples may be sent, in milliseconds, counted from the last look. */
  waitFor(samples: number): number {
    return (samples - this.#credit) / this.#perMs;
  }
}
