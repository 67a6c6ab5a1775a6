import { type ClientMessage, CloseCode, parseClientMessage, ShapeError, type WireAudioFrame } from "loquilex/protocol";
import { speak, takeLater } from "../voices/voice.js";
import { begun, resumed, welcome, windowOf } from "./answers.js";
import { Attachment } from "./attachment.js";
import { AudioInlet } from "./audio-inlet.js";
import type { HeldSession } from "./opening-judge.js";
import type { FinishReason, Message, Opening, PeerId, SessionInput, SessionKey, Turn } from "./protocol-io.js";
import type { ProtocolSessionOptions } from "./protocol-session-options.js";
import { SessionEvents } from "./session-events.js";
import { SessionIdentity } from "./session-identity.js";
import { FULL, IDLE, SessionLifetime } from "./session-lifetime.js";
import type { SessionPlace } from "./session-registry.js";

/** The server's end of one session: what outlives its connections. Its owner calls {@link settle} after everything else. */
export class ProtocolSession {
  readonly key: SessionKey;
  readonly #options: ProtocolSessionOptions;
  readonly #turn: Turn;
  readonly #inlet: AudioInlet;
  readonly #events: SessionEvents;
  readonly #identity: SessionIdentity;
  readonly #lifetime: SessionLifetime;
  #attachment: Attachment | undefined;
  /** The session is full: it says its last words, and its client goes on in another one. */
  #rollingOver = false;
  #drained = false;

  constructor(options: ProtocolSessionOptions) {
    const { terms, offer, decoder, taken } = options;
    this.#options = options;
    this.key = options.key;
    this.#turn = options.turn;
    this.#inlet = new AudioInlet({ offer, decoder, windowSamples: windowOf(terms, offer), taken });
    this.#events = new SessionEvents({ terms, key: options.key, turn: options.turn, taken });
    this.#identity = new SessionIdentity({ ...options, epoch: options.key.epoch });
    this.#lifetime = new SessionLifetime(terms, options.turn.now);
  }

