import {
  type ClientData,
  type ClientMessage,
  type ClientMessageType,
  decodeAudioFrame,
  encodeServerMessage,
  parseClientMessage,
  type ServerData,
  type ServerEnvelopeFields,
  type ServerMessageType,
  type WireAudioFrame,
} from "loquilex/protocol";
import type { AudioStreamError } from "../../src/errors.js";
import type { AudioRange } from "../../src/internal/range-set.js";
import { Session } from "../../src/session/session.js";
import type { SessionEvent, SessionInput, SessionOutput } from "../../src/session/session-io.js";
import type { RetryOptions, SessionOptions } from "../../src/session/session-options.js";

export const SAMPLE_RATE = 16_000;
/** Samples of one 20 ms frame. */
export const FRAME = 320;

export const RETRY: RetryOptions = {
  initialDelayMs: 250,
  maxDelayMs: 10_000,
  factor: 2,
  jitterRatio: 0,
  maxAttempts: Number.POSITIVE_INFINITY,
  maxElapsedMs: 60_000,
  initial: "retry",
  policy: undefined,
};

export type SessionOverrides = Partial<Omit<SessionOptions, "replay">> & {
  readonly replay?: Partial<SessionOptions["replay"]>;
};

type EventOf<T extends SessionEvent["type"]> = Extract<SessionEvent, { readonly type: T }>;
type MessageOf<T extends ClientMessageType> = { readonly t: T; readonly data: ClientData[T] };
type OutputOf<T extends SessionOutput["type"]> = Extract<SessionOutput, { readonly type: T }>;

/** A session without its driver: the test is the network, the server and the time. */
export class SessionRig {
  readonly session: Session;
  /** Everything the session has wanted so far. */
  readonly outputs: SessionOutput[] = [];
  now = 1_000;
  /** What the socket holds back. */
  bufferedBytes = 0;
  /** The server's grant, for {@link answer}. */
  window = 480_000;
  pace = 100;
  readonly #format: SessionOptions["format"];
  #captured = 0;
  #connection = 0;

  constructor({ replay, ...overrides }: SessionOverrides = {}) {
    this.#format = overrides.format ?? { encoding: "pcm_s16le", sampleRate: SAMPLE_RATE, channels: 1 };
    this.session = new Session({
      sessionId: "session",
      clientId: "client",
      takeover: false,
      agent: "test/1",
      format: this.#format,
      replay: { maxDurationMs: 30_000, maxBytes: 4_000_000, whenFull: "drop-oldest", ...replay },
      retry: RETRY,
      connectTimeoutMs: 10_000,
      heartbeat: { intervalMs: 10_000, timeoutMs: 5_000 },
      renewableToken: false,
      random: () => 0.5,
      ...overrides,
    });
  }

  // ---------------------------------------------------------------- what happens

  do(input: SessionInput): SessionOutput[] {
    const outputs = this.session.handle(input, this.now, this.bufferedBytes);
    for (const output of outputs) if (output.type === "connect") this.#connection = output.connection;
    this.outputs.push(...outputs);
    return outputs;
  }

  start(): void {
    this.do({ type: "start" });
  }

