import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { SUBPROTOCOL } from "loquilex/protocol";

const HANDSHAKE = [
  "GET /v1/stream HTTP/1.1",
  "Host: 127.0.0.1",
  "Upgrade: websocket",
  "Connection: Upgrade",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  `Sec-WebSocket-Protocol: ${SUBPROTOCOL}`,
  "",
  "",
].join("\r\n");

/** What a connection sends that never says hello: nothing, the beginning of a request, or a whole handshake. */
const FIRST_WORDS = ["", HANDSHAKE.slice(0, 60), HANDSHAKE];

/** Connections that occupy a server and say nothing. */
export class Strangers implements AsyncDisposable {
  /** What each was told, as it came over the wire. */
  readonly told: string[] = [];
  readonly #open = new Set<Socket>();

  /** Makes so many connections, a third of each kind, and no more than `atOnce` of them at a time. */
  async connect(count: number, port: number, atOnce = 100): Promise<void> {
    for (let made = 0; made < count; made += atOnce) {
      const batch = Array.from({ length: Math.min(atOnce, count - made) }, (_, index) => this.#one(port, made + index));
      await Promise.all(batch);
    }
  }

  get openCount(): number {
    return this.#open.size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = Array.from(this.#open, (socket) => once(socket, "close"));
    for (const socket of this.#open) socket.resetAndDestroy();
    await Promise.all(closed);
  }

  async #one(port: number, index: number): Promise<void> {
    const socket = connect(port, "127.0.0.1");
    this.#open.add(socket);
    const position = this.told.push("") - 1;
    socket.on("data", (data) => {
      this.told[position] += data.toString("latin1");
    });
    socket.on("error", () => {});
    socket.on("close", () => this.#open.delete(socket));
    await Promise.race([once(socket, "connect"), once(socket, "close")]);
    socket.write(FIRST_WORDS[index % FIRST_WORDS.length] ?? "");
  }
}
