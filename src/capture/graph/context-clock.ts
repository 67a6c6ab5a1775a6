/** How long a measured offset counts, in milliseconds, before newer ones replace it. */
const WINDOW_MS = 2_000;

/**
 * Maps a context's clock to the `performance.now()` clock. The page reads `currentTime` late by up to one of the
 * engine's render batches, never early, so the smallest offset seen lately is the truest; the window lets it follow the
 * drift between the two clocks. (`getOutputTimestamp()` tells when a sample is heard, which is later than when the
 * microphone's sample came in.)
 */
export class ContextClock {
  readonly #context: Pick<BaseAudioContext, "currentTime">;
  readonly #now: () => number;
  #windowStart = 0;
  #previousMin = Infinity;
  #currentMin = Infinity;

  /** @param now reads the `performance.now()` clock. */
  constructor(context: Pick<BaseAudioContext, "currentTime">, now: () => number = () => performance.now()) {
    this.#context = context;
    this.#now = now;
  }

  /** Forgets what was measured, because the context stood still. */
  reset(): void {
    this.#previousMin = Infinity;
    this.#currentMin = Infinity;
  }

  /** Measures again. @returns when the context was at zero, in milliseconds on the `performance.now()` clock. */
  read(): number {
    const now = this.#now();
    if (now - this.#windowStart > WINDOW_MS) {
      this.#windowStart = now;
      this.#previousMin = this.#currentMin;
      this.#currentMin = Infinity;
    }
    this.#currentMin = Math.min(this.#currentMin, now - this.#context.currentTime * 1_000);
    return Math.min(this.#previousMin, this.#currentMin);
  }
}
