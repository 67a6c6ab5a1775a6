import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { SUBPROTOCOL } from "loquilex/protocol";
import { WebSocketServer } from "ws";
import type { Dialect } from "./dialects.js";
import { monotonicMs } from "./monotonic-clock.js";

/** A message with audio in it. */
export interface Arrival {
  /** On the machine's monotonic clock, in milliseconds. */
  readonly at: number;
  readonly audio: Uint8Array;
}

/** Notes when which audio came. It is looked at only afterwards, so that this takes no time meanwhile. */
export class MeasuringServer implements AsyncDisposable {
  /** Of each connection, in order. */
  readonly connections: Arrival[][] = [];
  readonly #server: WebSocketServer;

  private constructor(server: WebSocketServer) {
    this.#server = server;
  }

  static async listen(dialect: Dialect): Promise<MeasuringServer> {
    const server = new WebSocketServer({
      host: "127.0.0.1",
      port: 0,
      perMessageDeflate: false,
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    });
    const measuring = new MeasuringServer(server);
    server.on("connection", (socket) => {
      const arrivals: Arrival[] = [];
      measuring.connections.push(arrivals);
      const conversation = dialect((message) => socket.send(message));
      socket.on("error", () => {});
      socket.on("message", (data, isBinary) => {
        const at = monotonicMs();
        const audio = conversation.take(data as Buffer, isBinary);
        if (audio !== undefined && audio.byteLength > 0) arrivals.push({ at, audio: new Uint8Array(audio) });
      });
    });
    await once(server, "listening");
    return measuring;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get messageCount(): number {
    return this.connections.reduce((sum, arrivals) => sum + arrivals.length, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#server.clients) socket.terminate();
    this.#server.close();
    await once(this.#server, "close");
  }
}
