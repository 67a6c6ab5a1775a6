import { captureFailed, messageOf } from "../media-errors.js";

/** Pieces of sound, of any length: samples between −1 and 1, the channels' values one after the other in each. */
export type SampleInput = AsyncIterable<Float32Array> | Iterable<Float32Array> | ReadableStream<Float32Array>;

interface Puller {
  next(): PromiseLike<IteratorResult<unknown>> | IteratorResult<unknown>;
  return?(reason: unknown): unknown;
}

/** Reads one piece at a time, checks what comes, and lets the input go. */
export class SampleReader {
  readonly #puller: Puller;
  readonly #channelCount: number;
  #reading = false;
  #ended = false;

  /** @throws AudioStreamError `capture-failed` where the input cannot be read. */
  constructor(input: SampleInput, channelCount: number) {
    this.#channelCount = channelCount;
    try {
      this.#puller = pullerOf(input);
    } catch (cause) {
      throw inputFailed(cause);
    }
  }

  /**
   * The next piece, which the input may use again once another is asked for; `undefined` at the end.
   * @throws AudioStreamError `capture-failed` when the input fails, or gives something else.
   */
  async read(): Promise<Float32Array | undefined> {
    this.#reading = true;
    let result: IteratorResult<unknown>;
    try {
      result = await this.#puller.next();
    } catch (cause) {
      this.#ended = true;
      throw inputFailed(cause);
    } finally {
      this.#reading = false;
    }
    if (result.done === true) {
      this.#ended = true;
      return undefined;
    }
    return this.#checked(result.value);
  }

  /** Tells the input, unless it has ended, that no more is wanted; waits for it unless it is still at work on a piece. */
  release(reason: unknown): unknown {
    if (this.#ended) return undefined;
    this.#ended = true;
    const wasReading = this.#reading;
    const returned = this.#puller.return?.(reason);
    // A generator ends only after it has made the piece, which may be never.
    if (!wasReading) return returned;
    Promise.resolve(returned).catch(() => {});
    return undefined;
  }

  #checked(piece: unknown): Float32Array {
    if (!isFloat32Array(piece)) {
      throw captureFailed(`The input of samples() gave ${kindOf(piece)} where a Float32Array is due.`);
    }
    if (piece.length % this.#channelCount !== 0) {
      throw captureFailed(
        `The input of samples() gave ${piece.length} values, which are not whole samples of ${this.#channelCount} channels.`,
      );
    }
    return piece;
  }
}

/** Also for one of another frame or worker. */
export function isFloat32Array(value: unknown): value is Float32Array {
  return ArrayBuffer.isView(value) && kindOf(value) === "Float32Array";
}

function pullerOf(input: SampleInput): Puller {
  // Not every engine has its streams iterable.
  if (isReadableStream(input)) {
    const reader = input.getReader();
    return { next: () => reader.read() as Promise<IteratorResult<unknown>>, return: (reason) => reader.cancel(reason) };
  }
  const iterator = Symbol.asyncIterator in input ? input[Symbol.asyncIterator]() : input[Symbol.iterator]();
  return { next: () => iterator.next(), return: () => iterator.return?.() };
}

/** Whether it is one of a browser or of Node. */
export function isReadableStream(input: object): input is ReadableStream<Float32Array> {
  return "getReader" in input && typeof input.getReader === "function";
}

function inputFailed(cause: unknown) {
  return captureFailed(`The input of samples() failed: ${messageOf(cause)}`, cause);
}

/** As a sentence names it. */
export function kindOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return Object.prototype.toString.call(value).slice("[object ".length, -1);
}
