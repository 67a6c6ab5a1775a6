import type { PlacedFrame } from "../capture/inlet/frame-inlet.js";

/**
 * Keeps the newest frames of a source that is warm until the stream starts; from then on lets every frame through. The
 * stream begins with the oldest frame kept: its position is 0.
 */
export class PreRoll {
  readonly #maxSamples: number;
  readonly #kept: PlacedFrame[] = [];
  #samples = 0;
  /** Source position of the stream's first sample; `undefined` until it is known. */
  #origin: number | undefined;
  #started = false;

  /**
   * @param maxSamples how much is kept, at the wire's rate; whole frames.
   * @param origin if another one has begun the stream.
   */
  constructor(maxSamples: number, origin?: number) {
    this.#maxSamples = maxSamples;
    this.#origin = origin;
  }

  /** Source position of the stream's first sample; `undefined` until it is known. */
  get origin(): number | undefined {
    return this.#origin;
  }

  /** Gives the frame its position in the stream. @returns it, or nothing while it is kept. */
  push(frame: PlacedFrame): PlacedFrame | undefined {
    if (this.#started) {
      this.#origin ??= frame.position;
      frame.position -= this.#origin;
      return frame;
    }
    this.#kept.push(frame);
    this.#samples += frame.sampleCount;
    while (this.#samples > this.#maxSamples) this.#samples -= this.#kept.shift()?.sampleCount ?? 0;
    return undefined;
  }

  get isStarted(): boolean {
    return this.#started;
  }

  /** The stream starts. @returns what was kept, oldest first. */
  start(): PlacedFrame[] {
    this.#started = true;
    return this.#kept.splice(0).flatMap((frame) => this.push(frame) ?? []);
  }
}
