import { type ClientData, parseServerMessage, type ServerMessage, SUBPROTOCOL } from "loquilex/protocol";
import { systemClock } from "loquilex/resources";
import { RawClient, type RawIdentity } from "./raw-client.js";
import { WireSocket } from "./wire-socket.js";

export interface WitnessOptions extends RawIdentity {
  readonly url: string;
  /** @defaultValue ["loquilex.v1"] */
  readonly protocols?: readonly string[] | undefined;
  readonly origin?: string | undefined;
  readonly token?: string | undefined;
  /** The last message that this client got on earlier connections. @defaultValue 0 */
  readonly lastSeq?: number | undefined;
  /** The lineage of which that is true. */
  readonly epoch?: number | undefined;
  /** What it may resume with. */
  readonly secret?: string | undefined;
  /** End of the audio that it sent on earlier connections. @defaultValue 0 */
  readonly sentTo?: number | undefined;
}

/** A message of the server, and when and how it came. */
export interface Heard {
  readonly message: ServerMessage;
  /** On the `performance.now()` clock. */
  readonly at: number;
  readonly bytes: number;
  /** End of the audio that was sent on this connection before it came, or the position that the server began with. */
  readonly sentTo: number;
}

type Said<T extends ServerMessage["t"]> = Extract<ServerMessage, { t: T }>;
const isOf = <T extends ServerMessage["t"]>(message: ServerMessage, t: T): message is Said<T> => message.t === t;

/** One connection of a client that notes everything the server says, whether it is right or not. */
export class Witness extends RawClient<WireSocket> {
  readonly heard: Heard[] = [];
  /** What could not be read as a message of the protocol: the text's beginning, and why. */
  readonly unreadable: string[] = [];
  /** Binary messages, which a server sends only where section 14 allows it. */
  readonly binary: Uint8Array<ArrayBuffer>[] = [];
  /** The server ended the connection, rather than this client. */
  closedByServer = false;
  /** When the connection ended, on the `performance.now()` clock. */
  closedAt = Number.POSITIVE_INFINITY;
  /** What it resumed from, if it did. */
  resumedFrom: { readonly lastSeq: number; readonly sentTo: number } | undefined;
  readonly #options: WitnessOptions;
  #sentTo: number | undefined;
  #left = false;
  // Looked for once, because there may be a hundred thousand messages.
  #welcome: Said<"server.welcome"> | undefined;
  #answer: Said<"session.new"> | Said<"session.ack"> | undefined;
  #acknowledged = -1;

  /** Use {@link connect}. */
  constructor(socket: WireSocket, options: WitnessOptions) {
    super(socket, options);
    this.#options = options;
  }

  /** @throws Error that says how the handshake was refused. */
  static async connect(options: WitnessOptions): Promise<Witness> {
    const protocols = options.protocols ?? [SUBPROTOCOL];
    const witness = new Witness(await WireSocket.connect(options.url, { protocols, origin: options.origin }), options);
    witness.socket.listen({
      onMessage: (data) => witness.hear(data),
      onClosed: (code, reason) => witness.end(code, reason),
    });
    return witness;
  }

  get welcome() {
    return this.#welcome?.data;
  }

  /** How the session was begun or gone on with. */
  get answer() {
    return this.#answer;
  }

  /** Position that the answer named. */
  get position(): number {
    return this.answer?.data.audio?.position ?? 0;
  }

  /** The highest position that the server has acknowledged; -1 if none. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** End of the audio that was sent on this or an earlier connection of this client. */
  get sentTo(): number {
    return Math.max(this.#sentTo ?? 0, this.#options.sentTo ?? 0);
  }

  /** The numbers of what the server said, in the order in which it came. */
  get numbers(): number[] {
    return this.received.flatMap(({ seq }) => (seq === undefined ? [] : [seq]));
  }

  /** The first number that the server gave, to a message or to one that it says is gone. */
  get firstNumber(): number {
    const dropped = this.messages("queue.drop").map(({ data }) => Number((data as { from_seq?: unknown })?.from_seq));
    return Math.min(...this.numbers, ...dropped);
  }

  /** What the next connection of this client is made with. It knows what this one does. */
  get successor(): WitnessOptions {
    const { url } = this.#options;
    return {
      url,
      token: this.#options.token,
      sessionId: this.sessionId,
      clientId: this.clientId,
      attempt: this.attempt,
      lastSeq: Math.max(this.#options.lastSeq ?? 0, ...this.numbers),
      epoch: this.answer?.data.epoch ?? this.#options.epoch,
      secret: this.welcome?.resume_window.token ?? this.#options.secret,
      sentTo: this.sentTo,
    };
  }

  override nextOpening(): ClientData["client.hello"] {
    const opening = super.nextOpening();
    const { token } = this.#options;
    const audio = { ...opening.audio, next: this.sentTo };
    return { ...opening, agent: "loquilex-conformance", audio, ...(token === undefined ? {} : { token }) };
  }

  /** Comes back as the client that it was on its last connection. */
  resume(more: Partial<ClientData["session.resume"]> = {}): void {
    const { lastSeq = 0, epoch, secret } = this.#options;
    const data = { ...this.nextOpening(), last_seq: lastSeq, epoch, resume_token: secret, ...more };
    this.resumedFrom = { lastSeq: data.last_seq, sentTo: this.sentTo };
    this.send("session.resume", data);
  }

  override sendFrame(position: number, sampleCount = 320, flags = 0): void {
    super.sendFrame(position, sampleCount, flags);
    this.sent(position + sampleCount);
  }

  /** Notes that audio was sent up to here. */
  sent(position: number): void {
    this.#sentTo = Math.max(this.#sentTo ?? 0, position);
  }

  /** Waits until the server has sent heartbeats or answers up to the condition. */
  untilHeard(condition: (witness: this) => boolean): Promise<void> {
    return this.waiting.until(() => condition(this));
  }

  /** Ends the connection so that its session ends too. */
  goodbye(): void {
    this.#left = true;
    this.socket.resume();
    this.socket.close(1000);
  }

  /** Ends the connection without a goodbye, and leaves the session to wait. */
  vanish(): void {
    this.#left = true;
    this.socket.leave();
  }

  /** Ends the connection as a network does that has forgotten it. */
  tearAway(): void {
    this.#left = true;
    this.socket.tearAway();
  }

  /** Ends the connection with a code of this client's. */
  closeWith(code: number): void {
    this.#left = true;
    this.socket.close(code);
  }

  hear(data: string | Uint8Array): void {
    if (typeof data === "string") this.#read(data);
    else this.binary.push(new Uint8Array(data));
    this.waiting.changed();
  }

  end(code: number, reason: string): void {
    this.closed = { code, reason };
    this.closedByServer = !this.#left;
    this.closedAt = systemClock.now();
    this.waiting.changed();
  }

  #read(text: string): void {
    try {
      const message = parseServerMessage(text);
      this.received.push(message);
      if (isOf(message, "server.welcome")) this.#welcome ??= message;
      if (isOf(message, "session.new") || isOf(message, "session.ack")) this.#answer ??= message;
      if (isOf(message, "audio.ack")) this.#acknowledged = Math.max(this.#acknowledged, message.data.position);
      const sentTo = Math.max(this.#sentTo ?? 0, this.position);
      this.heard.push({ message, at: systemClock.now(), bytes: Buffer.byteLength(text), sentTo });
    } catch (error) {
      this.unreadable.push(`${(error as Error).message} It came as ${text.slice(0, 120)}`);
    }
  }
}
