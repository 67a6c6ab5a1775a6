import {
  type ClientData,
  type ClientMessageType,
  encodeAudioFrame,
  encodeClientMessage,
  type ServerMessage,
} from "loquilex/protocol";
import { randomId } from "loquilex/resources";
import { stampedPayload } from "./stamped-sound.js";
import { Waiting } from "./waiting.js";

/** Who a client says it is. */
export interface RawIdentity {
  /** @defaultValue 128 random bits */
  readonly sessionId?: string | undefined;
  /** @defaultValue 128 random bits */
  readonly clientId?: string | undefined;
  /** Connections that this client has made before. @defaultValue 0 */
  readonly attempt?: number | undefined;
}

/** What carries the client's messages. */
interface Sender {
  send(data: string | Uint8Array): void;
}

/** Speaks the protocol by hand, and as wrongly as a test wants. */
export class RawClient<Socket extends Sender> {
  readonly socket: Socket;
  readonly sessionId: string;
  readonly clientId: string;
  readonly received: ServerMessage[] = [];
  closed: { readonly code: number; readonly reason: string } | undefined;
  /** Told of every change, so that who waits for one looks again. */
  readonly waiting = new Waiting();
  #attempt: number;

  constructor(socket: Socket, identity: RawIdentity) {
    this.socket = socket;
    this.sessionId = identity.sessionId ?? randomId();
    this.clientId = identity.clientId ?? randomId();
    this.#attempt = identity.attempt ?? 0;
  }

  /** Connections that this client has opened. */
  get attempt(): number {
    return this.#attempt;
  }

  send<T extends ClientMessageType>(t: T, data: ClientData[T]): void {
    this.socket.send(encodeClientMessage(t, data, { sid: this.sessionId }));
  }

  sendText(text: string): void {
    this.socket.send(text);
  }

  hello(more: Partial<ClientData["client.hello"]> = {}): void {
    this.send("client.hello", { ...this.nextOpening(), ...more });
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
    return this.waiting.until(() => this.received.some((message) => message.t === t));
  }

  untilAcknowledged(position: number): Promise<void> {
    return this.waiting.until(() => this.messages("audio.ack").some(({ data }) => data.position >= position));
  }

  /** Resolves with how the server closed the connection. */
  async untilClosed(): Promise<{ readonly code: number; readonly reason: string }> {
    await this.waiting.until(() => this.closed !== undefined);
    return this.closed ?? { code: 0, reason: "" };
  }

  /** What an opening says of this client, on the next of its connections. */
  nextOpening(): ClientData["client.hello"] {
    this.#attempt += 1;
    return {
      agent: "test",
      accept: ["audio/1"],
      ack_mode: "cumulative",
      max_in_flight: 64,
      session_id: this.sessionId,
      client_id: this.clientId,
      attempt: this.#attempt,
      audio: { encoding: "pcm_s16le", sample_rate: 16_000, channels: 1, first: 0, next: 0 },
    };
  }
}
