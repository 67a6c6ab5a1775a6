/**
 * Bytes that gather in one piece of memory, which grows when it must and is used again and again: a new piece for each
 * batch would have to be filled with zeros, mapped and collected.
 */
export class GrowingBytes<Memory extends ArrayBufferLike = ArrayBuffer> {
  readonly #make: (bytes: number) => Memory;
  #memory: Uint8Array<Memory>;
  #used = 0;

  /** @param leastBytes for which there is room from the start. */
  constructor(make: (bytes: number) => Memory, leastBytes: number) {
    this.#make = make;
    this.#memory = new Uint8Array(make(leastBytes));
  }

  get byteLength(): number {
    return this.#used;
  }

  /** Copies the piece behind what is there. */
  append(piece: Uint8Array): void {
    const from = this.#used;
    const to = from + piece.byteLength;
    if (to > this.#memory.byteLength) {
      const larger = new Uint8Array(this.#make(Math.max(to, 2 * this.#memory.byteLength)));
      larger.set(this.#memory.subarray(0, from));
      this.#memory = larger;
    }
    this.#memory.set(piece, from);
    this.#used = to;
  }

  /** A view of what is there, good until {@link clear}. What is appended later may lie in other memory. */
  subarray(from = 0, to = this.#used): Uint8Array<Memory> {
    return this.#memory.subarray(from, to);
  }

  /** Begins anew with the same memory, which nobody may be reading any more. */
  clear(): void {
    this.#used = 0;
  }
}

/** Bytes that a thread reads while this one waits for it, without a copy on the way. */
export const sharedBytes = (): GrowingBytes<SharedArrayBuffer> =>
  new GrowingBytes((bytes) => new SharedArrayBuffer(bytes), 65_536);

/** @param leastBytes for which there is room from the start. */
export const ownBytes = (leastBytes: number): GrowingBytes =>
  new GrowingBytes((bytes) => new ArrayBuffer(bytes), leastBytes);

/** How many bytes the pieces have together. */
export function totalBytes(pieces: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const piece of pieces) bytes += piece.byteLength;
  return bytes;
}
