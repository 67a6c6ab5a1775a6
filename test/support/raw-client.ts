import {
  type ClientData,
  type ClientMessageType,
  encodeAudioFrame,
  encodeClientMessage,
  parseServerMessage,
  type ServerMessage,
  SUBPROTOCOL,
} from "loquilex/protocol";
import { randomId } from "loquilex/resources";
import { WebSocket } from "ws";
import { stampedPayload } from "./stamped-audio.js";
import { Waiting } from "./waiting.js";

export interface RawClientOptions {
  /** @defaultValue ["loquilex.v1"] */
  readonly protocols?: string[];
  readonly sessionId?: string;
  readonly clientId?: string;
}

/** Speaks the protocol by hand, and as wrongly as a test wants. */
export class RawClient {
  readonly socket: WebSocket;
  readonly sessionId: string;
  readonly clientId: string;
  readonly received: ServerMessage[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  readonly #waiting = new Waiting();
  #attempt = 0;

  private constructor(socket: WebSocket, options: RawClientOptions) {
    this.socket = socket;
    this.sessionId = options.sessionId ?? randomId();
    this.clientId = options.clientId ?? randomId();
    socket.on("open", () => this.#waiting.changed());
    socket.on("message", (data, isBinary) => {
      if (!isBinary) this.received.push(parseServerMessage(data.toString()));
      this.#waiting.changed();
    });
    socket.on("close", (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.#waiting.changed();
    });
    // "close" follows.
    socket.on("error", () => {});
  }

  static async connect(url: string, options: RawClientOptions = {}): Promise<RawClient> {
    const socket = new WebSocket(url, options.protocols ?? [SUBPROTOCOL]);
    const client = new RawClient(socket, options);
    await client.#waiting.until(() => client.closed !== undefined || socket.readyState === WebSocket.OPEN);
    return client;
  }

  send<T extends ClientMessageType>(t: T, data: ClientData[T]): void {
    this.socket.send(encodeClientMessage(t, data, { sid: this.sessionId }));
  }

  sendText(text: string): void {
    this.socket.send(text);
  }

  hello(more: Partial<ClientData["client.hello"]> = {}): void {
    this.#attempt += 1;
    this.send("client.hello", {
      agent: "test",
      accept: ["audio/1"],
      ack_mode: "cumulative",
      max_in_flight: 64,
      session_id: this.sessionId,
      client_id: this.clientId,
      attempt: this.#attempt,
      audio: { encoding: "pcm_s16le", sample_rate: 16_000, channels: 1, first: 0, next: 0 },
      ...more,
    });
  }

  sendFrame(position: number, sampleCount = 320, flags = 0): void {
    const payload = stampedPayload(position, sampleCount);
    this.socket.send(encodeAudioFrame({ flags, position, sampleCount, payload }));
  }

  /** The messages of one type, oldest first. */
  messages<T extends ServerMessage["t"]>(t: T): Extract<ServerMessage, { t: T }>[] {
    return this.received.filter((message): message is Extract<ServerMessage, { t: T }> => message.t === t);
  }

  until(t: string): Promise<void> {
    return this.#waiting.until(() => this.received.some((message) => message.t === t));
  }

  untilAcknowledged(position: number): Promise<void> {
    return this.#waiting.until(() => this.messages("audio.ack").some(({ data }) => data.position >= position));
  }

  /** Resolves with how the server closed the connection. */
  async untilClosed(): Promise<{ readonly code: number; readonly reason: string }> {
    await this.#waiting.until(() => this.closed !== undefined);
    return this.closed ?? { code: 0, reason: "" };
  }
}
