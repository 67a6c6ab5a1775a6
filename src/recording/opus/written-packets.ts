import type { AudioFormat } from "../../capture/source.js";
import type { WireAudioFrame } from "../../protocol/audio-frame.js";
import { OggOpusFile, OPUS_RATE, PACKET_MS } from "./ogg-opus-file.js";
import { encoderRate } from "./sample-encoder.js";

/** Where the packet that came out is repeated. */
interface Leap {
  /** A position at the encoder's rate, repetitions not counted. */
  readonly at: number;
  readonly seconds: number;
}

/** An encoder's packets in a file, and the silence between them that no encoder made. */
export class WrittenPackets {
  readonly #format: AudioFormat;
  readonly #maxBytes: number;
  readonly #file: OggOpusFile;
  /** Those that are still to come, in order. */
  readonly #leaps: Leap[] = [];
  #to = 0;

  /** @param maxBytes which the file will not exceed, its two first pages not counted. */
  constructor(format: AudioFormat, maxBytes: number, file: OggOpusFile) {
    this.#format = format;
    this.#maxBytes = maxBytes;
    this.#file = file;
  }

  /** How far its packets go, at the encoder's rate, repetitions not counted. */
  get to(): number {
    return this.#to;
  }

  get byteLength(): number {
    return this.#file.byteLength;
  }

  /** How many seconds it has, repetitions included. */
  get seconds(): number {
    return Math.max(0, this.#file.sampleCount) / OPUS_RATE;
  }

  /** The packet that is the first one to go so far is to be repeated. */
  repeatAt(position: number, seconds: number): void {
    this.#leaps.push({ at: Math.floor(position * this.#ratio), seconds });
  }

  /** @returns whether there was room for it, and for its repetitions. */
  push({ payload, position, sampleCount }: WireAudioFrame): boolean {
    if (!this.#hasRoom(payload, PACKET_MS / 1_000)) return false;
    this.#file.push(payload, (sampleCount * OPUS_RATE) / encoderRate(this.#format.sampleRate));
    this.#to = position + sampleCount;
    const [leap] = this.#leaps;
    if (leap === undefined || this.#to < leap.at) return true;
    if (!this.#hasRoom(payload, leap.seconds)) return false;
    this.#leaps.shift();
    this.#file.repeat(payload, leap.seconds);
    return true;
  }

  /** Another one that begins with the same, and grows by itself. */
  copy(): WrittenPackets {
    const copy = new WrittenPackets(this.#format, this.#maxBytes, this.#file.copy());
    copy.#leaps.push(...this.#leaps);
    copy.#to = this.#to;
    return copy;
  }

  /** @param end position of the audio's end, repetitions included; by default that of the packets. */
  toBlob(end?: number): Blob {
    return this.#file.toBlob(end === undefined ? undefined : Math.round((end * OPUS_RATE) / this.#format.sampleRate));
  }

  #hasRoom(packet: WireAudioFrame["payload"], seconds: number): boolean {
    return this.#file.byteLength + OggOpusFile.repeatedBytes(packet, seconds) <= this.#maxBytes;
  }

  get #ratio(): number {
    const { sampleRate } = this.#format;
    return encoderRate(sampleRate) / sampleRate;
  }
}
