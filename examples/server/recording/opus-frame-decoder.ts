import {
  AudioFrameFlag,
  type AudioOffer,
  opusPacketDurationMs,
  ShapeError,
  type WireAudioFrame,
} from "loquilex/protocol";
import { type OpusDecodedAudio, OpusDecoder, type OpusDecoderSampleRate } from "opus-decoder";
import type { FrameDecoder } from "../protocol/audio-inlet.js";

export interface OpusFrameDecoderOptions {
  readonly offer: Pick<AudioOffer, "sample_rate" | "channels">;
  /** It can go on, having said that it could not. */
  onReady(): void;
  /** There is no decoder to be had. */
  onFailed(error: unknown): void;
}

/** Turns one session's Opus packets into 16-bit samples, each at its position. A decoder is nothing but memory. */
export class OpusFrameDecoder implements FrameDecoder {
  readonly #options: OpusFrameDecoderOptions;
  /** `undefined` while one is being made. */
  #decoder: OpusDecoder<OpusDecoderSampleRate> | undefined;
  #isNew = false;

  constructor(options: OpusFrameDecoderOptions) {
    this.#options = options;
    this.#renew();
  }

  prepare(frame: WireAudioFrame): boolean {
    if (this.#decoder === undefined) return false;
    if ((frame.flags & AudioFrameFlag.restart) === 0 || this.#isNew) return true;
    this.#renew();
    return false;
  }

  decode(frame: WireAudioFrame): WireAudioFrame {
    const { sample_rate: rate, channels } = this.#options.offer;
    const { payload, sampleCount, flags } = frame;
    const expected = ((opusPacketDurationMs(payload) ?? 0) * rate) / 1_000;
    if (sampleCount > expected) {
      throw new ShapeError(`An Opus packet of ${expected} samples must not be said to have ${sampleCount}.`);
    }
    this.#isNew = false;
    const decoded = this.#decodePacket(payload);
    if (decoded === undefined || decoded.errors.length > 0 || decoded.samplesDecoded !== expected) {
      throw new ShapeError("The Opus packet cannot be decoded.");
    }
    const from = (flags & AudioFrameFlag.restart) === 0 ? 0 : expected - sampleCount;
    const audio = decoded.channelData.slice(0, channels).map((values) => values.subarray(from, from + sampleCount));
    return { ...frame, payload: interleave(audio, sampleCount) };
  }

  /**
   * Some packets make libopus, as it is compiled to WebAssembly, trap in the middle of its work: a division by zero, an
   * access out of bounds. Nothing is known of that decoder's memory afterwards, so another one takes its place.
   */
  #decodePacket(packet: Uint8Array): OpusDecodedAudio<OpusDecoderSampleRate> | undefined {
    try {
      return this.#decoder?.decodeFrame(packet);
    } catch {
      this.#renew();
      return undefined;
    }
  }

  #renew(): void {
    this.#decoder = undefined;
    this.#make().then(
      (decoder) => {
        this.#decoder = decoder;
        this.#isNew = true;
        this.#options.onReady();
      },
      (error: unknown) => this.#options.onFailed(error),
    );
  }

  async #make(): Promise<OpusDecoder<OpusDecoderSampleRate>> {
    const { sample_rate: rate, channels } = this.#options.offer;
    const decoder = new OpusDecoder({ sampleRate: rate as OpusDecoderSampleRate, channels });
    await decoder.ready;
    return decoder;
  }
}

/** Signed 16-bit little-endian. */
function interleave(channels: readonly Float32Array[], count: number): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(2 * channels.length * count));
  for (const [channel, values] of channels.entries()) {
    for (const [index, value] of values.entries()) {
      const scaled = Math.max(-32_768, Math.min(32_767, Math.round(value * 32_768)));
      view.setInt16(2 * (index * channels.length + channel), scaled, true);
    }
  }
  return new Uint8Array(view.buffer);
}
