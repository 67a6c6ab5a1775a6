import { BytePool } from "./byte-pool.js";

/** Where memory comes from. */
interface Source<Memory extends ArrayBufferLike> {
  take(leastBytes: number): Uint8Array<Memory>;
  give(memory: Uint8Array<Memory>): void;
  readonly none: Uint8Array<Memory>;
}

/** Bytes that gather in one piece of memory, which grows when it must and is used again and again. */
export class GrowingBytes<Memory extends ArrayBufferLike = ArrayBuffer> {
  readonly #source: Source<Memory>;
  /** `undefined` until something is appended. */
  #memory: Uint8Array<Memory> | undefined;
  #used = 0;
  /** How much there was when the memory was let go of: most likely there will be as much again. */
  #usual = 0;

  constructor(source: Source<Memory>) {
    this.#source = source;
  }

  get byteLength(): number {
    return this.#used;
  }

  /** Copies the piece behind what is there. */
  append(piece: Uint8Array): void {
    const from = this.#used;
    const to = from + piece.byteLength;
    const memory = this.#withRoomFor(to);
    memory.set(piece, from);
    this.#used = to;
  }

  #withRoomFor(bytes: number): Uint8Array<Memory> {
    const memory = this.#memory;
    if (memory !== undefined && bytes <= memory.byteLength) return memory;
    const larger = this.#source.take(Math.max(bytes, memory === undefined ? this.#usual : 2 * memory.byteLength));
    if (memory !== undefined) {
      larger.set(memory.subarray(0, this.#used));
      this.#source.give(memory);
    }
    this.#memory = larger;
    return larger;
  }

  /** A view of what is there, good until {@link clear}. What is appended later may lie in other memory. */
  subarray(from = 0, to = this.#used): Uint8Array<Memory> {
    return (this.#memory ?? this.#source.none).subarray(from, to);
  }

  /** Begins anew with the same memory, which nobody may be reading any more. */
  clear(): void {
    this.#used = 0;
  }

  /** Begins anew, and lets others use the memory, which nobody may be reading any more. */
  release(): void {
    this.#usual = this.#used;
    this.#used = 0;
    if (this.#memory !== undefined) this.#source.give(this.#memory);
    this.#memory = undefined;
  }
}

const LEAST_SHARED_BYTES = 65_536;

/** Bytes that a thread reads while this one waits for it, without a copy on the way. */
export const sharedBytes = (): GrowingBytes<SharedArrayBuffer> =>
  new GrowingBytes({
    take: (bytes) => new Uint8Array(new SharedArrayBuffer(Math.max(bytes, LEAST_SHARED_BYTES))),
    give: () => {},
    none: new Uint8Array(new SharedArrayBuffer(0)),
  });

/** What all {@link pooledBytes} share. */
export const bytePool = new BytePool();

/** Bytes whose memory is everybody's while there are none. */
export const pooledBytes = (): GrowingBytes => new GrowingBytes(bytePool);

/** How many bytes the pieces have together. */
export function totalBytes(pieces: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const piece of pieces) bytes += piece.byteLength;
  return bytes;
}
