import type { WireAudioFrame } from "loquilex/protocol";
import type { StoredEncoding } from "../../recording/files/wav-header.js";
import type { EngineFormat } from "../engine.js";
import { EngineResampler } from "./engine-resampler.js";
import { toMono, toPcm16 } from "./mono-samples.js";

/** What every engine hears: 16-bit samples at the rate that recognisers are trained for. */
export const ENGINE_FORMAT: EngineFormat = { sampleRate: 16_000, channels: 1 };

export interface StreamFormat {
  readonly encoding: StoredEncoding;
  /** Hz. */
  readonly sampleRate: number;
  readonly channels: number;
}

/** Samples for an engine, and their position at its rate. */
export interface HeardAudio {
  readonly samples: Uint8Array<ArrayBuffer>;
  readonly position: number;
}

/** Makes of a stream's frames, whatever their format, what engines hear, and of their positions the stream's. */
export class EngineEar {
  readonly #format: StreamFormat;
  /** `undefined` for audio that is what engines hear. */
  readonly #resampler: EngineResampler | undefined;
  /** At the engine's rate, of the sample that follows. */
  #position: number;

  /** @param startPosition of the stream's first sample. */
  constructor(format: StreamFormat, startPosition: number) {
    this.#format = format;
    this.#position = this.toEngine(startPosition);
    if (format.sampleRate !== ENGINE_FORMAT.sampleRate) {
      this.#resampler = new EngineResampler(format.sampleRate, ENGINE_FORMAT.sampleRate);
    }
  }

  /** At the engine's rate, of the sample that follows. */
  get position(): number {
    return this.#position;
  }

  hear(frame: WireAudioFrame): HeardAudio {
    const { encoding, channels } = this.#format;
    if (this.#resampler === undefined && encoding === "pcm_s16le" && channels === 1) return this.#take(frame.payload);
    const mono = toMono(frame.payload, encoding, channels);
    return this.#take(toPcm16(this.#resampler?.push(mono) ?? mono));
  }

  /** What is still on its way through the filter; nothing follows right after it. */
  rest(): HeardAudio {
    return this.#take(toPcm16(this.#resampler?.flush() ?? new Float32Array(0)));
  }

  /** The next frame is the one at this position of the stream. @returns the engine's positions that do not exist. */
  skipTo(streamPosition: number): { readonly from: number; readonly to: number } {
    const from = this.#position;
    this.#position = Math.max(from, this.toEngine(streamPosition));
    return { from, to: this.#position };
  }

  toEngine(streamPosition: number): number {
    return Math.round((streamPosition * ENGINE_FORMAT.sampleRate) / this.#format.sampleRate);
  }

  toStream(enginePosition: number): number {
    return Math.round((enginePosition * this.#format.sampleRate) / ENGINE_FORMAT.sampleRate);
  }

  #take(samples: Uint8Array<ArrayBuffer>): HeardAudio {
    const position = this.#position;
    this.#position += samples.byteLength / 2;
    return { samples, position };
  }
}
