import { MAX_FRAME_SAMPLES } from "../protocol/audio-frame.js";

/** Receives a frame. The samples are the framer's own buffer: whoever keeps them copies them. */
export type FrameSink = (samples: Float32Array, sampleCount: number, position: number) => void;

/** Cuts a stream of samples into frames of equal length and numbers them by position. */
export class Framer {
  readonly #frame: Float32Array;
  readonly #sink: FrameSink;
  #filled = 0;
  #position: number;

  /** @param position of the first sample. */
  constructor(frameSamples: number, position: number, sink: FrameSink) {
    this.#frame = new Float32Array(frameSamples);
    this.#position = position;
    this.#sink = sink;
  }

  /** Of the next sample that comes in. */
  get position(): number {
    return this.#position + this.#filled;
  }

  /** Takes the first `count` samples. */
  push(samples: Float32Array, count: number): void {
    const size = this.#frame.length;
    for (let index = 0; index < count; index += 1) {
      this.#frame[this.#filled] = samples[index] ?? 0;
      this.#filled += 1;
      if (this.#filled === size) this.flush();
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
}

/** Samples in a frame of `frameDurationMs`, at least one and as many as the wire's header can count. */
export function samplesPerFrame(frameDurationMs: number, sampleRate: number): number {
  return Math.min(Math.max(1, Math.round((frameDurationMs * sampleRate) / 1_000)), MAX_FRAME_SAMPLES);
}
