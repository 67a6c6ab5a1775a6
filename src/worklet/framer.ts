import { MAX_FRAME_SAMPLES } from "../protocol/audio-frame.js";

/**
 * Receives a frame: `sampleCount` samples of interleaved values, one per channel. The buffer is the framer's own: whoever
 * keeps them copies them.
 */
export type FrameSink = (values: Float32Array, sampleCount: number, position: number) => void;

/** Cuts a stream of samples, each one value per channel, into frames of equal length and numbers them by position. */
export class Framer {
  readonly #frameSamples: number;
  readonly #channelCount: number;
  readonly #frame: Float32Array;
  readonly #sink: FrameSink;
  #filled = 0;
  #position: number;

  /** @param position of the first sample. */
  constructor(frameSamples: number, channelCount: number, position: number, sink: FrameSink) {
    this.#frameSamples = frameSamples;
    this.#channelCount = channelCount;
    this.#frame = new Float32Array(frameSamples * channelCount);
    this.#position = position;
    this.#sink = sink;
  }

  /** Of the next sample that comes in. */
  get position(): number {
    return this.#position + this.#filled;
  }

  /** Position of the next frame: everything before it was emitted, or does not exist. */
  get emittedTo(): number {
    return this.#position;
  }

  /** Takes the first `count` values of each channel. */
  push(channels: readonly Float32Array[], count: number): void {
    for (let taken = 0; taken < count; ) {
      const length = Math.min(count - taken, this.#frameSamples - this.#filled);
      for (let channel = 0; channel < this.#channelCount; channel += 1) {
        const values = channels[channel];
        if (values !== undefined) this.#interleave(values, taken, length, channel);
      }
      this.#filled += length;
      taken += length;
      if (this.#filled === this.#frameSamples) this.flush();
    }
  }

  /** Emits what is held, as a short frame; nothing where nothing is held. */
  flush(): void {
    const count = this.#filled;
    if (count === 0) return;
    const position = this.#position;
    this.#filled = 0;
    this.#position = position + count;
    this.#sink(this.#frame, count, position);
  }

  /** Emits what is held and goes on at `position`, because the samples in between do not exist. Never goes back. */
  skipTo(position: number): void {
    this.flush();
    this.#position = Math.max(this.#position, position);
  }

  #interleave(values: Float32Array, from: number, length: number, channel: number): void {
    let at = this.#filled * this.#channelCount + channel;
    for (let index = 0; index < length; index += 1) {
      this.#frame[at] = values[from + index] ?? 0;
      at += this.#channelCount;
    }
  }
}

/** Samples in a frame of `frameDurationMs`, at least one and as many as the wire's header can count. */
export function samplesPerFrame(frameDurationMs: number, sampleRate: number): number {
  return Math.min(Math.max(1, Math.round((frameDurationMs * sampleRate) / 1_000)), MAX_FRAME_SAMPLES);
}
