import type { AudioFormat } from "../capture/source.js";
import type { AudioRange } from "../internal/range-set.js";
import { silenceByte } from "../protocol/audio-frame.js";
import { BLOB_BYTES, GrowingBlob } from "./growing-blob.js";
import type { KeptAudio, OnIncomplete, RecordedFrame } from "./kept-audio.js";
import { full } from "./recording-errors.js";
import { blockBytesOf, wavHeader } from "./wav-header.js";

/** What was captured, as it is: a WAV file. */
export class RecordedAudio implements KeptAudio {
  readonly #format: AudioFormat;
  readonly #maxBytes: number;
  readonly #onIncomplete: OnIncomplete;
  readonly #blockBytes: number;
  readonly #samples = new GrowingBlob();
  readonly #gaps: AudioRange[] = [];
  /** Made with the first gap. */
  #silence: Blob | undefined;
  #end = 0;
  #isFull = false;

  constructor(format: AudioFormat, maxBytes: number, onIncomplete: OnIncomplete) {
    this.#format = format;
    this.#maxBytes = maxBytes;
    this.#onIncomplete = onIncomplete;
    this.#blockBytes = blockBytesOf(format);
  }

  get end(): number {
    return this.#end;
  }

  get gaps(): readonly AudioRange[] {
    return this.#gaps;
  }

  get byteLength(): number {
    return this.#end * this.#blockBytes;
  }

  push({ position, sampleCount, payload }: RecordedFrame): void {
    const to = position + sampleCount;
    if (this.#isFull || payload.byteLength === 0 || to <= this.#end) return;
    if (to * this.#blockBytes > this.#maxBytes) {
      this.#isFull = true;
      this.#onIncomplete(full(this.#maxBytes));
      return;
    }
    if (position > this.#end) this.#skip({ from: this.#end, to: position });
    this.#samples.push(payload.subarray((this.#end - position) * this.#blockBytes));
    this.#end = to;
  }

  async toBlob(): Promise<Blob> {
    const { byteLength } = this;
    const padding = new Uint8Array(byteLength % 2);
    const parts = [wavHeader(this.#format, byteLength), ...this.#samples.parts(), padding];
    return new Blob(parts, { type: "audio/wav" });
  }

  finish(): void {
    // Nothing is held but what is kept.
  }

  #skip(gap: AudioRange): void {
    this.#gaps.push(gap);
    this.#silence ??= new Blob([new Uint8Array(BLOB_BYTES).fill(silenceByte(this.#format.encoding))]);
    for (let left = (gap.to - gap.from) * this.#blockBytes; left > 0; left -= BLOB_BYTES) {
      this.#samples.pushBlob(left < BLOB_BYTES ? this.#silence.slice(0, left) : this.#silence);
    }
    this.#end = gap.to;
  }
}
