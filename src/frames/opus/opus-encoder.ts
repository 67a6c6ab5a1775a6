import type { AudioFormat } from "../../capture/source.js";
import { AudioStreamError } from "../../errors.js";
import { type Deferred, deferred } from "../../internal/deferred.js";
import { sentenceOf } from "../../internal/text-of.js";
import { isWithheld } from "../../protocol/audio-frame.js";
import type { Bytes } from "../../protocol/bytes.js";
import { MAX_OPUS_PACKET_BYTES, opusPacketDurationMs } from "../../protocol/opus-packet.js";
import { type OpusFrame, OpusRun, type SampleFrame } from "./opus-run.js";
import { encoderConfig, type OpusSettings } from "./opus-support.js";

export type { OpusFrame, SampleFrame } from "./opus-run.js";

export interface OpusEncoderObserver {
  /** A packet, in order of position. Never called after {@link OpusEncoder.close}. */
  onFrame(frame: OpusFrame): void;
  /** Nothing more will come: the encoder has let go of everything. Called at most once; inside a call to it as well. */
  onError(error: AudioStreamError<"encoder-failed">): void;
}

/** An encoder that is so far behind, in milliseconds, is taken for broken. A pre-roll comes all at once, and is shorter. */
const MAX_BEHIND_MS = 30_000;
/** At which an Opus header counts, whatever the audio's rate. */
const HEADER_RATE = 48_000;
const HEADER_PRE_SKIP_OFFSET = 10;
const BYTES_PER_VALUE = 4;

/**
 * Makes Opus packets of a source's floats by the browser's encoder, each packet a frame that says exactly which samples
 * it is the audio of: together they are all samples that were pushed, each once. Where audio is missing, and after each
 * {@link OpusEncoder.flush}, the codec starts anew (`AudioFrameFlag.restart`), since what it remembers does not join on.
 * No listener and no timer is left when it is closed. Ask `isOpusSupported()` before.
 *
 * The `format` is that of the wire (`encoding` is not looked at): open the source with the same `sampleRate` and
 * `channelCount`, and with `pcm_f32le`. Frames may be of any length; packets are of `frameDurationMs`.
 */
export class OpusEncoder {
  readonly #format: AudioFormat;
  readonly #settings: OpusSettings;
  readonly #observer: OpusEncoderObserver;
  readonly #packetSamples: number;
  #encoder: AudioEncoder | undefined;
  /** What waits until the encoder is free for it: a frame, or the end of a run with whoever waits for that. */
  readonly #queue: (SampleFrame | Deferred<void>)[] = [];
  #queuedSamples = 0;
  /** Learnt from the encoder's first packet, in samples at the audio's rate. */
  #preSkip: number | undefined;
  #run: OpusRun | undefined;
  /** The encoder brings out what it holds, and takes nothing new. */
  #draining = false;
  /** Since the encoder began anew. */
  #encodedBlocks = 0;
  #closed = false;

