import {
  type AudioOffer,
  type ClientMessage,
  CloseCode,
  encodeServerMessage,
  parseClientMessage,
  type ServerData,
  type ServerEnvelopeFields,
  type ServerMessageType,
  ShapeError,
} from "loquilex/protocol";
import { AudioInlet, type FrameDecoder } from "./audio-inlet.js";
import { type HeldSession, judgeOpening, type Refusal } from "./opening-judge.js";
import { type Gap, Outbox } from "./outbox.js";
import type { FinishReason, Opening, PeerId, ProtocolInput, ProtocolOutput, ServerTerms } from "./protocol-io.js";
import { ResumeSecrets } from "./resume-secrets.js";
import { TranscriptMemory } from "./transcript-memory.js";

const ACK_INTERVAL_MS = 100;
/** How soon audio that was asked for and has not come is asked for again, should the request or its answer be lost. */
const ASK_AGAIN_MS = 5_000;
/** Messages that may wait for a decoder, which takes milliseconds to be made. */
const MAX_HELD_MESSAGES = 4_096;

export interface ProtocolSessionOptions {
  readonly sessionId: string;
  readonly clientId: string;
  /** Which lineage of the session's state this is. */
  readonly epoch: number;
  readonly offer: AudioOffer;
  /** For an encoding that is not kept as it comes. When it can go on, its owner says `decoder-ready`. */
  readonly decoder?: FrameDecoder | undefined;
  readonly terms: ServerTerms;
  readonly createSecret: () => string;
  readonly equalSecrets: (a: string, b: string) => boolean;
  readonly now: number;
}

/**
 * The server's end of one session as a pure state machine: who is attached, what audio is in, which messages are out.
 * It outlives its connections and touches neither sockets nor timers.
 */
export class ProtocolSession {
  readonly #options: ProtocolSessionOptions;
  readonly #inlet: AudioInlet;
  readonly #outbox: Outbox;
  readonly #secrets: ResumeSecrets;
  #out: ProtocolOutput[] = [];
  #now: number;
  #wakeAt: number | undefined;

  #peer: PeerId | undefined;
  /** Number of the client's connection that is attached; older ones are echoes. */
  #attempt = 0;
  #generation = 0;
  /** The client has shown that it got an answer. */
  #confirmed = false;
  #expiresAt: number | undefined;
  #lastInbound: number;
  #lastOutbound: number;

  #ackDueAt: number | undefined;
  /** When what is awaited is asked for again. */
  #askAgainAt = 0;
  #acknowledged = -1;
  #ending = false;
  #drained = false;
  #endSentTo: PeerId | undefined;
  #finished = false;
  readonly #transcripts: TranscriptMemory;
  /** What the peer sent while the decoder is being made, oldest first. */
  #held: (string | Uint8Array<ArrayBuffer>)[] | undefined;

