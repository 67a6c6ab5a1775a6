/** Latencies beyond this one count as this one. */
const MOST_MS = 30_000;

/** Counts latencies by whole milliseconds, so that millions of them take no memory. */
export class LatencyHistogram {
  readonly #counts = new Uint32Array(MOST_MS + 1);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(ms: number): void {
    this.#count += 1;
    const bucket = Math.min(MOST_MS, Math.max(0, Math.ceil(ms)));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
  }

  /** The milliseconds below which a share of all latencies lies; `NaN` without any. */
  quantile(share: number): number {
    let left = this.#count * share;
    for (const [ms, count] of this.#counts.entries()) {
      left -= count;
      if (left <= 0 && this.#count > 0) return ms;
    }
    return Number.NaN;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#count = 0;
  }
}
