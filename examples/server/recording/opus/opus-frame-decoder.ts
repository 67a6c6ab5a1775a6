import {
  AudioFrameFlag,
  type AudioOffer,
  opusPacketDurationMs,
  ShapeError,
  type WireAudioFrame,
} from "loquilex/protocol";
import { presentOwner } from "../../fault-owner.js";
import type { FrameDecoder } from "../../protocol/audio-inlet.js";
import type { DecodedStream, DecoderThread } from "./decoder-thread.js";
import type { OpusThreads } from "./opus-threads.js";

export interface OpusFrameDecoderOptions {
  readonly offer: Pick<AudioOffer, "sample_rate" | "channels">;
  readonly threads: OpusThreads;
  /** It can go on, having said that it could not. */
  onReady(): void;
  /** There is no decoder to be had. */
  onFailed(error: unknown): void;
}

/** A packet, and what has become of it. */
interface Work {
  readonly frame: WireAudioFrame;
  readonly state: "waiting" | "done";
  /** `undefined` for what cannot be decoded. */
  readonly samples?: Uint8Array<ArrayBuffer> | undefined;
}

let streams = 0;

/**
 * Turns one session's Opus packets into 16-bit samples, each at its position. The packets come from strangers, and are
 * decoded in a thread, one after the other: a frame is prepared there while its owner holds it and all that follow.
 */
export class OpusFrameDecoder implements FrameDecoder {
  readonly #options: OpusFrameDecoderOptions;
  readonly #stream: DecodedStream;
  readonly #asOwner: (work: () => void) => void;
  #thread: DecoderThread | undefined;
  #work: Work | undefined;
  /** There was trouble with the decoder, so that the next packet needs another one. */
  #isBroken = false;
  #disposed = false;

  constructor(options: OpusFrameDecoderOptions) {
    this.#options = options;
    this.#asOwner = presentOwner();
    streams += 1;
    this.#stream = {
      id: streams,
      hear: (samples) => this.#finish(samples),
      bereave: (isCulprit) => this.#bereaved(isCulprit),
    };
  }

  prepare(frame: WireAudioFrame): boolean {
    const work = this.#work;
    if (work !== undefined && isSame(work.frame, frame)) return work.state === "done";
    // What waits belongs to a connection that is gone; its answer makes room for this one.
    if (work?.state === "waiting") return false;
    const copy = { ...frame, payload: frame.payload.slice() };
    this.#work = { frame: copy, state: "waiting" };
    void this.#decode(copy);
    return false;
  }

  decode(frame: WireAudioFrame): WireAudioFrame {
    const { sample_rate: rate, channels } = this.#options.offer;
    const { payload, sampleCount, flags } = frame;
    const samples = this.#work?.samples;
    this.#work = undefined;
    const expected = ((opusPacketDurationMs(payload) ?? 0) * rate) / 1_000;
    if (sampleCount > expected) {
      throw new ShapeError(`An Opus packet of ${expected} samples must not be said to have ${sampleCount}.`);
    }
    const sampleBytes = 2 * channels;
    if (samples?.byteLength !== expected * sampleBytes) {
      this.#isBroken = true;
      throw new ShapeError("The Opus packet cannot be decoded.");
    }
    const from = (flags & AudioFrameFlag.restart) === 0 ? 0 : expected - sampleCount;
    return { ...frame, payload: samples.subarray(from * sampleBytes, (from + sampleCount) * sampleBytes) };
  }

  /** The session is over. */
  dispose(): void {
    this.#disposed = true;
    this.#thread?.leave(this.#stream);
  }

  async #decode({ payload, flags }: WireAudioFrame): Promise<void> {
    const { offer, threads, onFailed } = this.#options;
    try {
      this.#thread ??= await this.#join(threads);
      if (this.#disposed) return this.dispose();
      const restart = this.#isBroken || (flags & AudioFrameFlag.restart) !== 0;
      this.#isBroken = false;
      const { sample_rate: sampleRate, channels } = offer;
      this.#thread.decode({ type: "decode", stream: this.#stream.id, packet: payload, restart, sampleRate, channels });
    } catch (error) {
      if (!this.#disposed) onFailed(error);
    }
  }

  async #join(threads: OpusThreads): Promise<DecoderThread> {
    const thread = await threads.leastBusy();
    thread.join(this.#stream);
    return thread;
  }

  #finish(samples: Uint8Array<ArrayBuffer> | undefined): void {
    if (this.#work?.state !== "waiting") return;
    this.#work = { frame: this.#work.frame, state: "done", samples };
    this.#asOwner(() => this.#options.onReady());
  }

  /** Who did not cause it goes on in another thread, as after a packet that was lost. */
  #bereaved(isCulprit: boolean): void {
    this.#thread = undefined;
    if (this.#work?.state !== "waiting") return;
    if (isCulprit) this.#finish(undefined);
    else void this.#decode(this.#work.frame);
  }
}

const isSame = (a: WireAudioFrame, b: WireAudioFrame): boolean =>
  a.position === b.position && a.flags === b.flags && Buffer.compare(a.payload, b.payload) === 0;
