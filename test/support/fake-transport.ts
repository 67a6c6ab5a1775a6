import {
  type AudioEncoding,
  type ClientMessage,
  decodeAudioFrame,
  encodeServerMessage,
  parseClientMessage,
  type ServerEnvelopeFields,
  type WireAudioFrame,
} from "loquilex/protocol";
import { deferred } from "../../src/internal/deferred.js";
import type {
  Transport,
  TransportCloseInfo,
  TransportConnection,
  TransportConnectOptions,
} from "../../src/transport/transport.js";

/** A network and a server in one: by default it answers everything at once, and the test tells it what not to do. */
export class FakeTransport implements Transport {
  readonly connections: FakeConnection[] = [];
  /** What the server does by itself. */
  opens = true;
  answers = true;
  acknowledges = true;
  saysGoodbye = true;
  /** What the audio on the wire is. */
  encoding: AudioEncoding = "pcm_s16le";
  /** Makes every attempt fail. */
  unreachable: unknown;
  /** What a bad transport does: it takes no notice of the signal while it connects. */
  deaf = false;
  /** Position the server expects next. */
  expected = 0;
  forgetful = false;
  #known = false;

  get last(): FakeConnection {
    const last = this.connections.at(-1);
    if (last === undefined) throw new Error("No connection was asked for.");
    return last;
  }

  /** Connections that hold a socket. */
  get live(): FakeConnection[] {
    return this.connections.filter(({ live }) => live);
  }

  async connect(options: TransportConnectOptions): Promise<TransportConnection> {
    options.signal.throwIfAborted();
    const connection = new FakeConnection(this, options);
    this.connections.push(connection);
    if (this.unreachable !== undefined) {
      connection.live = false;
      throw this.unreachable;
    }
    if (this.opens) connection.open();
    return connection.opened;
  }

  /** What the server answers to a first message. */
  greet(connection: FakeConnection, message: ClientMessage): void {
    if (!this.answers) return;
    connection.welcome();
    const audio = { position: this.expected, pace: 100 };
    const session = { session_id: "session", epoch: 7 };
    if (message.t === "session.resume" && this.#known && !this.forgetful) {
      connection.say("session.snapshot", {
        ...session,
        current_seq: 0,
        finalized_transcript: [],
        active_partials: [],
      });
      connection.say("session.ack", { ...session, status: "resumed", audio });
      return;
    }
    this.#known = true;
    connection.say("session.new", { ...session, reason: "created", audio });
  }
}

/** One attempt to connect, and the socket that came of it. */
export class FakeConnection {
  readonly #transport: FakeTransport;
  readonly context: TransportConnectOptions;
  readonly #opened = deferred<TransportConnection>();
  readonly #closed = deferred<TransportCloseInfo>();
  /** Whether a socket is held, opening or open. */
  live = true;
  bufferedBytes = 0;
  #greeted = false;
  readonly sent: ClientMessage[] = [];
  readonly audio: WireAudioFrame[] = [];
  /** How the client closed it: `code reason`. */
  readonly closings: string[] = [];

  constructor(transport: FakeTransport, context: TransportConnectOptions) {
    this.#transport = transport;
    this.context = context;
    context.signal.addEventListener(
      "abort",
      () => {
        if (transport.deaf) return;
        this.live = false;
        this.#opened.reject(context.signal.reason);
      },
      { once: true },
    );
  }

  get opened(): Promise<TransportConnection> {
    return this.#opened.promise;
  }

  open(): void {
    const connection = this;
    this.#opened.resolve({
      closed: this.#closed.promise,
      get bufferedBytes() {
        return connection.bufferedBytes;
      },
      send: (data) => this.#receive(data),
      close: (code, reason) => {
        this.closings.push(`${code} ${reason}`);
        this.live = false;
      },
    });
  }

  /** A server that did not open, answer or acknowledge does all of it now. */
  relent(): void {
    this.open();
    const [first] = this.sent;
    if (first !== undefined && !this.#greeted) this.#transport.greet(this, first);
    if (this.#greeted) this.acknowledge();
    const end = this.sent.find(({ t }) => t === "client.end");
    if (end?.t === "client.end") this.say("session.end", { position: end.data.position, reason: "done" });
  }

  /** The link or the server ends the connection. */
  lose(code = 1006, reason = ""): void {
    this.live = false;
    this.#closed.resolve({ code, reason, clean: code !== 1006 });
  }

  say(t: string, data: unknown, more: ServerEnvelopeFields = {}): void {
    this.context.onMessage(encodeServerMessage(t, data, more));
  }

  welcome(): void {
    this.#greeted = true;
    this.say("server.welcome", {
      hb: { interval_ms: 10_000, timeout_ms: 30_000 },
      resume_window: { seconds: 60, token: "resume" },
      limits: { max_in_flight: 64, max_msg_bytes: 131_072 },
      audio: { encoding: this.#transport.encoding, sample_rate: 16_000, channels: 1, window: 480_000 },
    });
  }

  acknowledge(position = this.#transport.expected): void {
    this.say("audio.ack", { position });
  }

  /** Types of the text messages it was sent. */
  get types(): string[] {
    return this.sent.map(({ t }) => t);
  }

  #receive(data: string | Uint8Array<ArrayBuffer>): void {
    if (!this.live) return;
    const transport = this.#transport;
    if (typeof data !== "string") {
      const frame = decodeAudioFrame(data, { encoding: transport.encoding, channels: 1 });
      this.audio.push(frame);
      transport.expected = frame.position + frame.sampleCount;
      if (transport.acknowledges) this.acknowledge();
      return;
    }
    const message = parseClientMessage(data);
    this.sent.push(message);
    if (message.t === "client.hello" || message.t === "session.resume") transport.greet(this, message);
    else if (message.t === "client.hb") this.say("server.hb", {}, message.id === undefined ? {} : { corr: message.id });
    else if (message.t === "client.end" && transport.saysGoodbye) {
      this.say("session.end", { position: message.data.position, reason: "done" });
    }
  }
}
