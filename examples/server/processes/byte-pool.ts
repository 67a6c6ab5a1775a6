/** Pieces of memory come in these sizes, each twice the one before. */
const LEAST_BYTES = 4_096;
const SIZES = 6;
/** Memory that is kept for later; what is given back beyond it is collected. */
const MAX_KEPT_BYTES = 256 * 2 ** 20;
/** How often is looked at what nobody needs: less than half a second, since timers may come a moment too early. */
const LOOK_MS = 400;
/**
 * While memory of a size is in use, at each look no more than one in so many goes: what a few hundred milliseconds do not
 * need, the next ones may, and new memory costs more than a frame does.
 */
const FORGET_ONE_IN = 16;

/**
 * Memory for audio that waits a fraction of a second, shared by all sessions, so that one in which nobody speaks holds none.
 * New memory for each piece would have to be filled with zeros, mapped and collected.
 */
export class BytePool {
  /** Stands for memory where there is none. */
  readonly none = new Uint8Array(0);
  readonly #kept: Uint8Array<ArrayBuffer>[][] = Array.from({ length: SIZES }, () => []);
  readonly #maxKeptBytes: number;
  #keptBytes = 0;
  /** The fewest pieces of each size that were here since the last look, and between the two before: nobody has needed those. */
  readonly #unused = this.#kept.map(() => 0);
  readonly #unusedBefore = this.#kept.map(() => 0);
  /** Whether any of each size has been taken since the last look. */
  readonly #isInUse = this.#kept.map(() => false);
  #lookedAt = 0;

  constructor(maxKeptBytes = MAX_KEPT_BYTES) {
    this.#maxKeptBytes = maxKeptBytes;
  }

  /** @returns memory of that size or more, with anything in it. */
  take(leastBytes: number): Uint8Array<ArrayBuffer> {
    const size = sizeFor(leastBytes);
    if (size < SIZES) this.#isInUse[size] = true;
    const memory = this.#kept[size]?.pop();
    if (memory === undefined) return new Uint8Array(Math.max(leastBytes, LEAST_BYTES * 2 ** size));
    this.#keptBytes -= memory.byteLength;
    this.#unused[size] = Math.min(this.#unused[size] ?? 0, this.#kept[size]?.length ?? 0);
    return memory;
  }

  /** Takes memory back that came from {@link take} and that nobody uses any more. */
  give(memory: Uint8Array<ArrayBuffer>): void {
    const { byteLength } = memory;
    const kept = this.#kept[sizeFor(byteLength)];
    if (kept === undefined || this.#keptBytes + byteLength > this.#maxKeptBytes) return;
    this.#keptBytes += byteLength;
    kept.push(memory);
  }

  /**
   * Lets go of what nobody has needed between three looks, so that a crowd that is gone, or silent, leaves nothing behind. A
   * server that is slow needs longer than one of them until everybody has written. To be called now and then.
   */
  forgetUnused(now: number): void {
    if (now < this.#lookedAt + LOOK_MS) return;
    this.#lookedAt = now;
    for (const [size, pieces] of this.#kept.entries()) {
      const unused = this.#unused[size] ?? 0;
      const unneeded = Math.min(unused, this.#unusedBefore[size] ?? 0);
      const forgotten = pieces.splice(0, this.#isInUse[size] ? Math.ceil(unneeded / FORGET_ONE_IN) : unneeded);
      this.#isInUse[size] = false;
      for (const { byteLength } of forgotten) this.#keptBytes -= byteLength;
      this.#unusedBefore[size] = unused - forgotten.length;
      this.#unused[size] = pieces.length;
    }
  }
}

/** {@link SIZES} or more for what is too large to be kept. */
const sizeFor = (bytes: number): number => Math.max(0, Math.ceil(Math.log2(bytes / LEAST_BYTES)));
