import type { AudioFormat, AudioFrame } from "../capture/source.js";
import type { AudioRange } from "../internal/range-set.js";
import { silenceByte } from "../protocol/audio-frame.js";
import { blockBytesOf, wavHeader } from "./wav-header.js";

/** Audio that is put into one blob, in bytes: the browser may move blobs to the disk, and bytes not. */
const BLOB_BYTES = 262_144;

/** What of a frame is kept. A payload without bytes is of a frame that is not to be heard. */
export type RecordedFrame = Pick<AudioFrame, "position" | "sampleCount" | "payload">;

/** Samples without a break, or the length of a gap in bytes. */
type Part = Blob | number;

/** What was captured, by position: each sample once, silence where none was. */
export class RecordedAudio {
  readonly format: AudioFormat;
  readonly #maxBytes: number;
  readonly #blockBytes: number;
  readonly #parts: Part[] = [];
  readonly #gaps: AudioRange[] = [];
  /** What is not in a blob yet. */
  #loose: Uint8Array<ArrayBuffer>[] = [];
  #looseBytes = 0;
  #end = 0;
  #isFull = false;

  constructor(format: AudioFormat, maxBytes: number) {
    this.format = format;
    this.#maxBytes = maxBytes;
    this.#blockBytes = blockBytesOf(format);
  }

  /** Position after the last sample. */
  get end(): number {
    return this.#end;
  }

  /** Where silence stands for what was not captured, in order. */
  get gaps(): readonly AudioRange[] {
    return this.#gaps;
  }

  get byteLength(): number {
    return this.#end * this.#blockBytes;
  }

  /** Whether nothing more is kept, because it would be more than is allowed. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** Takes a frame. What it has of samples that are there already is left out. */
  push({ position, sampleCount, payload }: RecordedFrame): void {
    const to = position + sampleCount;
    if (this.#isFull || payload.byteLength === 0 || to <= this.#end) return;
    if (to * this.#blockBytes > this.#maxBytes) {
      this.#isFull = true;
      return;
    }
    if (position > this.#end) this.#skip({ from: this.#end, to: position });
    const fresh = payload.subarray((this.#end - position) * this.#blockBytes);
    this.#loose.push(fresh as Uint8Array<ArrayBuffer>);
    this.#looseBytes += fresh.byteLength;
    this.#end = to;
    if (this.#looseBytes >= BLOB_BYTES) this.#pack();
  }

  toWav(): Blob {
    this.#pack();
    const { byteLength } = this;
    const silence = new Blob([new Uint8Array(BLOB_BYTES).fill(silenceByte(this.format.encoding))]);
    const silent = (bytes: number): Blob[] => [
      ...Array.from({ length: Math.floor(bytes / BLOB_BYTES) }, () => silence),
      silence.slice(0, bytes % BLOB_BYTES),
    ];
    const parts = this.#parts.flatMap((part) => (typeof part === "number" ? silent(part) : part));
    const padding = new Uint8Array(byteLength % 2);
    return new Blob([wavHeader(this.format, byteLength), ...parts, padding], { type: "audio/wav" });
  }

  #skip(gap: AudioRange): void {
    this.#pack();
    this.#gaps.push(gap);
    this.#parts.push((gap.to - gap.from) * this.#blockBytes);
    this.#end = gap.to;
  }

  #pack(): void {
    if (this.#looseBytes === 0) return;
    this.#parts.push(new Blob(this.#loose));
    this.#loose = [];
    this.#looseBytes = 0;
  }
}