  constructor(options: ProtocolSessionOptions) {
    this.#options = options;
    this.#now = options.now;
    this.#lastInbound = options.now;
    this.#lastOutbound = options.now;
    const { terms, offer } = options;
    this.#inlet = new AudioInlet({
      offer,
      decoder: options.decoder,
      windowSamples: this.#windowSamples,
    });
    this.#transcripts = new TranscriptMemory(terms.snapshotFinals, terms.maxMessageBytes);
    this.#outbox = new Outbox({
      maxEvents: terms.resumeMaxEvents,
      maxBytes: terms.resumeMaxBytes,
      maxAgeMs: terms.resumeMaxAgeMs,
      window: terms.maxInFlight,
    });
    this.#secrets = new ResumeSecrets(options.createSecret, options.equalSecrets);
  }

  /** What decides about another opening. */
  get held(): HeldSession {
    return {
      clientId: this.#options.clientId,
      epoch: this.#options.epoch,
      attempt: this.#attempt,
      confirmed: this.#confirmed,
      lastSeq: this.#outbox.seq,
      freeInMs: this.#freeInMs,
      secrets: this.#secrets,
    };
  }

  /** When to call again with `{ type: "time" }`. */
  get wakeAt(): number | undefined {
    return this.#wakeAt;
  }

  get finished(): boolean {
    return this.#finished;
  }

  /** For tests and the resource dump. */
  get figures(): { readonly position: number; readonly kept: number; readonly unacknowledgedMessages: number } {
    return { position: this.#inlet.expected, kept: this.#inlet.kept, unacknowledgedMessages: this.#outbox.length };
  }

  handle(input: ProtocolInput, now: number): ProtocolOutput[] {
    this.#now = now;
    this.#out = [];
    if (!this.#finished) {
      this.#take(input);
      this.#work();
    }
    this.#wakeAt = this.#finished ? undefined : this.#nextWake();
    return this.#out;
  }

  #take(input: ProtocolInput): void {
    switch (input.type) {
      case "attach":
        this.#attach(input.peer, input.opening);
        return;
      case "data":
        if (input.peer === this.#peer) this.#receive(input.data);
        return;
      case "detached":
        if (input.peer === this.#peer) this.#detach(input.code);
        return;
      case "superseded":
        if (input.by === "its own client") this.#close(CloseCode.replaced, "replaced by a newer connection");
        else this.#close(CloseCode.superseded, "another client took the session over");
        this.#finish("superseded");
        return;
      case "kept":
        this.#inlet.keep(input.position);
        if (this.#inlet.kept > this.#acknowledged) this.#ackDueAt ??= this.#now + ACK_INTERVAL_MS;
        return;
      case "rewind":
        this.#inlet.rewind(input.position);
        this.#acknowledged = Math.min(this.#acknowledged, input.position);
        this.#ending = false;
        this.#drained = false;
        return;
      case "emit":
        this.#transcripts.note(input.t, input.data);
        this.#outbox.push(input.t, input.data, this.#now);
        return;
      case "drained":
        this.#drained = true;
        return;
      case "decoder-ready":
        this.#goOn();
        return;
      case "fail":
      case "lose":
        if (input.type === "fail") this.#send("session.end", { position: this.#inlet.kept, reason: input.reason });
        else this.#send("server.error", { code: "recording_lost", detail: input.reason, retry_after_ms: 500 });
        this.#close(CloseCode.internalError, input.reason);
        this.#finish("failed");
        return;
      case "woke":
        this.#lastInbound = Math.max(this.#lastInbound, this.#now - this.#options.terms.heartbeatTimeoutMs / 2);
        if (this.#expiresAt !== undefined) this.#expiresAt = this.#now + this.#options.terms.resumeTtlMs;
        return;
      case "go-away":
        if (this.#peer !== undefined) {
          this.#send("server.goaway", { reason: input.reason, retry_after_ms: input.retryAfterMs });
          this.#close(CloseCode.serviceRestart, input.reason);
        }
        return;
      case "time":
        this.#checkDeadlines();
    }
  }

  // ---------------------------------------------------------------- attaching

  #attach(peer: PeerId, opening: Opening): void {
    const { data, kind } = opening;
    const judgement = judgeOpening(opening, this.held);
    if ("error" in judgement) {
      this.#refuse(peer, judgement);
      return;
    }
    const { knows } = judgement;
    if (this.#peer !== undefined) this.#close(CloseCode.replaced, "replaced by a newer connection");
    this.#peer = peer;
    this.#attempt = data.attempt;
    this.#generation += 1;
    this.#expiresAt = undefined;
    this.#endSentTo = undefined;
    this.#lastInbound = this.#now;
    // The client may never have got the last acknowledgement.
    this.#ackDueAt = this.#now;
    this.#inlet.reconnected();
    this.#outbox.expire(this.#now);
    this.#outbox.window = Math.min(this.#options.terms.maxInFlight, data.max_in_flight);
    this.#sendWelcome();
    if (kind === "resume" && knows) this.#answerResume(data.last_seq);
    else this.#answerNew(kind === "hello" ? "created" : "unknown_session");
  }

  #sendWelcome(): void {
    const { terms, offer } = this.#options;
    this.#send("server.welcome", {
      hb: { interval_ms: terms.heartbeatIntervalMs, timeout_ms: terms.heartbeatTimeoutMs },
      resume_window: { seconds: terms.resumeTtlMs / 1_000, token: this.#secrets.issue() },
      limits: { max_in_flight: terms.maxInFlight, max_msg_bytes: terms.maxMessageBytes },
      generation: this.#generation,
      audio: {
        encoding: offer.encoding,
        sample_rate: offer.sample_rate,
        channels: offer.channels,
        window: this.#windowSamples,
      },
    });
  }

  #answerNew(reason: string): void {
    this.#outbox.restart();
    this.#send("session.new", {
      session_id: this.#options.sessionId,
      epoch: this.#options.epoch,
      reason,
      audio: { position: this.#inlet.expected, pace: this.#options.terms.pace },
    });
  }

  #answerResume(lastSeq: number): void {
    const { sessionId, epoch, terms } = this.#options;
    const gap: Gap | undefined = this.#outbox.rewind(lastSeq);
    this.#send("session.snapshot", {
      session_id: sessionId,
      epoch,
      current_seq: this.#outbox.seq,
      gap,
      ...this.#transcripts.inSnapshot,
    });
    for (const frame of this.#outbox.replay(sessionId)) this.#put(frame);
    this.#send("session.ack", {
      session_id: sessionId,
      status: "resumed",
      epoch,
      audio: { position: this.#inlet.expected, pace: terms.pace },
    });
  }

  /** Answers a connection that does not become this session's, and changes nothing else. */
  #refuse(peer: PeerId, { code, error, detail, retryAfterMs }: Refusal): void {
    const complaint = { code: error, detail, retry_after_ms: retryAfterMs };
    const data = encodeServerMessage("server.error", complaint, { sid: this.#options.sessionId });
    this.#out.push({ type: "send", peer, data }, { type: "close", peer, code, reason: detail });
  }

  /** When the session is free for another client at the latest, if nothing is heard of its own. */
  get #freeInMs(): number | undefined {
    const { heartbeatIntervalMs, heartbeatTimeoutMs, resumeTtlMs } = this.#options.terms;
    if (this.#expiresAt !== undefined) return Math.max(0, this.#expiresAt - this.#now);
    const silentMs = this.#now - this.#lastInbound;
    return silentMs > heartbeatIntervalMs ? Math.max(0, heartbeatTimeoutMs - silentMs) + resumeTtlMs : undefined;
  }

  #detach(code: number): void {
    this.#peer = undefined;
    this.#expiresAt = this.#now + this.#options.terms.resumeTtlMs;
    this.#held = undefined;
    if (code === CloseCode.normal) this.#finish(this.#endSentTo === undefined ? "aborted" : "ended");
  }

  /** Closes the current connection. The session waits for the next one. */
  #close(code: number, reason: string): void {
    const peer = this.#peer;
    if (peer === undefined) return;
    this.#peer = undefined;
    this.#held = undefined;
    this.#expiresAt = this.#now + this.#options.terms.resumeTtlMs;
    this.#out.push({ type: "close", peer, code, reason });
  }

  // ---------------------------------------------------------------- receiving

  #receive(data: string | Uint8Array<ArrayBuffer>): void {
    this.#lastInbound = this.#now;
    try {
      if (this.#held !== undefined) this.#hold(this.#held, data);
      else if (typeof data === "string") this.#onMessage(parseClientMessage(data));
      else this.#onFrame(data);
      this.#confirmed = true;
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      this.#send("server.error", { code: "invalid_message", detail: error.message });
      this.#close(CloseCode.protocolViolation, error.message.slice(0, 120));
    }
  }

  #onMessage(message: ClientMessage): void {
    switch (message.t) {
      case "client.hb":
        this.#send("server.hb", {}, message.id === undefined ? {} : { corr: message.id });
        return;
      case "client.ack":
        if (!this.#outbox.acknowledge(message.data.ack_seq)) {
          this.#send("server.error", { code: "invalid_ack", detail: `${message.data.ack_seq} was never sent.` });
        }
        return;
      case "client.flow":
        this.#outbox.window = Math.min(this.#options.terms.maxInFlight, message.data.max_in_flight);
        return;
      case "client.end":
        this.#onEnd(message.data.position);
        return;
      default:
        throw new ShapeError(`${message.t} must be the first message of a connection.`);
    }
  }

  #onEnd(position: number): void {
    if (position < this.#inlet.expected) throw new ShapeError("client.end must not lie before audio already sent.");
    if (position > this.#inlet.expected) this.#askFor(this.#inlet.expected);
    else if (!this.#ending) {
      this.#ending = true;
      this.#inlet.close();
      this.#out.push({ type: "end-audio" });
    }
  }

  #onFrame(bytes: Uint8Array<ArrayBuffer>): void {
    const verdict = this.#inlet.take(bytes);
    if (verdict.type === "resync") this.#askFor(verdict.position);
    if (verdict.type === "append") this.#out.push({ type: "audio", frame: verdict.frame });
    if (verdict.type === "wait") this.#held = [bytes];
  }

  #askFor(position: number): void {
    this.#askAgainAt = this.#now + ASK_AGAIN_MS;
    this.#send("audio.resync", { position });
  }

  #hold(held: (string | Uint8Array<ArrayBuffer>)[], data: string | Uint8Array<ArrayBuffer>): void {
    if (held.length >= MAX_HELD_MESSAGES) throw new ShapeError("A client must not send so much at once.");
    held.push(data);
  }

  /** What was held comes in now, until something has to wait again or breaks the protocol. */
  #goOn(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const data of held) if (this.#peer !== undefined) this.#receive(data);
  }

  // ---------------------------------------------------------------- sending

  #work(): void {
    if (this.#finished || this.#peer === undefined) return;
    for (const frame of this.#outbox.pump(this.#options.sessionId)) this.#put(frame);
    if (this.#ackDueAt !== undefined && (this.#now >= this.#ackDueAt || this.#drained)) this.#acknowledge();
    if (this.#drained && this.#outbox.flushed && this.#endSentTo !== this.#peer) {
      this.#endSentTo = this.#peer;
      this.#send("session.end", { position: this.#inlet.kept, reason: "ended" });
    }
  }

  #acknowledge(): void {
    this.#ackDueAt = undefined;
    this.#acknowledged = this.#inlet.kept;
    this.#send("audio.ack", { position: this.#inlet.kept });
  }

  #checkDeadlines(): void {
    if (this.#expiresAt !== undefined && this.#now >= this.#expiresAt) {
      this.#finish(this.#drained ? "ended" : "expired");
      return;
    }
    if (this.#peer === undefined) return;
    const { heartbeatIntervalMs, heartbeatTimeoutMs } = this.#options.terms;
    if (this.#now >= this.#lastInbound + heartbeatTimeoutMs) {
      this.#close(CloseCode.timeout, "heartbeat timeout");
      return;
    }
    const { awaited } = this.#inlet;
    if (awaited !== undefined && this.#now >= this.#askAgainAt) this.#askFor(awaited);
    if (this.#now >= this.#lastOutbound + heartbeatIntervalMs) this.#send("server.hb", {});
  }

  #nextWake(): number | undefined {
    const times: number[] = [];
    if (this.#expiresAt !== undefined) times.push(this.#expiresAt);
    if (this.#peer !== undefined) {
      const { heartbeatIntervalMs, heartbeatTimeoutMs } = this.#options.terms;
      times.push(this.#lastInbound + heartbeatTimeoutMs, this.#lastOutbound + heartbeatIntervalMs);
      if (this.#ackDueAt !== undefined) times.push(this.#ackDueAt);
      if (this.#inlet.awaited !== undefined) times.push(this.#askAgainAt);
    }
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #finish(reason: FinishReason): void {
    this.#finished = true;
    this.#out.push({ type: "finished", reason });
  }

  get #windowSamples(): number {
    const { terms, offer } = this.#options;
    return Math.max(1, Math.round((terms.windowMs / 1_000) * offer.sample_rate));
  }

  #send<T extends ServerMessageType>(t: T, data: ServerData[T], more: ServerEnvelopeFields = {}): void {
    this.#put(encodeServerMessage(t, data, { sid: this.#options.sessionId, ...more }));
  }

  #put(data: string): void {
    if (this.#peer === undefined) return;
    this.#lastOutbound = this.#now;
    this.#out.push({ type: "send", peer: this.#peer, data });
  }
}
