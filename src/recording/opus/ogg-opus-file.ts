import type { AudioFormat } from "../../capture/source.js";
import type { Bytes } from "../../protocol/bytes.js";
import { GrowingBlob } from "../growing-blob.js";
import { MAX_SEGMENTS, OggPageFlag, oggPage, segmentsOf } from "./ogg-page.js";

/** At which Opus counts, whatever the audio's rate. */
export const OPUS_RATE = 48_000;
export const PACKET_MS = 20;
/** Samples that a packet decodes to. */
const PACKET_SAMPLES = (OPUS_RATE * PACKET_MS) / 1_000;
/** A second: a page that takes longer makes seeking slow, and more pages make the file larger. */
const PACKETS_PER_PAGE = 1_000 / PACKET_MS;
const HEAD_PAGES = 2;
const PAGE_HEAD_BYTES = 27;
/** 20 ms in the codec's part for music, of one channel, which says that it is silent: also good between packets of two channels. */
const SILENT_PACKET = [0xf8, 0xff, 0xfe];

/** Opus packets of 20 ms as a file: RFC 7845 in pages of RFC 3533, one logical stream without a break. */
export class OggOpusFile {
  readonly #format: AudioFormat;
  readonly #serial: number;
  readonly #sealed: GrowingBlob;
  /** Packets of the current page, which is held back because it may be the last one. */
  #packets: readonly Bytes[] = [];
  #packetBytes = 0;
  #segments = 0;
  #pages = HEAD_PAGES;
  #packetCount = 0;
  #preSkip = 0;

  /** @param serial any number of 32 bits. */
  constructor(format: AudioFormat, serial: number, sealed = new GrowingBlob()) {
    this.#format = format;
    this.#serial = serial;
    this.#sealed = sealed;
  }

  /** Bytes of its packets and their pages by now. */
  get byteLength(): number {
    if (this.#packetCount === 0) return 0;
    return this.#sealed.byteLength + PAGE_HEAD_BYTES + this.#packetBytes + this.#segments;
  }

  /** What all packets decode to, without what comes before the first sample that counts: samples at 48 kHz. */
  get sampleCount(): number {
    return this.#packetCount * PACKET_SAMPLES - this.#preSkip;
  }

  /** @param sampleCount of the packet, at 48 kHz: of the first one less than it decodes to, since the codec runs in. */
  push(packet: Bytes, sampleCount: number): void {
    if (this.#packetCount === 0) this.#preSkip = PACKET_SAMPLES - sampleCount;
    if (this.#packets.length >= PACKETS_PER_PAGE || this.#segments + segmentsOf(packet) > MAX_SEGMENTS) this.#seal();
    this.#add([packet]);
  }

  /** Silence that no encoder made. */
  pushSilence(seconds: number): void {
    const page = Array<Bytes>(PACKETS_PER_PAGE).fill(Uint8Array.from(SILENT_PACKET));
    for (let second = 0; second < seconds; second += 1) {
      this.#seal();
      this.#add(page);
    }
  }

  /** Bytes that so much silence takes. */
  static silenceBytes(seconds: number): number {
    return seconds * (PAGE_HEAD_BYTES + PACKETS_PER_PAGE * (SILENT_PACKET.length + 1));
  }

  /** Another one that begins with the same, and grows by itself. */
  copy(): OggOpusFile {
    const copy = new OggOpusFile(this.#format, this.#serial, this.#sealed.copy());
    copy.#packets = this.#packets;
    copy.#packetBytes = this.#packetBytes;
    copy.#segments = this.#segments;
    copy.#pages = this.#pages;
    copy.#packetCount = this.#packetCount;
    copy.#preSkip = this.#preSkip;
    return copy;
  }

  /** @param sampleCount after how many samples at 48 kHz it ends, in its last packet: what that has beyond is not to be heard. */
  toBlob(sampleCount = this.sampleCount): Blob {
    const head = this.#page(OggPageFlag.first, 0, 0, [this.#idHeader()]);
    const comments = this.#page(0, 0, 1, [commentHeader()]);
    const last = this.#page(OggPageFlag.last, this.#preSkip + sampleCount, this.#pages, this.#packets);
    return new Blob([head, comments, ...this.#sealed.parts(), last], { type: "audio/ogg; codecs=opus" });
  }

  #add(packets: readonly Bytes[]): void {
    this.#packets = [...this.#packets, ...packets];
    this.#packetCount += packets.length;
    for (const packet of packets) {
      this.#packetBytes += packet.byteLength;
      this.#segments += segmentsOf(packet);
    }
  }

  #seal(): void {
    if (this.#packets.length === 0) return;
    this.#sealed.push(this.#page(0, this.#packetCount * PACKET_SAMPLES, this.#pages, this.#packets));
    this.#packets = [];
    this.#packetBytes = 0;
    this.#segments = 0;
    this.#pages += 1;
  }

  #page(flags: number, granule: number, sequence: number, packets: readonly Bytes[]): Bytes {
    return oggPage({ flags, granule, serial: this.#serial, sequence, packets });
  }

  /** RFC 7845, section 5.1. */
  #idHeader(): Bytes {
    const bytes = new Uint8Array(19);
    const view = new DataView(bytes.buffer);
    bytes.set(ascii("OpusHead"));
    bytes.set([1, this.#format.channelCount], 8);
    view.setUint16(10, this.#preSkip, true);
    // The rate of the audio before it was encoded, which is a hint only: positions in the file are at 48 kHz.
    view.setUint32(12, this.#format.sampleRate, true);
    return bytes;
  }
}

const VENDOR = "LoquiLex";

/** RFC 7845, section 5.2: who made it, and no comments. */
function commentHeader(): Bytes {
  const bytes = new Uint8Array(16 + VENDOR.length);
  bytes.set(ascii("OpusTags"));
  bytes[8] = VENDOR.length;
  bytes.set(ascii(VENDOR), 12);
  return bytes;
}

const ascii = (text: string): number[] => Array.from(text, (letter) => letter.charCodeAt(0));
