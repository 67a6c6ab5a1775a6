import type { Rng } from "./rng.js";

interface Entry {
  readonly at: number;
  readonly tieBreak: number;
  readonly callback: () => void;
}

/** More callbacks than this at one instant are a loop that never lets time pass. */
const MAX_AT_ONE_INSTANT = 20_000;

/** More promises than wait for each other anywhere in the code that runs in turns. */
const PROMISE_HOPS = 40;

/** Time that passes only when the run says so. What is due at the same instant happens in random order. */
export class VirtualTime {
  readonly #rng: Rng;
  readonly #heap: Entry[] = [];
  #now = 0;
  #atThisInstant = 0;

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  get now(): number {
    return this.#now;
  }

  at(time: number, callback: () => void): void {
    const entry = { at: Math.max(time, this.#now), tieBreak: this.#rng.next(), callback };
    this.#heap.push(entry);
    this.#rise(entry, this.#heap.length - 1);
  }

  after(delayMs: number, callback: () => void): void {
    this.at(this.#now + delayMs, callback);
  }

  /** Runs what is due until `until`, or until nothing is left. @throws when time stands still. */
  run(until: number): void {
    for (let entry = this.#heap[0]; entry !== undefined && entry.at <= until; entry = this.#heap[0]) this.#take(entry);
    this.#now = Math.max(this.#now, until);
  }

  /** The same for code with promises in it: lets all of them go on before time does. @param isOver ends the run. */
  async runInTurns(until: number, isOver: () => boolean): Promise<void> {
    for (let entry = this.#heap[0]; entry !== undefined && entry.at <= until; entry = this.#heap[0]) {
      this.#take(entry);
      for (let hop = 0; hop < PROMISE_HOPS; hop += 1) await undefined;
      if (isOver()) return;
    }
  }

  #take(entry: Entry): void {
    this.#removeFirst();
    this.#atThisInstant = entry.at > this.#now ? 0 : this.#atThisInstant + 1;
    if (this.#atThisInstant > MAX_AT_ONE_INSTANT) throw new Error(`Time stands still at ${this.#now}.`);
    this.#now = entry.at;
    entry.callback();
  }

  #removeFirst(): void {
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) this.#sink(last);
  }

  #rise(entry: Entry, start: number): void {
    const heap = this.#heap;
    let index = start;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(entry, parent)) break;
      heap[index] = parent;
      index = above;
    }
    heap[index] = entry;
  }

  /** Puts `entry` in the first place and lets it sink to where it belongs. */
  #sink(entry: Entry): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let below = index * 2 + 1;
      let child = heap[below];
      const right = heap[below + 1];
      if (child !== undefined && right !== undefined && isBefore(right, child)) {
        below += 1;
        child = right;
      }
      if (child === undefined || !isBefore(child, entry)) break;
      heap[index] = child;
      index = below;
    }
    heap[index] = entry;
  }
}

const isBefore = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.tieBreak < b.tieBreak);