  /** What decides about its place if there is no room for others. */
  get place(): SessionPlace {
    const hasAudio = this.#inlet.expected > this.#options.offer.first;
    return { subject: this.#identity.subject, detachedAt: this.#lifetime.detachedAt, hasAudio };
  }

  /** What decides about another opening. */
  get held(): HeldSession {
    const freeInMs = this.#lifetime.freeInMs(this.#turn.now, this.#attachment?.patienceMs);
    return this.#identity.held({ lastSeq: this.#events.lastSeq, freeInMs });
  }

  /** When {@link checkDeadlines} has something to do, unless something happens before. */
  get wakeAt(): number {
    const attachedUntil = this.#attachment?.wakeAt(this.#inlet.awaited) ?? Number.POSITIVE_INFINITY;
    return Math.min(attachedUntil, this.#lifetime.wakeAt);
  }

  /** @param secret what the client may resume with next. @defaultValue a new one */
  attach(peer: PeerId, opening: Opening, knows: boolean, secret?: string): void {
    const { kind, data } = opening;
    const { terms, offer } = this.#options;
    this.#close(CloseCode.replaced, "replaced by a newer connection");
    const attachment = new Attachment({ peer, sessionId: this.key.sessionId, terms, turn: this.#turn });
    this.#attachment = attachment;
    this.#lifetime.attached();
    this.#inlet.reconnected();
    this.#events.attached(data.max_in_flight);
    const audio = { position: this.#inlet.expected, pace: terms.pace };
    attachment.send("server.welcome", welcome(terms, offer, this.#identity.attach(opening, knows, secret)));
    if (kind === "resume" && knows) {
      this.#events.resume(attachment, data.last_seq);
      attachment.send("session.ack", resumed(this.key, audio));
    } else {
      this.#events.restart();
      const reason = kind === "hello" ? "created" : "unknown_session";
      attachment.send("session.new", begun(this.key, reason, audio));
    }
    this.#options.voice?.attach(data.accept, (said) => attachment.put(said));
  }

  /** The connection is gone. */
  detach(code: number): void {
    const reason = this.#attachment?.endSent === true ? "ended" : "aborted";
    this.#waitForClient();
    if (code === CloseCode.normal) this.#finish(reason);
  }

  /** Another client has taken the session id over, or needs its place; or its own one begins a new lineage. */
  supersede(by: "another client" | "its own client"): void {
    if (by === "its own client") this.#close(CloseCode.replaced, "replaced by a newer connection");
    else this.#close(CloseCode.superseded, "another client took the session over");
    this.#finish("superseded");
  }

  /** This process did not run for a while: what nobody could do meanwhile counts against nobody. */
  wake(sleptMs: number): void {
    this.#attachment?.wake();
    this.#lifetime.wake(this.#turn.now, sleptMs);
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
        this.#lifetime.goOn();
        this.#rollingOver = false;
        this.#drained = false;
        return;
      case "emit":
        this.#events.emit(input.t, input.data);
        return;
      case "drained":
        this.#drained = true;
        return;
      case "speak":
        speak(this.#options.voice, input.samples);
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
        this.#endNow(CloseCode.internalError, input.reason, "failed");
        return;
      case "lose":
        this.#lose(input.reason, input.retryAfterMs);
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
    if (frame === undefined) return undefined;
    attachment.hear();
    this.#identity.confirm();
    this.#lifetime.heardAudio(this.#turn.now);
    return frame;
  }

  /** Takes anything that came on the connection that is attached. */
  receive(data: Message): void {
    const attachment = this.#attachment;
    if (attachment === undefined) return;
    attachment.hear();
    this.#identity.confirm();
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

  #onMessage(attachment: Attachment, message: ClientMessage): void {
    switch (message.t) {
      case "client.hb":
        attachment.send("server.hb", {}, message.id === undefined ? {} : { corr: message.id });
        return;
      case "client.ack":
        this.#events.acknowledge(attachment, message.data.ack_seq);
        return;
      case "client.flow":
        this.#events.limit(message.data.max_in_flight);
        return;
      case "client.end":
        this.#onEnd(attachment, message.data.position);
        return;
      default:
        takeLater(message, this.#options.voice);
    }
  }

  #onEnd(attachment: Attachment, position: number): void {
    // It is said again in the next session.
    if (this.#rollingOver) return;
    if (position < this.#inlet.expected) throw new ShapeError("client.end must not lie before audio already sent.");
    if (position > this.#inlet.expected) attachment.askFor(this.#inlet.expected);
    else this.#endAudio();
  }

  #endAudio(): void {
    if (this.#lifetime.isEnding) return;
    this.#lifetime.end(this.#turn.now);
    this.#inlet.close();
    this.#turn.outputs.push({ type: "end-audio", key: this.key });
  }

  #onFrame(attachment: Attachment, bytes: Uint8Array<ArrayBuffer>): void {
    // What is not acknowledged is sent again in the next session.
    if (this.#rollingOver) return;
    const verdict = this.#inlet.take(bytes);
    if (verdict.type === "resync") attachment.askFor(verdict.position);
    if (verdict.type === "wait") attachment.hold(bytes);
    if (verdict.type !== "append") return;
    this.#lifetime.heardAudio(this.#turn.now);
    this.#turn.outputs.push({ type: "audio", key: this.key, frame: verdict.frame });
  }

  /** Sends what may be sent now. */
  settle(): void {
    const attachment = this.#attachment;
    if (attachment === undefined) return;
    this.#events.pump(attachment);
    if (attachment.acknowledged < this.#inlet.kept) attachment.acknowledge(this.#inlet.kept);
    if (!this.#drained || !this.#events.flushed) return;
    if (this.#rollingOver) this.#handOver();
    else if (!attachment.endSent) {
      attachment.endSent = true;
      attachment.send("session.end", { position: this.#inlet.kept, reason: "ended" });
    }
  }

  checkDeadlines(): void {
    const { now } = this.#turn;
    if (this.#lifetime.hasExpired(now)) this.#finish(this.#drained ? "ended" : "expired");
    else if (this.#attachment?.isOverdue === true) this.#close(CloseCode.timeout, "heartbeat timeout");
    else if (this.#rollingOver && this.#lifetime.isOverdue(now)) this.#handOver();
    else if (this.#lifetime.isIdle(now)) this.#endNow(CloseCode.timeout, IDLE, "expired");
    else {
      this.#attachment?.remind(this.#inlet.awaited);
      if (!this.#lifetime.isFull(now)) return;
      // The recogniser says its last words before the client is sent on.
      this.#rollingOver = true;
      this.#endAudio();
    }
  }

  #endNow(code: number, reason: string, as: FinishReason): void {
    this.#attachment?.send("session.end", { position: this.#inlet.kept, reason });
    this.#close(code, reason);
    this.#finish(as);
  }

  /** What is not acknowledged, its client still has: it begins another session with it. */
  #handOver(): void {
    this.sendAway(FULL, 0);
    this.#finish("ended");
  }

  #lose(reason: string, retryAfterMs: number): void {
    this.#attachment?.send("server.error", { code: "recording_lost", detail: reason, retry_after_ms: retryAfterMs });
    this.#close(CloseCode.internalError, reason);
    this.#finish("failed");
  }

  #waitForClient(): void {
    this.#attachment = undefined;
    this.#options.voice?.detach();
    this.#lifetime.detached(this.#turn.now);
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
