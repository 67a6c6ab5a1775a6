/** Names that are remembered, newest last. A service that comes back to an older one has a new segment. */
const MAX_NAMES = 1_000;

/** Numbers for names of segments that are too long to be used. */
export class LongNames {
  readonly #numbers = new Map<string, number>();
  #count = 0;

  numberOf(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    this.#count += 1;
    this.#numbers.set(name, this.#count);
    const [oldest] = this.#numbers.keys();
    if (this.#numbers.size > MAX_NAMES && oldest !== undefined) this.#numbers.delete(oldest);
    return this.#count;
  }
}
