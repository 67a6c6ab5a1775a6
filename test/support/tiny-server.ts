import { once } from "node:events";
import type { AddressInfo } from "node:net";
import {
  type ClientMessage,
  decodeAudioFrame,
  encodeServerMessage,
  parseClientMessage,
  type ServerData,
  type ServerEnvelopeFields,
  type ServerMessageType,
  SUBPROTOCOL,
  type WireAudioFrame,
} from "loquilex/protocol";
import { systemClock } from "loquilex/resources";
import { type WebSocket, WebSocketServer } from "ws";
import { Waiting } from "./waiting.js";

/** One connection that a {@link TinyServer} got. */
export class TinyConnection {
  readonly socket: WebSocket;
  /** On the `performance.now()` clock. */
  readonly at = systemClock.now();
  /** What the request asked for. */
  readonly path: string;
  readonly messages: ClientMessage[] = [];
  readonly frames: WireAudioFrame[] = [];
  /** What came, in order: the type of a message, or `"audio"`. */
  readonly order: string[] = [];
  closeCode: number | undefined;
  readonly #waiting = new Waiting();

  constructor(socket: WebSocket, path: string) {
    this.socket = socket;
    this.path = path;
    socket.on("message", (data, isBinary) => {
      if (isBinary) {
        const bytes = new Uint8Array(data as Buffer);
        this.frames.push(decodeAudioFrame(bytes, { encoding: "pcm_s16le", channels: 1 }));
        this.order.push("audio");
      } else {
        const message = parseClientMessage(data.toString());
        this.messages.push(message);
        this.order.push(message.t);
      }
      this.#waiting.changed();
    });
    socket.on("close", (code) => {
      this.closeCode = code;
      this.#waiting.changed();
    });
    socket.on("error", () => {});
  }

  send<T extends ServerMessageType>(t: T, data: ServerData[T], more?: ServerEnvelopeFields): void;
  send(t: string, data: unknown, more?: ServerEnvelopeFields): void;
  send(t: string, data: unknown, more: ServerEnvelopeFields = {}): void {
    this.socket.send(encodeServerMessage(t, data, more));
  }

  until(condition: (connection: this) => boolean): Promise<void> {
    return this.#waiting.until(() => condition(this));
  }

  /** Waits for the client's first message and says who this is. */
  async welcome(
    audio: { readonly window: number; readonly sample_rate?: number } = { window: 160_000 },
  ): Promise<void> {
    await this.until(({ messages }) => messages.length > 0);
    this.send("server.welcome", {
      hb: { interval_ms: 10_000, timeout_ms: 30_000 },
      resume_window: { seconds: 60, token: `secret-${this.at}` },
      limits: { max_in_flight: 64, max_msg_bytes: 131_072 },
      audio: { encoding: "pcm_s16le", sample_rate: 16_000, channels: 1, ...audio },
    });
  }

  /** Answers as a server that starts the session. */
  async begin(): Promise<void> {
    await this.welcome();
    this.send("session.new", { session_id: "s", epoch: 7, reason: "created", audio: { position: 0, pace: 4 } });
  }

  /** Answers as a server that has everything before `position`. */
  async resume(position: number, pace = 4): Promise<void> {
    await this.welcome();
    this.send("session.ack", { session_id: "s", status: "resumed", epoch: 7, audio: { position, pace } });
  }
}

/** A WebSocket server that does what a test tells it, and nothing else. */
export class TinyServer implements AsyncDisposable {
  readonly #server: WebSocketServer;
  readonly connections: TinyConnection[] = [];
  readonly #waiting = new Waiting();

  private constructor(server: WebSocketServer) {
    this.#server = server;
  }

  /** @param script what to do with each connection; the first has index 0. */
  static async listen(script: (connection: TinyConnection, index: number) => unknown): Promise<TinyServer> {
    const server = new WebSocketServer({
      host: "127.0.0.1",
      port: 0,
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    });
    const tiny = new TinyServer(server);
    server.on("connection", (socket, request) => {
      const connection = new TinyConnection(socket, request.url ?? "");
      tiny.connections.push(connection);
      tiny.#waiting.changed();
      void script(connection, tiny.connections.length - 1);
    });
    await once(server, "listening");
    return tiny;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/v1/stream`;
  }

  /** The connection with this index, once it is there. */
  async connection(index: number): Promise<TinyConnection> {
    await this.#waiting.until(() => this.connections.length > index);
    const connection = this.connections[index];
    if (connection === undefined) throw new Error(`There is no connection ${index}.`);
    return connection;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { socket } of this.connections) socket.terminate();
    this.#server.close();
    await once(this.#server, "close");
  }
}
