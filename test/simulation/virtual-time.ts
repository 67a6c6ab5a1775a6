import type { Rng } from "./rng.js";

interface Entry {
  readonly at: number;
  readonly tieBreak: number;
  readonly callback: () => void;
}

/** Time that passes only when the run says so. What is due at the same instant happens in random order. */
export class VirtualTime {
  readonly #rng: Rng;
  readonly #heap: Entry[] = [];
  #now = 0;

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  get now(): number {
    return this.#now;
  }

  at(time: number, callback: () => void): void {
    this.#heap.push({ at: Math.max(time, this.#now), tieBreak: this.#rng.next(), callback });
    this.#up(this.#heap.length - 1);
  }

  after(delayMs: number, callback: () => void): void {
    this.at(this.#now + delayMs, callback);
  }

  /** Runs what is due until `until`, or until nothing is left. */
  run(until: number): void {
    for (let entry = this.#heap[0]; entry !== undefined && entry.at <= until; entry = this.#heap[0]) {
      this.#pop();
      this.#now = entry.at;
      entry.callback();
    }
    this.#now = Math.max(this.#now, until);
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#down(0);
  }

  #up(start: number): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#before(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #down(start: number): void {
    let index = start;
    for (;;) {
      let first = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < this.#heap.length && this.#before(child, first)) first = child;
      }
      if (first === index) return;
      this.#swap(index, first);
      index = first;
    }
  }

  #before(i: number, j: number): boolean {
    const [a, b] = [this.#heap[i], this.#heap[j]];
    if (a === undefined || b === undefined) return false;
    return a.at < b.at || (a.at === b.at && a.tieBreak < b.tieBreak);
  }

  #swap(i: number, j: number): void {
    const [a, b] = [this.#heap[i], this.#heap[j]];
    if (a === undefined || b === undefined) return;
    this.#heap[i] = b;
    this.#heap[j] = a;
  }
}
