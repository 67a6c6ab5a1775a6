import {
  type AudioOffer,
  type ClientMessage,
  CloseCode,
  parseClientMessage,
  ShapeError,
  type WireAudioFrame,
} from "loquilex/protocol";
import { begun, resumed, snapshot, welcome, windowOf } from "./answers.js";
import { Attachment } from "./attachment.js";
import { AudioInlet, type FrameDecoder } from "./audio-inlet.js";
import type { StoredSession } from "./claim.js";
import type { HeldSession } from "./opening-judge.js";
import { Outbox } from "./outbox.js";
import type { FinishReason, Message, Opening, PeerId, SessionInput, SessionKey, Turn } from "./protocol-io.js";
import type { ResumeSecrets } from "./resume-secrets.js";
import { outboxLimits, type ServerTerms } from "./server-terms.js";
import { TranscriptMemory } from "./transcript-memory.js";

export interface ProtocolSessionOptions {
  readonly key: SessionKey;
  readonly clientId: string;
  readonly offer: AudioOffer;
  /** For an encoding that is not kept as it comes. When it can go on, its owner says `decoder-ready`. */
  readonly decoder?: FrameDecoder | undefined;
  readonly terms: ServerTerms;
  readonly secrets: ResumeSecrets;
  readonly turn: Turn;
  /** What another node has left of it. */
  readonly taken?: StoredSession | undefined;
}

/** The server's end of one session: what outlives its connections. Its owner calls {@link settle} after everything else. */
export class ProtocolSession {
  readonly key: SessionKey;
  readonly #options: ProtocolSessionOptions;
  readonly #turn: Turn;
  readonly #inlet: AudioInlet;
  readonly #outbox: Outbox;
  readonly #secrets: ResumeSecrets;
  readonly #transcripts: TranscriptMemory;
  #attachment: Attachment | undefined;
  /** Number of the client's connection that was attached last; older ones are echoes. */
  #attempt = 0;
  #generation: number;
  /** The client has shown that it got an answer. */
  #confirmed: boolean;
  /** When the session ends, while no client is attached. */
  #expiresAt: number | undefined;
  #ending = false;
  #drained = false;

  constructor(options: ProtocolSessionOptions) {
    const { terms, offer, decoder, taken } = options;
    this.#options = options;
    this.key = options.key;
    this.#turn = options.turn;
    this.#inlet = new AudioInlet({ offer, decoder, windowSamples: windowOf(terms, offer), taken });
    this.#transcripts = new TranscriptMemory(terms.snapshotFinals, terms.maxMessageBytes, taken?.messages);
    this.#outbox = new Outbox({ ...outboxLimits(terms), taken: taken && { ...taken, now: options.turn.now } });
    this.#secrets = options.secrets;
    this.#generation = taken?.generation ?? 0;
    this.#confirmed = taken?.confirmed ?? false;
  }

  /** What decides about another opening. */
  get held(): HeldSession {
    return {
      clientId: this.#options.clientId,
      epoch: this.key.epoch,
      attempt: this.#attempt,
      confirmed: this.#confirmed,
      lastSeq: this.#outbox.seq,
      freeInMs: this.#freeInMs,
      isGoodSecret: (secret) => this.#secrets.isGood(secret),
    };
  }

  /** When {@link checkDeadlines} has something to do, unless something happens before. */
  get wakeAt(): number {
    return this.#attachment?.wakeAt(this.#inlet.awaited) ?? this.#expiresAt ?? Number.POSITIVE_INFINITY;
  }

