import type { AudioFormat } from "../../capture/source.js";
import type { WireAudioFrame } from "../../protocol/audio-frame.js";
import { OggOpusFile, OPUS_RATE } from "./ogg-opus-file.js";
import { encoderRate } from "./sample-encoder.js";

/** What a packet adds to its file at most, in bytes: the lengths of a very large one, and the head of a new page. */
const PACKET_OVERHEAD_BYTES = 43;

/** Silence that no encoder makes. */
interface Leap {
  /** Which position it follows, at the encoder's rate, other such silence not counted. */
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

  /** How far the encoder's packets go, at its rate, silence of no encoder not counted. */
  get to(): number {
    return this.#to;
  }

  get byteLength(): number {
    return this.#file.byteLength;
  }

  /** How many seconds it has, all silence included. */
  get seconds(): number {
    return Math.max(0, this.#file.sampleCount) / OPUS_RATE;
  }

  /** Silence is to follow the first packet that goes so far. */
  leapAt(position: number, seconds: number): void {
    this.#leaps.push({ at: Math.floor(position * this.#ratio), seconds });
  }

  /** @returns whether there was room for it, and for the silence that follows it. */
  push({ payload, position, sampleCount }: WireAudioFrame): boolean {
    if (!this.#hasRoom(payload.byteLength + PACKET_OVERHEAD_BYTES)) return false;
    this.#file.push(payload, (sampleCount * OPUS_RATE) / encoderRate(this.#format.sampleRate));
    this.#to = position + sampleCount;
    const [leap] = this.#leaps;
    if (leap === undefined || this.#to < leap.at) return true;
    if (!this.#hasRoom(OggOpusFile.silenceBytes(leap.seconds))) return false;
    this.#leaps.shift();
    this.#file.pushSilence(leap.seconds);
    return true;
  }

  /** Another one that begins with the same, and grows by itself. */
  copy(): WrittenPackets {
    const copy = new WrittenPackets(this.#format, this.#maxBytes, this.#file.copy());
    copy.#leaps.push(...this.#leaps);
    copy.#to = this.#to;
    return copy;
  }

  /** @param end position of the audio's end, all silence included; by default that of the packets. */
  toBlob(end?: number): Blob {
    return this.#file.toBlob(end === undefined ? undefined : Math.round((end * OPUS_RATE) / this.#format.sampleRate));
  }

  #hasRoom(bytes: number): boolean {
    return this.#file.byteLength + bytes <= this.#maxBytes;
  }

  get #ratio(): number {
    const { sampleRate } = this.#format;
    return encoderRate(sampleRate) / sampleRate;
  }
}
