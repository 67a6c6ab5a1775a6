import type { EncoderOpener } from "../../frames/imported-encoding.js";
import { systemClock } from "../../internal/clock.js";
import { Scope } from "../../internal/scope.js";
import { sentenceOf } from "../../internal/text-of.js";
import type { TransportMaker } from "../../transport/portable.js";
import { openSocket } from "../../transport/socket.js";
import type { ConnectContext } from "../../transport/transport.js";
import type { PlaybackOpener } from "../imported-playback.js";
import { RunningSide } from "../running/running-side.js";
import { EventOutbox } from "./event-outbox.js";
import { PageQuestions } from "./page-questions.js";
import { fromWire, wired } from "./wire-error.js";
import { greeting } from "./worker-greeting.js";
import type { PageMessage, WorkerMessage, WorkerSetup } from "./worker-messages.js";

/** The worker as it sees itself. */
export interface WorkerThread extends EventTarget {
  postMessage(message: unknown): void;
  close(): void;
}

/** Code beside that of the running side. */
interface OtherCode {
  readonly openEncoder: EncoderOpener | undefined;
  readonly makeTransport: TransportMaker | undefined;
  readonly openPlayback: PlaybackOpener | undefined;
}

/** A running side in a worker, and its talk with the page. */
class WorkerSide {
  readonly #thread: WorkerThread;
  readonly #code: OtherCode;
  readonly #outbox: EventOutbox;
  readonly #questions: PageQuestions;
  readonly #scope: Scope;
  #side: RunningSide | undefined;

  /** Listens to the page from now on. */
  constructor(thread: WorkerThread, code: OtherCode) {
    this.#thread = thread;
    this.#code = code;
    this.#outbox = new EventOutbox((events) =>
      this.#post({ type: "events", events: events.map(wired), checkpoint: this.#side?.checkpoint }),
    );
    this.#questions = new PageQuestions((event) => this.#outbox.add(event));
    this.#scope = new Scope({
      name: "worker",
      onChange: (change) => this.#outbox.add({ type: "resource", change }),
      onReport: ({ failures }) =>
        this.#outbox.add({
          type: "unreleased",
          failures: failures.map(({ resource, error }) => ({ resource, message: sentenceOf(error) })),
        }),
    });
    this.#scope.listen(thread, "message", ({ data }: MessageEvent<PageMessage>) => this.#handle(data));
    this.#post(greeting(code.makeTransport !== undefined));
  }

  #handle(message: PageMessage): void {
    switch (message.type) {
      case "open":
        this.#side = this.#open(message.setup);
        return;
      case "command":
        this.#side?.handle(message.command);
        return;
      case "answer":
        this.#questions.answer(message.id, message.value);
        return;
      case "no-answer":
        this.#questions.refuse(message.id, fromWire(message.error));
        return;
      case "seen":
        this.#outbox.seen();
        return;
      case "ping":
        this.#post({ type: "pong" });
        return;
      case "abort":
        void this.#end();
    }
  }

  #open({ options, address, plays }: WorkerSetup): RunningSide {
    const { url, protocols, baseUrl, given } = address;
    const { openEncoder, makeTransport, openPlayback } = this.#code;
    const ask = this.#questions;
    // The transport and the driver check what the page answers, which is not always what its type says.
    const provider = url ?? ((context: ConnectContext) => ask.ask("url", context) as Promise<string>);
    // The page has looked at the greeting: if something is given, there is a maker for it.
    const made = given === undefined ? undefined : makeTransport?.(given);
    return new RunningSide(
      { ...options, session: { ...options.session, random: Math.random } },
      {
        scope: this.#scope.child("session"),
        clock: systemClock,
        transport: made ?? { connect: (asked) => openSocket(provider, { protocols, baseUrl }, asked) },
        openEncoder: options.format.encoding === "opus" ? openEncoder : undefined,
        openPlayback: plays === true ? openPlayback : undefined,
        getToken: options.session.renewableToken
          ? (context) => ask.ask("token", context) as Promise<string>
          : undefined,
        onEvent: (event) => this.#outbox.add(event),
      },
    );
  }

  async #end(): Promise<void> {
    const released = this.#scope.dispose(new DOMException("The stream has ended.", "AbortError"));
    const stats = this.#side?.stats;
    if (stats !== undefined) this.#post({ type: "gone", events: this.#outbox.close().map(wired), stats });
    await released;
    this.#thread.close();
  }

  #post(message: WorkerMessage): void {
    this.#thread.postMessage(message);
  }
}

/** To be called once, in a worker. */
export function serveWorker(
  thread: WorkerThread,
  openEncoder?: EncoderOpener,
  makeTransport?: TransportMaker,
  openPlayback?: PlaybackOpener,
): void {
  new WorkerSide(thread, { openEncoder, makeTransport, openPlayback });
}