  /** @param secret what the client may resume with next. @defaultValue a new one */
  attach(peer: PeerId, { kind, data }: Opening, knows: boolean, secret?: string): void {
    const { terms, offer } = this.#options;
    this.#close(CloseCode.replaced, "replaced by a newer connection");
    const attachment = new Attachment({ peer, sessionId: this.key.sessionId, terms, turn: this.#turn });
    this.#attachment = attachment;
    this.#attempt = data.attempt;
    this.#generation += 1;
    this.#expiresAt = undefined;
    this.#inlet.reconnected();
    this.#outbox.expire(this.#turn.now);
    this.#outbox.window = Math.min(terms.maxInFlight, data.max_in_flight);
    if (kind === "resume" && knows) this.#secrets.use(data.resume_token);
    const identity = { secret: this.#secrets.issue(secret), generation: this.#generation };
    attachment.send("server.welcome", welcome(terms, offer, identity));
    if (kind === "resume" && knows) this.#resume(attachment, data.last_seq);
    else {
      this.#outbox.restart();
      const reason = kind === "hello" ? "created" : "unknown_session";
      attachment.send("session.new", begun(this.key, reason, this.#audioStart));
    }
  }

  #resume(attachment: Attachment, lastSeq: number): void {
    const gap = this.#outbox.rewind(lastSeq);
    attachment.send("session.snapshot", snapshot(this.key, this.#outbox.seq, gap, this.#transcripts));
    for (const message of this.#outbox.replay(this.key.sessionId)) attachment.put(message);
    attachment.send("session.ack", resumed(this.key, this.#audioStart));
  }

  get #audioStart() {
    return { position: this.#inlet.expected, pace: this.#options.terms.pace };
  }

  /** The connection is gone. */
  detach(code: number): void {
    const endSent = this.#attachment?.endSent === true;
    this.#waitForClient();
    if (code === CloseCode.normal) this.#finish(endSent ? "ended" : "aborted");
  }

  /** Another client has taken the session id over, or its own one begins a new lineage. */
  supersede(by: "another client" | "its own client"): void {
    if (by === "its own client") this.#close(CloseCode.replaced, "replaced by a newer connection");
    else this.#close(CloseCode.superseded, "another client took the session over");
    this.#finish("superseded");
  }

  /** This process did not run for a while: what nobody could do meanwhile counts against nobody. */
  wake(): void {
    this.#attachment?.wake();
    if (this.#expiresAt !== undefined) this.#expiresAt = this.#turn.now + this.#options.terms.resumeTtlMs;
  }

  /** Tells the client to come back later. */
  sendAway(reason: string, retryAfterMs: number): void {
    this.#attachment?.send("server.goaway", { reason, retry_after_ms: retryAfterMs });
    this.#close(CloseCode.serviceRestart, reason);
  }

  take(input: SessionInput): void {
    switch (input.type) {
      case "kept":
        this.#inlet.keep(input.position);
        return;
      case "rewind":
        this.#inlet.rewind(input.position);
        this.#ending = false;
        this.#drained = false;
        return;
      case "emit":
        this.#transcripts.note(input.t, input.data);
        this.#outbox.push(input.t, input.data, this.#turn.now);
        return;
      case "drained":
        this.#drained = true;
        return;
      case "decoder-ready":
        // What was held comes in now, until something has to wait again or breaks the protocol.
        for (const data of this.#attachment?.takeHeld() ?? []) this.receive(data);
        return;
      case "moved":
        this.supersede("its own client");
        return;
      case "send-away":
        this.sendAway(input.reason, input.retryAfterMs);
        return;
      case "fail":
      case "lose":
        if (input.type === "fail")
          this.#attachment?.send("session.end", { position: this.#inlet.kept, reason: input.reason });
        else
          this.#attachment?.send("server.error", { code: "recording_lost", detail: input.reason, retry_after_ms: 500 });
        this.#close(CloseCode.internalError, input.reason);
        this.#finish("failed");
    }
  }

  /**
   * The short lane, by which nearly everything comes that ever comes: audio that needs no decoder and begins exactly where
   * the last frame ended.
   * @returns the frame, or `undefined` if the message has to be looked at by {@link receive}. Nothing has happened then.
   */
  takeExpected(bytes: Uint8Array<ArrayBuffer>): WireAudioFrame | undefined {
    const attachment = this.#attachment;
    if (attachment === undefined || attachment.isHeld) return undefined;
    const frame = this.#inlet.takeExpected(bytes);
    if (frame !== undefined) this.#hear(attachment);
    return frame;
  }

  /** Takes anything that came on the connection that is attached. */
  receive(data: Message): void {
    const attachment = this.#attachment;
    if (attachment === undefined) return;
    this.#hear(attachment);
    try {
      if (attachment.isHeld) attachment.hold(data);
      else if (typeof data === "string") this.#onMessage(attachment, parseClientMessage(data));
      else this.#onFrame(attachment, data);
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      attachment.send("server.error", { code: "invalid_message", detail: error.message });
      this.#close(CloseCode.protocolViolation, error.message.slice(0, 120));
    }
  }

  #hear(attachment: Attachment): void {
    attachment.hear();
    this.#confirmed = true;
  }

  #onMessage(attachment: Attachment, message: ClientMessage): void {
    switch (message.t) {
      case "client.hb":
        attachment.send("server.hb", {}, message.id === undefined ? {} : { corr: message.id });
        return;
      case "client.ack":
        if (!this.#outbox.acknowledge(message.data.ack_seq)) {
          attachment.send("server.error", { code: "invalid_ack", detail: `${message.data.ack_seq} was never sent.` });
        }
        return;
      case "client.flow":
        this.#outbox.window = Math.min(this.#options.terms.maxInFlight, message.data.max_in_flight);
        return;
      case "client.end":
        this.#onEnd(attachment, message.data.position);
        return;
      default:
        throw new ShapeError(`${message.t} must be the first message of a connection.`);
    }
  }

  #onEnd(attachment: Attachment, position: number): void {
    if (position < this.#inlet.expected) throw new ShapeError("client.end must not lie before audio already sent.");
    if (position > this.#inlet.expected) attachment.askFor(this.#inlet.expected);
    else if (!this.#ending) {
      this.#ending = true;
      this.#inlet.close();
      this.#turn.outputs.push({ type: "end-audio", key: this.key });
    }
  }

  #onFrame(attachment: Attachment, bytes: Uint8Array<ArrayBuffer>): void {
    const verdict = this.#inlet.take(bytes);
    if (verdict.type === "resync") attachment.askFor(verdict.position);
    if (verdict.type === "append") this.#turn.outputs.push({ type: "audio", key: this.key, frame: verdict.frame });
    if (verdict.type === "wait") attachment.hold(bytes);
  }

  /** Sends what may be sent now. */
  settle(): void {
    const attachment = this.#attachment;
    if (attachment === undefined) return;
    for (const message of this.#outbox.pump(this.key.sessionId)) attachment.put(message);
    if (attachment.acknowledged < this.#inlet.kept) attachment.acknowledge(this.#inlet.kept);
    if (this.#drained && this.#outbox.flushed && !attachment.endSent) {
      attachment.endSent = true;
      attachment.send("session.end", { position: this.#inlet.kept, reason: "ended" });
    }
  }

  checkDeadlines(): void {
    if (this.#expiresAt !== undefined && this.#turn.now >= this.#expiresAt) {
      this.#finish(this.#drained ? "ended" : "expired");
    } else if (this.#attachment?.isOverdue === true) this.#close(CloseCode.timeout, "heartbeat timeout");
    else this.#attachment?.remind(this.#inlet.awaited);
  }

  /** When the session is free for another client at the latest, if nothing is heard of its own. */
  get #freeInMs(): number | undefined {
    if (this.#expiresAt !== undefined) return Math.max(0, this.#expiresAt - this.#turn.now);
    const patienceMs = this.#attachment?.patienceMs;
    return patienceMs === undefined ? undefined : patienceMs + this.#options.terms.resumeTtlMs;
  }

  #waitForClient(): void {
    this.#attachment = undefined;
    this.#expiresAt = this.#turn.now + this.#options.terms.resumeTtlMs;
  }

  /** Closes the current connection. The session waits for the next one. */
  #close(code: number, reason: string): void {
    const peer = this.#attachment?.peer;
    if (peer === undefined) return;
    this.#waitForClient();
    this.#turn.outputs.push({ type: "close", peer, code, reason });
  }

  #finish(reason: FinishReason): void {
    this.#turn.outputs.push({ type: "finished", key: this.key, reason });
  }
}