  /** Captures frames of 20 ms, or jumps over `gap` samples first. */
  frames(count: number, { gap = 0 } = {}): void {
    this.#captured += gap;
    for (let n = 0; n < count; n += 1) {
      const payload = new Uint8Array(FRAME * 2).fill((this.#captured / FRAME) % 256);
      const frame = { payload, position: this.#captured, sampleCount: FRAME, flags: 0 };
      this.#captured += FRAME;
      this.do({ type: "frame", frame });
    }
  }

  /** The socket opens. */
  open(token?: string): void {
    this.do({ type: "open", connection: this.#connection, token });
  }

  /** The server says something on the connection of the moment, or on another. */
  say<T extends ServerMessageType>(t: T, data: ServerData[T], more?: ServerEnvelopeFields): SessionOutput[];
  say(t: string, data: unknown, more?: ServerEnvelopeFields): SessionOutput[];
  say(t: string, data: unknown, more: ServerEnvelopeFields = {}): SessionOutput[] {
    return this.receive(encodeServerMessage(t, data, more));
  }

  receive(data: string | Uint8Array, connection = this.#connection): SessionOutput[] {
    return this.do({ type: "message", connection, data });
  }

  lose(code = 1006, reason = "", connection = this.#connection): SessionOutput[] {
    return this.do({ type: "lost", connection, loss: { kind: "closed", code, reason } });
  }

  fail(error: AudioStreamError): SessionOutput[] {
    return this.do({ type: "lost", connection: this.#connection, loss: { kind: "failed", error } });
  }

  /** Time passes, and every wake-up comes on time. */
  pass(ms: number): void {
    const end = this.now + ms;
    let idle = 0;
    for (let wakeAt = this.session.wakeAt; wakeAt !== undefined && wakeAt <= end; wakeAt = this.session.wakeAt) {
      idle = wakeAt > this.now ? 0 : idle + 1;
      if (idle > 1_000) throw new Error(`The session asks for the same moment, ${wakeAt}, again and again.`);
      this.now = Math.max(this.now, wakeAt);
      this.do({ type: "time" });
    }
    this.now = end;
  }

  /** Time passes while nothing runs; then the one timer that was due fires. */
  sleep(ms: number): void {
    this.now += ms;
    if (this.session.wakeAt !== undefined && this.session.wakeAt <= this.now) this.do({ type: "time" });
  }

  // ---------------------------------------------------------------- whole conversations

  welcome(more: Partial<ServerData["server.welcome"]> = {}): void {
    const { encoding, sampleRate, channels } = this.#format;
    this.say("server.welcome", {
      hb: { interval_ms: 10_000, timeout_ms: 30_000 },
      resume_window: { seconds: 60, token: `secret ${this.#connection}` },
      limits: { max_in_flight: 64, max_msg_bytes: 1_000_000 },
      audio: { encoding, sample_rate: sampleRate, channels, window: this.window },
      ...more,
    });
  }

  /** The server's answer to a hello, or to a resume it knows nothing of. */
  begin(position = 0, { epoch = 7, reason = "created" } = {}): void {
    this.welcome();
    this.say("session.new", { session_id: "session", epoch, reason, audio: { position, pace: this.pace } });
  }

  /** The server's answer to a resume that it knows. */
  takeUp(
    position: number,
    { epoch = 7, gap }: { epoch?: number; gap?: { from_seq: number; to_seq: number } } = {},
  ): void {
    this.welcome();
    const nothing = { current_seq: 0, finalized_transcript: [], active_partials: [] };
    this.say("session.snapshot", { session_id: "session", epoch, gap, ...nothing });
    this.say("session.ack", { session_id: "session", status: "resumed", epoch, audio: { position, pace: this.pace } });
  }

  /** A first connection, up and running. */
  connect(): void {
    this.start();
    this.open();
    this.begin();
  }

  /** The connection of the moment breaks, and the next one opens. */
  reconnect(): void {
    this.lose();
    for (const broken = this.#connection; this.#connection === broken && !this.session.done; ) this.pass(50);
    this.open();
  }

  caption(seq: number, text = `caption ${seq}`): void {
    this.say("asr.final", { text, segment_id: `s${seq}` }, { seq });
  }

  ack(position: number): SessionOutput[] {
    return this.say("audio.ack", { position });
  }

  // ---------------------------------------------------------------- what came of it

  get connection(): number {
    return this.#connection;
  }

  /** Position after the last sample captured. */
  get captured(): number {
    return this.#captured;
  }

  get events(): SessionEvent[] {
    return this.#of("event").map(({ event }) => event);
  }

  eventsOf<T extends SessionEvent["type"]>(type: T): EventOf<T>[] {
    return this.events.filter((event): event is EventOf<T> => event.type === type);
  }

  get connects(): OutputOf<"connect">[] {
    return this.#of("connect");
  }

  get disconnects(): OutputOf<"disconnect">[] {
    return this.#of("disconnect");
  }

  /** Text messages sent, on all connections or on one. */
  sent(connection?: number): ClientMessage[] {
    return this.#of("send").flatMap((output) =>
      typeof output.data === "string" && (connection ?? output.connection) === output.connection
        ? [parseClientMessage(output.data)]
        : [],
    );
  }

  sentOf<T extends ClientMessageType>(t: T, connection?: number): MessageOf<T>["data"][] {
    return this.sent(connection).flatMap((message) => (message.t === t ? [message.data as ClientData[T]] : []));
  }

  /** Audio sent, on all connections or on one. */
  audio(connection?: number): WireAudioFrame[] {
    return this.#of("send").flatMap((output) =>
      typeof output.data !== "string" && (connection ?? output.connection) === output.connection
        ? [decodeAudioFrame(output.data, { encoding: "pcm_s16le", channels: 1 })]
        : [],
    );
  }

  /** Positions of the audio sent on one connection. */
  positions(connection = this.#connection): number[] {
    return this.audio(connection).map(({ position }) => position);
  }

  warnings(): string[] {
    return this.eventsOf("warning").map(({ error }) => error.code);
  }

  /** What was announced as lost, drop by drop. */
  lost(): AudioRange[] {
    return this.eventsOf("drop").map(({ range }) => range);
  }

  /** How the session failed. */
  get failure(): AudioStreamError | undefined {
    return this.eventsOf("failed")[0]?.error;
  }

  #of<T extends SessionOutput["type"]>(type: T): OutputOf<T>[] {
    return this.outputs.filter((output): output is OutputOf<T> => output.type === type);
  }
}

/** Positions of frames that follow each other. */
export const positionsFrom = (position: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => position + index * FRAME);
