/** Audio from one position up to, not including, another. */
export interface AudioRange {
  /** Position of the first sample. */
  readonly from: number;
  /** Position after the last sample. */
  readonly to: number;
}

/** Positions, held as ranges in order that neither touch nor overlap. */
export class RangeSet {
  readonly #limit: number;
  readonly #ranges: AudioRange[] = [];

  /** @param limit how many ranges are held; beyond it the lowest are forgotten. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** What is in the set, in order. */
  get ranges(): readonly AudioRange[] {
    return this.#ranges;
  }

  /** Removes one position. @returns whether it was in the set. */
  delete(position: number): boolean {
    const index = this.#ranges.findIndex(({ from, to }) => from <= position && position < to);
    const range = this.#ranges[index];
    if (range === undefined) return false;
    const rest = [
      { from: range.from, to: position },
      { from: position + 1, to: range.to },
    ].filter(({ from, to }) => from < to);
    this.#ranges.splice(index, 1, ...rest);
    return true;
  }

  /** Empties the set. @returns what was in it, in order. */
  take(): AudioRange[] {
    return this.#ranges.splice(0);
  }

  /** Adds the range. @returns the parts of it that were not in the set, in order. */
  add(range: AudioRange): AudioRange[] {
    if (range.from >= range.to) return [];
    let first = this.#ranges.length;
    while (first > 0 && (this.#ranges[first - 1]?.to ?? 0) >= range.from) first -= 1;
    let { from, to } = range;
    const added: AudioRange[] = [];
    let next = first;
    let covered = range.from;
    for (let met = this.#ranges[next]; met !== undefined && met.from <= range.to; met = this.#ranges[next]) {
      if (covered < met.from) added.push({ from: covered, to: met.from });
      covered = Math.max(covered, met.to);
      from = Math.min(from, met.from);
      to = Math.max(to, met.to);
      next += 1;
    }
    if (covered < range.to) added.push({ from: covered, to: range.to });
    this.#ranges.splice(first, next - first, { from, to });
    if (this.#ranges.length > this.#limit) this.#ranges.shift();
    return added;
  }
}
