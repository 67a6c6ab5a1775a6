import { withSignal } from "../../internal/abort.js";
import { type Deferred, deferred } from "../../internal/deferred.js";
import type { ConnectContext } from "../../transport/transport.js";
import type { Question, WorkerEvent } from "./worker-messages.js";

/** Asks the application, which is on the page, from a worker. */
export class PageQuestions {
  readonly #emit: (event: WorkerEvent) => void;
  readonly #open = new Map<number, Deferred<unknown>>();
  #latest = 0;

  constructor(emit: (event: WorkerEvent) => void) {
    this.#emit = emit;
  }

  /** @throws what the application threw, or the signal's reason. */
  async ask(question: Question, { attempt, signal }: ConnectContext): Promise<unknown> {
    signal.throwIfAborted();
    this.#latest += 1;
    const id = this.#latest;
    const answer = deferred<unknown>();
    this.#open.set(id, answer);
    this.#emit({ type: "ask", id, question, attempt });
    try {
      return await withSignal(answer.promise, signal);
    } finally {
      if (this.#open.delete(id)) this.#emit({ type: "unask", id });
    }
  }

  answer(id: number, value: unknown): void {
    this.#take(id)?.resolve(value);
  }

  refuse(id: number, error: unknown): void {
    this.#take(id)?.reject(error);
  }

  #take(id: number): Deferred<unknown> | undefined {
    const question = this.#open.get(id);
    this.#open.delete(id);
    return question;
  }
}
