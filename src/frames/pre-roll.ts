import type { AudioRange } from "../internal/range-set.js";

/** What has a place in the capture, and gets its place in the stream. */
interface Placed {
  position: number;
  readonly sampleCount: number;
}

/**
 * Keeps the newest frames of a source that is warm until the stream starts; from then on lets every frame through. The
 * stream begins with the oldest frame kept: its position is 0.
 */
export class PreRoll<Frame extends Placed> {
  readonly #maxSamples: number;
  readonly #kept: Frame[] = [];
  #samples = 0;
  /** Source position of the stream's first sample; `undefined` until it is known. */
  #origin: number | undefined;
  #started = false;
  /** Kept by another one, and gone with it. By the source's positions. */
  #missing: AudioRange | undefined;

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

  get isStarted(): boolean {
    return this.#started;
  }

  /** Source position of the oldest frame that is kept. */
  get keptFrom(): number | undefined {
    return this.#kept[0]?.position;
  }

  /** Another one had kept these frames for the start, and has taken them along. */
  miss(range: AudioRange): void {
    this.#missing = range;
  }

  /** Gives the frame its position in the stream. @returns it, or nothing while it is kept. */
  push(frame: Frame): Frame | undefined {
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

  /** The part of what another one had kept that would still be kept now. By the source's positions. */
  get missing(): AudioRange | undefined {
    if (this.#missing === undefined) return undefined;
    const { from, to } = this.#missing;
    const oldest = Math.max(from, to - (this.#maxSamples - this.#samples));
    return oldest < to ? { from: oldest, to } : undefined;
  }

  /** The stream starts, with what is missing before what was kept. @returns what was kept, oldest first. */
  start(): Frame[] {
    this.#origin ??= this.missing?.from;
    this.#started = true;
    return this.#kept.splice(0).flatMap((frame) => this.push(frame) ?? []);
  }
}
