import { type Deferred, deferred } from "../internal/deferred.js";
import type { RunningQuestion, RunningReplies, RunningRequest, RunningStats } from "./running-messages.js";

/** Questions to the running side, each with its answer once that comes. */
export class RunningRequests {
  readonly #post: (request: RunningRequest) => void;
  readonly #open = new Map<number, { readonly question: RunningQuestion; readonly answer: Deferred<unknown> }>();
  #latest = 0;

  constructor(post: (request: RunningRequest) => void) {
    this.#post = post;
  }

  ask<Question extends RunningQuestion>(question: Question): Promise<RunningReplies[Question["type"]]> {
    this.#latest += 1;
    const id = this.#latest;
    const answer = deferred<unknown>();
    this.#open.set(id, { question, answer });
    this.#post({ ...question, id });
    // The running side answers each request with what its type says.
    return answer.promise as Promise<RunningReplies[Question["type"]]>;
  }

  /** Another running side is there, which has to be asked again. */
  askAgain(): void {
    for (const [id, { question }] of this.#open) this.#post({ ...question, id });
  }

  reply(id: number, value: unknown): void {
    this.#take(id)?.resolve(value);
  }

  refuse(id: number, error: unknown): void {
    this.#take(id)?.reject(error);
  }

  /** Nobody else answers any more. @param stats the last ones. */
  end(stats: RunningStats | undefined, reason: unknown): void {
    for (const { question, answer } of this.#open.values()) {
      if (question.type === "stats") answer.resolve(stats);
      else answer.reject(reason);
    }
    this.#open.clear();
  }

  #take(id: number): Deferred<unknown> | undefined {
    const request = this.#open.get(id);
    this.#open.delete(id);
    return request?.answer;
  }
}
