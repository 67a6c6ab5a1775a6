import { type Deferred, deferred } from "./deferred.js";

/**
 * Messages on their way to one reader, who takes them with `for await`. Holds at most `limit`; a reader who falls
 * further behind gets `overflow` instead of a silent hole.
 */
export class MessageQueue<T> implements AsyncIterableIterator<T> {
  readonly #limit: number;
  readonly #overflow: () => unknown;
  readonly #onReturn: () => void;
  readonly #onWait: ((message: Promise<unknown>) => void) | undefined;
  #items: T[] = [];
  #waiting: Deferred<IteratorResult<T>>[] = [];
  #end: { readonly failure: unknown } | "clean" | undefined;

  constructor(options: {
    limit: number;
    overflow: () => unknown;
    onReturn: () => void;
    /** Told of each message that a reader has to wait for. */
    onWait?: (message: Promise<unknown>) => void;
  }) {
    this.#limit = options.limit;
    this.#overflow = options.overflow;
    this.#onReturn = options.onReturn;
    this.#onWait = options.onWait;
  }

  push(item: T): void {
    if (this.#end !== undefined) return;
    const reader = this.#waiting.shift();
    if (reader !== undefined) reader.resolve({ value: item, done: false });
    else if (this.#items.length < this.#limit) this.#items.push(item);
    else this.fail(this.#overflow());
  }

  /** No more will come. What is queued can still be read. */
  close(): void {
    this.#finish("clean");
  }

  /** The reader gets `failure` after what is queued. */
  fail(failure: unknown): void {
    this.#finish({ failure });
  }

  next(): Promise<IteratorResult<T>> {
    const item = this.#items.shift();
    if (item !== undefined) return Promise.resolve({ value: item, done: false });
    if (this.#end === "clean") return Promise.resolve({ value: undefined, done: true });
    if (this.#end !== undefined) {
      const { failure } = this.#end;
      this.#end = "clean";
      return Promise.reject(failure);
    }
    const reader = deferred<IteratorResult<T>>();
    this.#waiting.push(reader);
    this.#onWait?.(reader.promise);
    return reader.promise;
  }

  return(): Promise<IteratorResult<T>> {
    this.#items = [];
    this.#finish("clean");
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #finish(end: { readonly failure: unknown } | "clean"): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#onReturn();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const reader of waiting) {
      if (end === "clean") reader.resolve({ value: undefined, done: true });
      else reader.reject(end.failure);
    }
  }
}
