/** How much a {@link BoundedQueue} may hold, and how that is measured. */
export interface BoundedQueueOptions<T> {
  /** How much may wait, in the unit of `costOf`. */
  readonly maxCost: number;
  /** What one item counts: bytes, samples or, by default, 1. Must not change while the item waits. */
  readonly costOf?: ((item: T) => number) | undefined;
  /** Tells the time of a drop, in milliseconds. @defaultValue `performance.now()` */
  readonly now?: (() => number) | undefined;
}

/** Counts since the queue was made or cleared. */
export interface BoundedQueueMetrics {
  /** Items that have come so far. */
  readonly pushed: number;
  /** Items that were dropped so far. */
  readonly dropped: number;
  /** Those of them that were dropped since the metrics were read the last time. */
  readonly droppedSinceRead: number;
  /** When the last drop was, on the clock of `now`; `undefined` before the first. */
  readonly lastDropAt: number | undefined;
  /** Why: `"full"`, or what {@link BoundedQueue.discard} was told. */
  readonly lastDropReason: string | undefined;
  /** What waits now, in the unit of `costOf`. */
  readonly cost: number;
  /** The most that ever waited, in the unit of `costOf`. */
  readonly peakCost: number;
}

/**
 * First in, first out, never holding more than `maxCost`. A full queue drops its oldest items, and hands them back so
 * that the owner can say what was lost. One item larger than the bound is held alone.
 */
export class BoundedQueue<T> {
  readonly #maxCost: number;
  readonly #costOf: (item: T) => number;
  readonly #now: () => number;
  #items: (T | undefined)[] = [];
  /** Index of the oldest item; what lies before it has been taken. */
  #head = 0;
  #cost = 0;
  #pushed = 0;
  #dropped = 0;
  #droppedSinceRead = 0;
  #lastDrop: { readonly at: number; readonly reason: string } | undefined;
  #peakCost = 0;

  /** @throws RangeError when `maxCost` is not above 0. */
  constructor(options: BoundedQueueOptions<T>) {
    if (!(options.maxCost > 0)) throw new RangeError(`maxCost must be above 0, and is ${options.maxCost}.`);
    this.#maxCost = options.maxCost;
    this.#costOf = options.costOf ?? (() => 1);
    this.#now = options.now ?? (() => performance.now());
  }

  /** Items waiting. */
  get size(): number {
    return this.#items.length - this.#head;
  }

  /** What waits, in the unit of `costOf`. */
  get cost(): number {
    return this.#cost;
  }

  /** Reads the counts, and begins `droppedSinceRead` anew. */
  readMetrics(): BoundedQueueMetrics {
    const droppedSinceRead = this.#droppedSinceRead;
    this.#droppedSinceRead = 0;
    return {
      pushed: this.#pushed,
      dropped: this.#dropped,
      droppedSinceRead,
      lastDropAt: this.#lastDrop?.at,
      lastDropReason: this.#lastDrop?.reason,
      cost: this.#cost,
      peakCost: this.#peakCost,
    };
  }

  /** Takes the item, and returns those it drove out, oldest first. */
  push(item: T): readonly T[] {
    const cost = this.#costOf(item);
    const driven: T[] = [];
    while (this.size > 0 && this.#cost + cost > this.#maxCost) driven.push(this.shift() as T);
    this.#items.push(item);
    this.#cost += cost;
    this.#pushed += 1;
    this.#count(driven.length, "full");
    this.#peakCost = Math.max(this.#peakCost, this.#cost);
    return driven;
  }

  /** The oldest item, left in place. */
  peek(): T | undefined {
    return this.#items[this.#head];
  }

  /** Takes the oldest item out. */
  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const item = this.#items[this.#head] as T;
    this.#items[this.#head] = undefined;
    this.#head += 1;
    this.#cost -= this.#costOf(item);
    // Taken places are removed in blocks: one by one would cost a move of the whole array per item.
    if (this.#head >= 64 && this.#head * 2 >= this.#items.length) {
      this.#items.splice(0, this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Takes everything out, oldest first. */
  drain(): T[] {
    const items = this.#items.slice(this.#head) as T[];
    this.#items = [];
    this.#head = 0;
    this.#cost = 0;
    return items;
  }

  /** Drops everything that waits, for a reason that the metrics tell. */
  discard(reason: string): void {
    this.#count(this.drain().length, reason);
  }

  /** Lets go of every item and starts counting anew. */
  clear(): void {
    this.drain();
    this.#pushed = 0;
    this.#dropped = 0;
    this.#droppedSinceRead = 0;
    this.#lastDrop = undefined;
    this.#peakCost = 0;
  }

  #count(drops: number, reason: string): void {
    if (drops === 0) return;
    this.#dropped += drops;
    this.#droppedSinceRead += drops;
    this.#lastDrop = { at: this.#now(), reason };
  }
}
