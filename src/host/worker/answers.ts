import { attempt } from "../../internal/attempt.js";
import { textOf } from "../../internal/text-of.js";
import type { ConnectContext } from "../../transport/transport.js";
import { toWire, type WireError } from "./wire-error.js";
import type { PageMessage, Question } from "./worker-messages.js";

/** What is asked of the application. */
export type Answerer = Readonly<Record<Question, (context: ConnectContext) => unknown>>;

/** How many errors of the application are remembered until the worker has reported them. */
const MAX_THROWN = 64;

/** Asks the application on the page what a worker wants to know. */
export class Answers {
  readonly #answerer: Answerer;
  readonly #post: (message: PageMessage) => void;
  readonly #open = new Map<number, AbortController>();
  /** What the application threw, which cannot cross to the worker and comes back by its number. */
  readonly #thrown = new Map<number, unknown>();

  constructor(answerer: Answerer, post: (message: PageMessage) => void) {
    this.#answerer = answerer;
    this.#post = post;
  }

  async ask(id: number, question: Question, attemptCount: number): Promise<void> {
    const controller = new AbortController();
    this.#open.set(id, controller);
    // Another worker, in the place of one that died, numbers its questions anew.
    const isOpen = (): boolean => this.#open.get(id) === controller && this.#open.delete(id);
    try {
      const context = { attempt: attemptCount, signal: controller.signal };
      const value = plain(await attempt(() => this.#answerer[question](context)));
      if (isOpen()) this.#post({ type: "answer", id, value });
    } catch (error) {
      if (isOpen()) this.#refuse(id, error);
    }
  }

  /** The answer is of no use any more. */
  unask(id: number): void {
    const controller = this.#open.get(id);
    this.#open.delete(id);
    controller?.abort(new DOMException("The answer is not needed any more.", "AbortError"));
  }

  /** What the application threw, by its number. */
  thrown(id: number): unknown {
    return this.#thrown.get(id);
  }

  /** Nobody waits for an answer any more. */
  end(): void {
    for (const id of [...this.#open.keys()]) this.unask(id);
  }

  #refuse(id: number, error: unknown): void {
    this.#thrown.set(id, error);
    for (const oldest of this.#thrown.keys()) {
      if (this.#thrown.size <= MAX_THROWN) break;
      this.#thrown.delete(oldest);
    }
    const refuse = (wire: WireError): void => this.#post({ type: "no-answer", id, error: { ...wire, thrown: id } });
    try {
      refuse(toWire(error));
    } catch {
      // It cannot cross, as one that is its own cause. Its text can, and its number finds it again.
      refuse(toWire(new Error(textOf(error))));
    }
  }
}

/** An address as text; anything else as it is, for the worker to judge. @throws for what can cross to no other thread. */
function plain(value: unknown): unknown {
  if (typeof value === "string") return value;
  if (typeof value === "object" && value !== null && "href" in value && typeof value.href === "string") {
    return value.href;
  }
  // Only its type matters: it is no answer.
  return typeof value === "number" || value === null || value === undefined ? value : {};
}
