import { AudioFrameFlag } from "../../protocol/audio-frame.js";
import type { Bytes } from "../../protocol/bytes.js";

/** Samples as sources deliver them: 32-bit floats, little-endian, channels interleaved. */
export interface SampleFrame {
  readonly payload: Bytes;
  /** Of the first sample. */
  readonly position: number;
  readonly sampleCount: number;
  /** Of the first sample, in milliseconds on the `performance.now()` clock. */
  readonly timestamp: DOMHighResTimeStamp;
  /** As on the wire: `AudioFrameFlag.muted`. */
  readonly flags: number;
}

/** One Opus packet, and which samples it is the audio of. */
export interface OpusFrame {
  readonly payload: Bytes;
  readonly position: number;
  readonly sampleCount: number;
  /** Of the sample at `position`, in milliseconds on the `performance.now()` clock. */
  readonly timestamp: DOMHighResTimeStamp;
  /** As on the wire: `AudioFrameFlag.restart` where the encoder was new, `AudioFrameFlag.muted` where all of it is muted. */
  readonly flags: number;
}

export interface OpusRunOptions {
  readonly sampleRate: number;
  readonly channelCount: number;
  /** Samples that a packet decodes to. */
  readonly packetSamples: number;
  /** Samples that the decoder gives before the first one that went into the encoder; fewer than a packet has. */
  readonly preSkip: number;
}

type BlockSink = (block: Bytes) => void;

/** A piece of input, remembered until its packets are out. */
type Span = Omit<SampleFrame, "payload">;

const BYTES_PER_VALUE = 4;

/**
 * The account of audio without a break that goes through one encoder: cuts what comes into blocks of a packet's length,
 * pads the last so that the encoder gives back every sample, and tells for each packet which samples it is.
 */
export class OpusRun {
  readonly #options: OpusRunOptions;
  readonly #start: number;
  readonly #bytesPerSample: number;
  readonly #block: Bytes;
  readonly #spans: Span[] = [];
  /** Bytes in the block. */
  #filled = 0;
  #samples = 0;
  #blocks = 0;
  #packets = 0;
  /** Silence that went into the encoder before the audio. */
  #lead = 0;

  /** @param start position of the first sample. */
  constructor(start: number, options: OpusRunOptions) {
    this.#options = options;
    this.#start = start;
    this.#bytesPerSample = BYTES_PER_VALUE * options.channelCount;
    this.#block = new Uint8Array(options.packetSamples * this.#bytesPerSample);
  }

  /** Position of the sample that follows. */
  get next(): number {
    return this.#start + this.#samples;
  }

  /** Whether every sample has come out. */
  get isComplete(): boolean {
    return this.#endOfPacket(this.#packets - 1) >= this.#lead + this.#samples;
  }

  /** Takes a frame that follows. @param encode is given each full block inside the call; its bytes are used again. */
  push(frame: SampleFrame, encode: BlockSink): void {
    const { position, sampleCount, timestamp, flags } = frame;
    this.#spans.push({ position, sampleCount, timestamp, flags });
    this.#samples += sampleCount;
    this.#fill(frame.payload, encode);
  }

  /** Nothing follows: pads, so that all of it comes out. */
  finish(encode: BlockSink): void {
    const { packetSamples, preSkip } = this.#options;
    if (this.#blocks === 0 && this.#samples + preSkip <= packetSamples) {
      // The audio of a run's first packet is at its end, also where it is its last one.
      this.#lead = packetSamples - preSkip - this.#samples;
      this.#block.copyWithin(this.#lead * this.#bytesPerSample, 0, this.#filled);
      this.#block.fill(0, 0, this.#lead * this.#bytesPerSample);
      this.#filled += this.#lead * this.#bytesPerSample;
    }
    while (this.#blocks * packetSamples - preSkip < this.#lead + this.#samples) {
      this.#block.fill(0, this.#filled);
      this.#emit(encode);
    }
  }

  /** The packet that came out next; `undefined` for one that has no audio. */
  take(payload: Bytes): OpusFrame | undefined {
    const packet = this.#packets;
    this.#packets += 1;
    const from = Math.max(this.#lead, this.#endOfPacket(packet - 1)) - this.#lead + this.#start;
    const to = Math.min(this.#endOfPacket(packet) - this.#lead, this.#samples) + this.#start;
    if (to <= from) return undefined;
    const restart = packet === 0 ? AudioFrameFlag.restart : 0;
    return { payload, position: from, sampleCount: to - from, ...this.#describe(from, to, restart) };
  }

  #fill(bytes: Bytes, encode: BlockSink): void {
    for (let taken = 0; taken < bytes.byteLength; ) {
      const part = bytes.subarray(taken, taken + this.#block.byteLength - this.#filled);
      this.#block.set(part, this.#filled);
      this.#filled += part.byteLength;
      taken += part.byteLength;
      if (this.#filled === this.#block.byteLength) this.#emit(encode);
    }
  }

  #emit(encode: BlockSink): void {
    this.#filled = 0;
    this.#blocks += 1;
    encode(this.#block);
  }

  /** How many of the encoder's input samples have come out once this packet has. */
  #endOfPacket(packet: number): number {
    return (packet + 1) * this.#options.packetSamples - this.#options.preSkip;
  }

  /** What the input said of the samples, which is forgotten then. */
  #describe(from: number, to: number, flags: number): Pick<OpusFrame, "timestamp" | "flags"> {
    const first = this.#spans[0];
    const sinceSpan = from - (first?.position ?? from);
    const timestamp = (first?.timestamp ?? 0) + (1_000 * sinceSpan) / this.#options.sampleRate;
    let muted: number = AudioFrameFlag.muted;
    for (let span = this.#spans[0]; span !== undefined && span.position < to; span = this.#spans[0]) {
      muted &= span.flags;
      if (span.position + span.sampleCount > to) break;
      this.#spans.shift();
    }
    return { timestamp, flags: flags | muted };
  }
}
