/** The smallest memory that is taken. */
const MIN_CAPACITY = 16_384;

/**
 * Bytes that leave in the order in which they came, in one piece of memory that is used in a circle. An address counts all
 * bytes that ever came before, so it stays right if the memory grows. The memory doubles up to the limit, because most
 * streams never need the 4 MiB that are allowed by default; it is kept from then on, so a ring at its size makes no garbage.
 */
export class ByteRing {
  readonly #limit: number;
  #memory = new Uint8Array(0);
  /** Addresses of the oldest byte and behind the newest. */
  #start = 0;
  #end = 0;

  /** @param limit of the memory; a single piece may be larger. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#end - this.#start;
  }

  /** Copies a piece in behind all others. @returns its address. */
  append(piece: Uint8Array): number {
    const needed = this.length + piece.length;
    if (needed > this.#memory.length) this.#grow(needed);
    const address = this.#end;
    const at = address % this.#memory.length;
    const room = this.#memory.length - at;
    if (piece.length <= room) this.#memory.set(piece, at);
    else {
      this.#memory.set(piece.subarray(0, room), at);
      this.#memory.set(piece.subarray(room));
    }
    this.#end += piece.length;
    return address;
  }

  /** Copies `length` bytes from an address on into `target`. */
  read(address: number, length: number, target: Uint8Array, targetOffset: number): void {
    const memory = this.#memory;
    let at = address % memory.length;
    // Byte by byte, since a view of the memory would be garbage the moment after.
    for (let index = 0; index < length; index += 1) {
      target[targetOffset + index] = memory[at] ?? 0;
      at += 1;
      if (at === memory.length) at = 0;
    }
  }

  /** Frees all bytes before an address. */
  freeTo(address: number): void {
    this.#start = address;
  }

  /** Frees everything, the memory too. */
  clear(): void {
    this.#start = this.#end;
    this.#memory = new Uint8Array(0);
  }

  #grow(needed: number): void {
    const doubled = Math.min(Math.max(MIN_CAPACITY, 2 * this.#memory.length), this.#limit);
    const memory = new Uint8Array(Math.max(needed, doubled));
    const held = new Uint8Array(this.length);
    this.read(this.#start, held.length, held, 0);
    this.#memory = memory;
    this.#end = this.#start;
    this.append(held);
  }
}
