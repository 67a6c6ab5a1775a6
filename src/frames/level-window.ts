import type { PlacedFrame } from "../capture/inlet/frame-inlet.js";

/** How loud a stretch of audio was. */
export interface Level {
  /** Of the stretch's first sample. */
  readonly position: number;
  /** Of its first sample, on the `performance.now()` clock. */
  readonly timestamp: DOMHighResTimeStamp;
  /** Loudest sample, linear; 1 is full scale. */
  readonly peakLevel: number;
  /** Root mean square, linear. */
  readonly rmsLevel: number;
  /** Loudest sample that was silenced, linear. */
  readonly mutedPeakLevel: number;
}

/** Sums the levels of frames up to one figure for each stretch of at least `windowSamples`. */
export class LevelWindow {
  readonly #windowSamples: number;
  #first: PlacedFrame | undefined;
  #samples = 0;
  #peak = 0;
  #energy = 0;
  #mutedPeak = 0;

  /** @param windowSamples at the wire's rate; with 0, every frame is a stretch. */
  constructor(windowSamples: number) {
    this.#windowSamples = windowSamples;
  }

  /** @returns the level of the stretch that the frame completes. */
  push(frame: PlacedFrame): Level | undefined {
    this.#first ??= frame;
    this.#samples += frame.sampleCount;
    this.#peak = Math.max(this.#peak, frame.peakLevel);
    this.#mutedPeak = Math.max(this.#mutedPeak, frame.mutedPeakLevel ?? 0);
    this.#energy += frame.sampleCount * frame.rmsLevel ** 2;
    if (this.#samples < this.#windowSamples) return undefined;
    const { position, timestamp } = this.#first;
    const rmsLevel = Math.sqrt(this.#energy / this.#samples);
    const level = { position, timestamp, peakLevel: this.#peak, rmsLevel, mutedPeakLevel: this.#mutedPeak };
    this.#first = undefined;
    this.#samples = 0;
    this.#peak = 0;
    this.#energy = 0;
    this.#mutedPeak = 0;
    return level;
  }
}
