import type { Bytes } from "../protocol/bytes.js";

/** Bytes that are put into one blob: the browser may move blobs to the disk, and bytes not. */
export const BLOB_BYTES = 262_144;

/** A file that grows at its end. */
export class GrowingBlob {
  readonly #parts: Blob[] = [];
  /** What is not in a blob yet. */
  #loose: Bytes[] = [];
  #looseBytes = 0;
  #byteLength = 0;

  get byteLength(): number {
    return this.#byteLength;
  }

  /** @param bytes which must not change afterwards. */
  push(bytes: Bytes): void {
    this.#loose.push(bytes);
    this.#looseBytes += bytes.byteLength;
    this.#byteLength += bytes.byteLength;
    if (this.#looseBytes >= BLOB_BYTES) this.#pack();
  }

  /** @param blob which may be the same many times, since it takes its room only once. */
  pushBlob(blob: Blob): void {
    this.#pack();
    this.#parts.push(blob);
    this.#byteLength += blob.size;
  }

  /** What it consists of by now. */
  parts(): readonly Blob[] {
    this.#pack();
    return [...this.#parts];
  }

  /** Another one that begins with the same, and grows by itself. */
  copy(): GrowingBlob {
    const copy = new GrowingBlob();
    for (const part of this.parts()) copy.pushBlob(part);
    return copy;
  }

  #pack(): void {
    if (this.#looseBytes === 0) return;
    this.#parts.push(new Blob(this.#loose));
    this.#loose = [];
    this.#looseBytes = 0;
  }
}