  /** @throws AudioStreamError `encoder-failed` where the browser has no such encoder. */
  constructor(format: AudioFormat, settings: OpusSettings, observer: OpusEncoderObserver) {
    this.#format = format;
    this.#settings = settings;
    this.#observer = observer;
    this.#packetSamples = (settings.frameDurationMs / 1_000) * format.sampleRate;
    try {
      this.#encoder = new AudioEncoder({
        output: (chunk, metadata) => this.#guard(() => this.#takePacket(chunk, metadata)),
        error: (error) => this.#fail(error),
      });
      this.#learn(this.#encoder);
    } catch (error) {
      this.close();
      throw encoderFailed(error);
    }
  }

  /** Takes the next frame. Ignored after {@link close} and after an error. */
  push(frame: SampleFrame): void {
    if (this.#closed) return;
    this.#queue.push(frame);
    this.#queuedSamples += frame.sampleCount;
    this.#guard(() => {
      this.#work();
      this.#checkProgress();
    });
  }

  /** Ends the run: resolves when every sample pushed so far has come out, or never will. Never rejects. */
  flush(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    const done = deferred<void>();
    this.#queue.push(done);
    this.#guard(() => this.#work());
    return done.promise;
  }

  /** Lets go of the encoder now; what it holds is lost. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const item of this.#queue.splice(0)) if (isWaiter(item)) item.resolve();
    this.#run = undefined;
    // The browser closes one that failed by itself.
    if (this.#encoder !== undefined && this.#encoder.state !== "closed") this.#encoder.close();
    this.#encoder = undefined;
  }

  /**
   * Encodes silence, to hear how many samples the run-in has. In the header that tells it, Firefox counts them at 48 kHz, as
   * is right, and Chromium 156 at the audio's rate. At 48 kHz they agree; the run-in is as long in time at every rate.
   */
  #learn(encoder: AudioEncoder): void {
    const format = { ...this.#format, sampleRate: HEADER_RATE };
    encoder.configure(encoderConfig(format, this.#settings));
    const samples = (this.#settings.frameDurationMs / 1_000) * HEADER_RATE;
    this.#encode(encoder, new Uint8Array(samples * format.channelCount * BYTES_PER_VALUE), HEADER_RATE);
    this.#drain(encoder, () => {
      if (this.#preSkip === undefined) throw new Error("It does not say how many samples come before the first one.");
      if (this.#preSkip >= this.#packetSamples) {
        throw new Error(`It begins with ${this.#preSkip} samples of nothing, more than a packet has.`);
      }
    });
  }

  #work(): void {
    const encoder = this.#encoder;
    while (encoder !== undefined && !this.#draining) {
      const item = this.#queue[0];
      if (item === undefined) return;
      const joins =
        !isWaiter(item) && !isWithheld(item) && (this.#run === undefined || item.position === this.#run.next);
      if (this.#run !== undefined && !joins) {
        this.#endRun(encoder, this.#run);
        return;
      }
      this.#queue.shift();
      if (isWaiter(item)) item.resolve();
      else this.#take(encoder, item);
    }
  }

  #take(encoder: AudioEncoder, frame: SampleFrame): void {
    const { sampleRate, channelCount } = this.#format;
    this.#queuedSamples -= frame.sampleCount;
    // It passes in its turn, and ends the run.
    if (isWithheld(frame)) {
      this.#observer.onFrame(frame);
      return;
    }
    this.#run ??= new OpusRun(frame.position, {
      sampleRate,
      channelCount,
      packetSamples: this.#packetSamples,
      preSkip: this.#preSkip ?? 0,
    });
    this.#run.push(frame, (block) => this.#encode(encoder, block));
  }

  #endRun(encoder: AudioEncoder, run: OpusRun): void {
    run.finish((block) => this.#encode(encoder, block));
    this.#drain(encoder, () => {
      if (!run.isComplete) throw new Error("It did not give back all that it was given.");
      this.#run = undefined;
    });
  }

  /** Brings out what the encoder holds, and begins with a new one. @param check throws when that went wrong. */
  #drain(encoder: AudioEncoder, check: () => void): void {
    this.#draining = true;
    encoder.flush().then(
      () => {
        if (this.#closed) return;
        this.#guard(() => {
          check();
          encoder.reset();
          encoder.configure(encoderConfig(this.#format, this.#settings));
          this.#encodedBlocks = 0;
          this.#draining = false;
          this.#work();
        });
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #encode(encoder: AudioEncoder, block: Bytes, sampleRate = this.#format.sampleRate): void {
    const { channelCount } = this.#format;
    const data = new AudioData({
      format: "f32",
      sampleRate,
      numberOfFrames: block.byteLength / (channelCount * BYTES_PER_VALUE),
      numberOfChannels: channelCount,
      timestamp: this.#encodedBlocks * this.#settings.frameDurationMs * 1_000,
      data: block,
    });
    this.#encodedBlocks += 1;
    encoder.encode(data);
    data.close();
  }

  #takePacket(chunk: EncodedAudioChunk, metadata: EncodedAudioChunkMetadata | undefined): void {
    if (this.#closed) return;
    this.#preSkip ??= preSkipOf(metadata, this.#format.sampleRate);
    const payload = new Uint8Array(chunk.byteLength);
    chunk.copyTo(payload);
    const durationMs = opusPacketDurationMs(payload);
    if (durationMs !== this.#settings.frameDurationMs || payload.byteLength > MAX_OPUS_PACKET_BYTES) {
      throw new Error(`It made a packet of ${durationMs} ms and ${payload.byteLength} bytes.`);
    }
    const frame = this.#run?.take(payload);
    if (frame !== undefined) this.#observer.onFrame(frame);
  }

  #checkProgress(): void {
    const behind = this.#queuedSamples + (this.#encoder?.encodeQueueSize ?? 0) * this.#packetSamples;
    if (behind > (MAX_BEHIND_MS / 1_000) * this.#format.sampleRate) {
      throw new Error(`It is more than ${MAX_BEHIND_MS / 1_000} seconds behind.`);
    }
  }

  /** What throws here is the encoder's doing. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#closed) return;
    this.close();
    this.#observer.onError(encoderFailed(error));
  }
}

const isWaiter = (item: SampleFrame | Deferred<void>): item is Deferred<void> => "resolve" in item;

/** From the Opus header that comes with the first packet, in samples at the audio's rate. */
function preSkipOf(metadata: EncodedAudioChunkMetadata | undefined, sampleRate: number): number | undefined {
  const description = metadata?.decoderConfig?.description;
  if (description === undefined) return undefined;
  const view = ArrayBuffer.isView(description)
    ? new DataView(description.buffer, description.byteOffset, description.byteLength)
    : new DataView(description);
  if (view.byteLength < HEADER_PRE_SKIP_OFFSET + 2) return undefined;
  return Math.round((view.getUint16(HEADER_PRE_SKIP_OFFSET, true) * sampleRate) / HEADER_RATE);
}

function encoderFailed(cause: unknown): AudioStreamError<"encoder-failed"> {
  return new AudioStreamError(
    "encoder-failed",
    `The browser's Opus encoder failed: ${sentenceOf(cause)} Use encoding "pcm_s16le" where this goes on.`,
    { details: undefined, cause },
  );
}
