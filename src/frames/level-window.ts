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
}

/** Sums the levels of frames up to one figure for each stretch of at least `windowSamples`. */
export class LevelWindow {
  readonly #windowSamples: number;
  #first: PlacedFrame | undefined;
  #samples = 0;
  #peak = 0;
  #energy = 0;

  /** @param windowSamples at the wire's rate; with 0, every frame is a stretch. */
  constructor(windowSamples: number) {
    this.#windowSamples = windowSamples;
  }

  /** @returns the level of the stretch that the frame completes. */
  push(frame: PlacedFrame): Level | undefined {
    this.#first ??= frame;
    this.#samples += frame.sampleCount;
    this.#peak = Math.max(this.#peak, frame.peakLevel);
    this.#energy += frame.sampleCount * frame.rmsLevel ** 2;
    if (this.#samples < this.#windowSamples) return undefined;
    const { position, timestamp } = this.#first;
    const level = { position, timestamp, peakLevel: this.#peak, rmsLevel: Math.sqrt(this.#energy / this.#samples) };
    this.#first = undefined;
    this.#samples = 0;
    this.#peak = 0;
    this.#energy = 0;
    return level;
  }
}
