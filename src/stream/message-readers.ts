import { MessageQueue } from "../internal/message-queue.js";
import type { Registration, Scope } from "../internal/scope.js";

/** Messages a slow reader may leave unread. */
const LIMIT = 10_000;

/** Everyone who reads a stream's messages with `for await`. */
export class MessageReaders<Message> {
  readonly #readers = new Set<MessageQueue<Message>>();
  readonly #scope: Scope;
  readonly #onWait: (message: Promise<unknown>) => void;

  /**
   * @param scope holds the listeners on the readers' signals.
   * @param onWait is told of each message that a reader has to wait for.
   */
  constructor(scope: Scope, onWait: (message: Promise<unknown>) => void) {
    this.#scope = scope;
    this.#onWait = onWait;
  }

  add(signal: AbortSignal | undefined): MessageQueue<Message> {
    let following: Registration | undefined;
    const queue = new MessageQueue<Message>({
      limit: LIMIT,
      overflow: () => new RangeError(`More than ${LIMIT} messages were left unread. Read them faster.`),
      onReturn: () => {
        this.#readers.delete(queue);
        following?.dispose();
      },
      onWait: this.#onWait,
    });
    this.#readers.add(queue);
    following = this.#scope.follow(signal, (reason) => queue.fail(reason));
    return queue;
  }

  push(message: Message): void {
    for (const reader of this.#readers) reader.push(message);
  }

  close(): void {
    for (const reader of this.#readers) reader.close();
  }
}
