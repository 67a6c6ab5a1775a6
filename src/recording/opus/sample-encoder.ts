import type { AudioFormat } from "../../capture/source.js";
import type { FrameEncoder, FrameEncoderObserver } from "../../frames/imported-encoding.js";
import { openOpus } from "../../frames/opus/open-opus.js";
import type { Scope } from "../../internal/scope.js";
import type { Bytes } from "../../protocol/bytes.js";
import { OPUS_SAMPLE_RATES } from "../../protocol/opus-packet.js";
import { FrameReader } from "../../worklet/gate/frame-reader.js";
import type { CaptureEncoding } from "../../worklet/port-messages.js";
import { Resampler } from "../../worklet/resampler/resampler.js";
import { OPUS_RATE, PACKET_MS } from "./ogg-opus-file.js";

/** Audio that follows the one before without a break. */
export interface Piece {
  /** In samples at the stream's rate. */
  readonly position: number;
  readonly sampleCount: number;
  /** In the stream's encoding; silence if there is none. */
  readonly payload?: Bytes | undefined;
}

/** The rate at which audio of another one is encoded. */
export const encoderRate = (sampleRate: number): number =>
  OPUS_SAMPLE_RATES.includes(sampleRate) ? sampleRate : OPUS_RATE;

/** Makes Opus packets of pieces that follow each other, in the stream's encoding and at its rate. */
export class SampleEncoder {
  readonly #format: AudioFormat;
  readonly #start: number;
  readonly #reader: FrameReader;
  /** One for each channel, if Opus does not know the stream's rate. */
  readonly #resamplers: readonly Resampler[];
  readonly #encoder: FrameEncoder;
  /** Where the next of its samples is, at the encoder's rate. */
  #next: number;

  /** @param start position of the first sample that is wanted: a whole number of seconds. */
  constructor(format: AudioFormat, start: number, encoder: FrameEncoder) {
    const { sampleRate, channelCount, encoding } = format;
    const rate = encoderRate(sampleRate);
    this.#format = format;
    this.#start = start;
    this.#next = (start / sampleRate) * rate;
    this.#reader = new FrameReader(encoding as CaptureEncoding);
    this.#encoder = encoder;
    this.#resamplers =
      rate === sampleRate ? [] : Array.from({ length: channelCount }, () => new Resampler(sampleRate, rate));
  }

  push({ position, sampleCount, payload }: Piece): void {
    const { channelCount } = this.#format;
    const count = sampleCount * channelCount;
    const values =
      payload === undefined ? new Float32Array(count) : this.#reader.read(payload.slice().buffer).subarray(0, count);
    const from = Math.max(0, this.#start - position);
    this.#deliver(this.#resample(values.subarray(from * channelCount)));
  }

  /** Resolves when everything that was pushed has come out. @throws AudioStreamError `encoder-failed`. */
  flush(): Promise<void> {
    const tails = this.#resamplers.map((resampler) => {
      const tail = new Float32Array(resampler.tailLength);
      resampler.flush(tail);
      return tail;
    });
    if (tails.length > 0) this.#deliver(interleaved(tails));
    return this.#encoder.flush();
  }

  #resample(values: Float32Array): Float32Array {
    const { length: channelCount } = this.#resamplers;
    if (channelCount === 0) return values;
    const inputLength = values.length / channelCount;
    return interleaved(
      this.#resamplers.map((resampler, channel) => {
        const input = Float32Array.from({ length: inputLength }, (_, at) => values[at * channelCount + channel] ?? 0);
        const output = new Float32Array(resampler.outputLength(inputLength));
        resampler.push(input, output);
        return output;
      }),
    );
  }

  #deliver(values: Float32Array): void {
    const sampleCount = values.length / this.#format.channelCount;
    if (sampleCount === 0) return;
    this.#encoder.push({
      payload: new Uint8Array(values.slice().buffer),
      position: this.#next,
      sampleCount,
      timestamp: 0,
      peakLevel: 0,
      rmsLevel: 0,
      flags: 0,
    });
    this.#next += sampleCount;
  }
}

function interleaved(channels: readonly Float32Array[]): Float32Array {
  const [first] = channels;
  if (first === undefined || channels.length === 1) return first ?? new Float32Array();
  const values = new Float32Array(first.length * channels.length);
  for (const [channel, samples] of channels.entries()) {
    for (const [at, sample] of samples.entries()) values[at * channels.length + channel] = sample;
  }
  return values;
}

/**
 * Prepares an encoder, which ends with the scope.
 * @param start position of the first sample that is wanted: a whole number of seconds.
 * @throws AudioStreamError `unsupported`, `encoder-failed`, or the reason of the scope's end.
 */
export async function openSampleEncoder(
  scope: Scope,
  format: AudioFormat,
  start: number,
  observer: FrameEncoderObserver,
): Promise<SampleEncoder> {
  const wire = { ...format, encoding: "opus", sampleRate: encoderRate(format.sampleRate) } as const;
  return new SampleEncoder(format, start, await openOpus(scope, wire, PACKET_MS, observer));
}
