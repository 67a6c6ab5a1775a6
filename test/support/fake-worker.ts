import { vi } from "vitest";
import { makeTransport } from "../../src/dialects/worker/dialect-code-bundle.js";
import { openOpus } from "../../src/frames/opus/open-opus.js";
import type { PageMessage } from "../../src/host/worker/worker-messages.js";
import { serveWorker } from "../../src/host/worker/worker-side.js";
import type { TransportConnection } from "../../src/transport/transport.js";
import type { FakeTransport } from "./fake-transport.js";

/** How a worker starts: its code runs, or the browser throws, reports an error, or says nothing; or it says what is given. */
export type FakeWorkerStart = "run" | "throw" | "error" | "silent" | { readonly says: unknown };

/** A worker whose thread is this one. What crosses is cloned and handed over as between threads. */
export class FakeWorker extends EventTarget {
  static readonly made: FakeWorker[] = [];
  /** How those start that are made next; the last one counts for all that follow. */
  static starts: FakeWorkerStart[] = ["run"];
  readonly url: string;
  /** Messages from the page, by their type, a command by the command's. */
  readonly received: string[] = [];
  terminated = false;
  /** It takes nothing in and gives nothing out any more. */
  hung = false;
  readonly #thread: FakeThread;
  /** Between the audio thread's ports and the worker's. */
  readonly #relays: MessagePort[] = [];

  constructor(url: string | URL) {
    super();
    const start = FakeWorker.starts.length > 1 ? FakeWorker.starts.shift() : FakeWorker.starts[0];
    if (start === "throw") throw new DOMException("A policy forbids it.", "SecurityError");
    this.url = String(url);
    FakeWorker.made.push(this);
    this.#thread = new FakeThread((data) => {
      if (!this.terminated && !this.hung) this.dispatchEvent(new MessageEvent("message", { data }));
    });
    queueMicrotask(() => {
      if (start === "error") this.fail("It cannot be loaded.");
      if (typeof start === "object") this.#thread.postMessage(start.says);
      if (start === "run" && !this.terminated) serveWorker(this.#thread, openOpus, makeTransport);
    });
  }

  /** The one made last. */
  static get last(): FakeWorker {
    const last = FakeWorker.made.at(-1);
    if (last === undefined) throw new Error("No worker was made.");
    return last;
  }

  static get live(): FakeWorker[] {
    return FakeWorker.made.filter(({ terminated }) => !terminated);
  }

  postMessage(message: PageMessage, transfer: Transferable[]): void {
    if (this.terminated) return;
    this.received.push(message.type === "command" ? message.command.type : message.type);
    // Node's own type of what can be transferred is another one.
    const data = structuredClone(message, { transfer: transfer as never });
    if (data.type === "command" && "port" in data.command && data.command.port !== undefined) {
      Object.assign(data.command, { port: this.#relay(data.command.port) });
    }
    queueMicrotask(() => {
      if (!this.terminated && !this.hung) this.#thread.dispatchEvent(new MessageEvent("message", { data }));
    });
  }

  terminate(): void {
    if (this.terminated) return;
    this.terminated = true;
    for (const port of this.#relays) port.close();
    // What a browser takes away with the thread, the code has to let go by itself here.
    this.#thread.dispatchEvent(new MessageEvent("message", { data: { type: "abort" } }));
  }

  /** A worker that hangs takes nothing from its ports either. */
  #relay(port: MessagePort): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#relays.push(port, port1);
    port.onmessage = ({ data }) => {
      if (!this.hung) port1.postMessage(data);
    };
    return port2;
  }

  /** An error that nothing has caught. */
  fail(message: string): void {
    this.dispatchEvent(Object.assign(new Event("error"), { message }));
  }
}

class FakeThread extends EventTarget {
  readonly #toPage: (data: unknown) => void;

  constructor(toPage: (data: unknown) => void) {
    super();
    this.#toPage = toPage;
  }

  postMessage(message: unknown): void {
    const data: unknown = structuredClone(message);
    queueMicrotask(() => this.#toPage(data));
  }

  close(): void {}
}

/** A browser's WebSocket over the fake network that an address leads to. */
function socketOver(transportAt: (url: string) => FakeTransport): typeof WebSocket {
  class BridgedSocket extends EventTarget {
    readonly OPEN = 1;
    readonly protocol = "loquilex.v1";
    readyState = 0;
    binaryType = "blob";
    onerror: (() => void) | null = null;
    readonly #ending = new AbortController();
    #connection: TransportConnection | undefined;

    constructor(url: string | URL) {
      super();
      const transport = transportAt(String(url));
      const onMessage = (data: unknown) => this.dispatchEvent(new MessageEvent("message", { data }));
      transport.connect({ attempt: 1, signal: this.#ending.signal, onMessage }).then(
        (connection) => {
          this.#connection = connection;
          this.readyState = 1;
          this.dispatchEvent(new Event("open"));
          void connection.closed.then((info) => this.#onClosed(info.code, info.reason));
        },
        () => this.#onClosed(1006, ""),
      );
    }

    get bufferedAmount(): number {
      return this.#connection?.bufferedBytes ?? 0;
    }

    send(data: string | Uint8Array<ArrayBuffer>): void {
      this.#connection?.send(typeof data === "string" ? data : data.slice());
    }

    close(code = 1000, reason = ""): void {
      if (this.readyState > 1) return;
      if (this.#connection === undefined) this.#ending.abort();
      this.#connection?.close(code, reason);
      this.readyState = 3;
    }

    #onClosed(code: number, reason: string): void {
      this.readyState = 3;
      this.dispatchEvent(Object.assign(new Event("close"), { code, reason, wasClean: code !== 1006 }));
    }
  }
  return BridgedSocket as unknown as typeof WebSocket;
}

/**
 * Puts workers and sockets in place.
 * @param network one for all addresses, or the one that an address leads to. `vi.unstubAllGlobals()` takes all of it away.
 */
export function installFakeWorkers(network: FakeTransport | ((url: string) => FakeTransport)): void {
  FakeWorker.made.length = 0;
  FakeWorker.starts = ["run"];
  vi.stubGlobal("Worker", FakeWorker);
  vi.stubGlobal("WebSocket", socketOver(typeof network === "function" ? network : () => network));
}
