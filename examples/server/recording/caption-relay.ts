/** A caption, and for a final what it waits for. */
interface Waiting<T> {
  readonly caption: T;
  readonly durable: Promise<unknown> | undefined;
}

/** Hands captions on in their order, a final only once it is durable; what comes after it waits as well. */
export class CaptionRelay<T> {
  readonly #handOn: (caption: T) => void;
  readonly #queue: Waiting<T>[] = [];
  /** What goes on; never rejects. */
  #relaying: Promise<void> | undefined;

  constructor(handOn: (caption: T) => void) {
    this.#handOn = handOn;
  }

  /** @param durable settles when the final is kept, or cannot be for now; it must not reject. */
  final(caption: T, durable: Promise<unknown>): void {
    this.#push({ caption, durable });
  }

  partial(caption: T): void {
    if (this.#relaying === undefined) {
      this.#handOn(caption);
      return;
    }
    // Each partial caption replaces the one before it, so that only the last one in a row is worth sending.
    if (this.#queue.at(-1)?.durable === undefined) this.#queue.pop();
    this.#push({ caption, durable: undefined });
  }

  /** Resolves when everything has been handed on. */
  async settle(): Promise<void> {
    await this.#relaying;
  }

  #push(waiting: Waiting<T>): void {
    this.#queue.push(waiting);
    this.#relaying ??= this.#relay();
  }

  async #relay(): Promise<void> {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      await next.durable;
      this.#handOn(next.caption);
    }
    this.#relaying = undefined;
  }
}
