import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { WebSocketServer } from "ws";

const PAGES = new URL("pages/", import.meta.url);
const TICK_MS = 20;
const PAGE =
  '<!doctype html><title>Probe</title><link rel="icon" href="data:,"><script type="module" src="/pages/page.mjs"></script>';
/** Headers that allow a page to share memory with its workers. */
const ISOLATION = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/** When something was handed over and when it arrived, both by `Date.now()`, which all threads of a machine share. */
export interface Passage {
  readonly sentAt: number;
  readonly at: number;
}

/** Serves the probe's page, notes when the times that its workers send arrive, and sends them the time every 20 ms. */
export class ProbeServer implements AsyncDisposable {
  /** What has arrived since it was last emptied. */
  received: Passage[] = [];
  readonly #server: Server;
  readonly #sockets: WebSocketServer;

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#sockets = new WebSocketServer({ server: this.#server, perMessageDeflate: false });
    this.#sockets.on("connection", (socket) => {
      socket.on("error", () => {});
      socket.on("message", (data) => this.#receive(String(data)));
      const timer = setInterval(() => socket.send(`${Date.now()}`), TICK_MS);
      socket.on("close", () => clearInterval(timer));
    });
  }

  static async listen(): Promise<ProbeServer> {
    const server = new ProbeServer();
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  url(isIsolated: boolean): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${isIsolated ? "isolated" : ""}`;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? "/";
    // An isolated page takes nothing from a server that does not allow it, and a page that is not takes no notice.
    if (path !== "/") for (const [name, value] of Object.entries(ISOLATION)) response.setHeader(name, value);
    if (path === "/" || path === "/isolated") response.setHeader("Content-Type", "text/html").end(PAGE);
    else if (/^\/pages\/[a-z-]+\.mjs$/.test(path)) {
      const code = await readFile(new URL(path.slice("/pages/".length), PAGES));
      response.setHeader("Content-Type", "text/javascript").end(code);
    } else if (path === "/post") {
      this.#receive(await text(request));
      response.setHeader("Content-Type", "text/plain").end(`${Date.now()}`);
    } else if (path === "/stream") this.#tick(response, "text/plain", (time) => `${time}\n`);
    else if (path === "/events") this.#tick(response, "text/event-stream", (time) => `data: ${time}\n\n`);
    else response.writeHead(404).end();
  }

  #tick(response: ServerResponse, type: string, encode: (time: number) => string): void {
    response.setHeader("Content-Type", type).setHeader("Cache-Control", "no-store").flushHeaders();
    const timer = setInterval(() => response.write(encode(Date.now())), TICK_MS);
    response.on("close", () => clearInterval(timer));
  }

  #receive(times: string): void {
    const at = Date.now();
    for (const time of times.split("\n")) if (time !== "") this.received.push({ sentAt: Number(time), at });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }
}
