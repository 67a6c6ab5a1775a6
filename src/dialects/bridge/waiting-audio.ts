import type { AudioFormat } from "../../capture/source.js";
import { AudioFrameFlag, bytesPerSample, type WireAudioFrame } from "../../protocol/audio-frame.js";
import type { Bytes } from "../../protocol/bytes.js";
import { isQuiet, silenceOf } from "./quiet.js";
import { splitFrame } from "./split-frame.js";

/** Audio that is sent as one message: stretches of the stream, in order. */
export interface AudioBatch {
  readonly payload: Bytes;
  readonly stretches: readonly { readonly position: number; readonly samples: number }[];
  /** With the silence at its end that is not the stream's, which comes only after the last audio of a session. */
  readonly samples: number;
  /** Whether nobody speaks in it. */
  readonly isQuiet: boolean;
}

/** Silence that stays between two words, in milliseconds, when more is left out. */
const KEPT_SILENCE_MS = 300;

/** Frames that wait to be sent to a service, in order of position. */
export class WaitingAudio {
  readonly #format: AudioFormat;
  readonly #bytesPerSample: number;
  readonly #frames: WireAudioFrame[] = [];
  #samples = 0;
  #quietSamples = 0;

  constructor(format: AudioFormat) {
    this.#format = format;
    this.#bytesPerSample = (bytesPerSample(format.encoding) ?? 0) * format.channelCount;
  }

  get samples(): number {
    return this.#samples;
  }

  /** How much silence is at the end of what was handed out. */
  get quietSamples(): number {
    return this.#quietSamples;
  }

  push(frame: WireAudioFrame): void {
    this.#frames.push(frame);
    this.#samples += frame.sampleCount;
  }

  clear(): void {
    this.#frames.length = 0;
    this.#samples = 0;
  }

  /** Leaves out silence beyond what separates words, as far as it is next. */
  skipSilence(): void {
    const kept = (KEPT_SILENCE_MS * this.#format.sampleRate) / 1_000;
    for (let next = this.#frames[0]; next !== undefined; next = this.#frames[0]) {
      if (this.#quietSamples < kept || !this.#isQuiet(next)) return;
      this.#frames.shift();
      this.#samples -= next.sampleCount;
    }
  }

  /** Takes at least so many samples out, as far as there are, and padded with silence if there are fewer, and not more than `max`. */
  take(min: number, max: number): AudioBatch {
    const taken: WireAudioFrame[] = [];
    let samples = 0;
    let areAllQuiet = true;
    for (let next = this.#frames[0]; next !== undefined && samples < max; next = this.#frames[0]) {
      if (samples > 0 && samples >= min && samples + next.sampleCount > max) break;
      const room = max - samples;
      const isWhole = next.sampleCount <= room;
      const [fitting, rest] = isWhole ? [next] : splitFrame(next, room, this.#bytesPerSample);
      if (rest === undefined) this.#frames.shift();
      else this.#frames[0] = rest;
      taken.push(fitting);
      samples += fitting.sampleCount;
      const isQuiet = this.#isQuiet(fitting);
      areAllQuiet &&= isQuiet;
      this.#quietSamples = isQuiet ? this.#quietSamples + fitting.sampleCount : 0;
    }
    this.#samples -= samples;
    const padding = Math.max(0, min - samples);
    const payload = silenceOf(this.#format.encoding, (samples + padding) * this.#bytesPerSample);
    let offset = 0;
    for (const frame of taken) {
      payload.set(frame.payload, offset);
      offset += frame.payload.byteLength;
    }
    const stretches = taken.map(({ position, sampleCount }) => ({ position, samples: sampleCount }));
    return { payload, stretches, samples: samples + padding, isQuiet: areAllQuiet };
  }

  #isQuiet(frame: WireAudioFrame): boolean {
    return (frame.flags & AudioFrameFlag.muted) !== 0 || isQuiet(this.#format.encoding, frame.payload);
  }
}
