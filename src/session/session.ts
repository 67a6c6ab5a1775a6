import type { AudioStreamError } from "../errors.js";
import { utf8Length } from "../internal/utf8.js";
import { bytesPerSample } from "../protocol/audio-frame.js";
import type { Bytes } from "../protocol/bytes.js";
import { CloseCode, isFatalCloseCode } from "../protocol/close-codes.js";
import {
  encodeClientMessage,
  isApplicationMessage,
  parseServerMessage,
  type ServerData,
  type ServerMessage,
} from "../protocol/messages.js";
import { ShapeError } from "../protocol/shape.js";
import { AudioSender, type CapturedFrame, type Lineage } from "./audio-sender.js";
import type { SeqRange } from "./event-ledger.js";
import { checkGrant } from "./grant.js";
import { ImpossiblePositionError } from "./impossible-position-error.js";
import { Link, type Welcome } from "./link.js";
import { LossReporter } from "./loss-reporter.js";
import { MessageReceipts } from "./message-receipts.js";
import { MAX_IN_FLIGHT, openingMessage } from "./opening.js";
import type { AudioRange } from "./range-set.js";
import { type Failure, Reconnector } from "./reconnector.js";
import * as errors from "./session-errors.js";
import type {
  ConnectionId,
  ConnectionLoss,
  Reconnection,
  SessionEvent,
  SessionInput,
  SessionOutput,
  SessionStats,
} from "./session-io.js";
import type { SessionOptions } from "./session-options.js";

const GRACE_TAIL_MS = 2_000;
const SOCKET_HIGH_WATER_BYTES = 65_536;
/** A complaint that is followed by a close is the close's reason; one that is not is a warning of its own. */
const COMPLAINT_DELAY_MS = 1_000;

type Phase =
  | { readonly name: "idle" }
  | { readonly name: "done" }
  | { readonly name: "suspended" }
  | { readonly name: "connecting"; readonly connection: ConnectionId; readonly deadline: number }
  | { readonly name: "opening"; readonly connection: ConnectionId; readonly deadline: number }
  | { readonly name: "live"; readonly connection: ConnectionId }
  | { readonly name: "waiting"; readonly until: number; readonly hurriable: boolean };

/**
 * The client's end of the protocol as a pure state machine: takes what happens and the time, returns what to do. It
 * touches no socket, no timer and no random source, so it runs the same on the page, in a worker and in a simulation.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #sender: AudioSender;
  readonly #losses: LossReporter;
  readonly #receipts = new MessageReceipts();
  readonly #reconnector: Reconnector;
  #phase: Phase = { name: "idle" };
  #out: SessionOutput[] = [];
  #now = 0;
  #wakeAt: number | undefined;

  #connections = 0;
  #triedFreshToken = false;
  #reconnects = 0;
  /** The server has answered once, so later connections resume. */
  #established = false;
  #resumeToken: string | undefined;
  /** The server of the last answer takes no audio. */
  #audioRefused = false;
  #link: Link | undefined;
  #complaint: errors.ServerComplaint | undefined;
  #complaintDueAt: number | undefined;
  #roundTripTimeMs: number | undefined;
  /** Told by a snapshot, and not yet by a `connected` event. */
  #missingMessages: readonly SeqRange[] = [];
  #end: { readonly deadline: number; readonly timeoutMs: number; sentOn: ConnectionId | undefined } | undefined;
  /** Announced by the last welcome. */
  #maxMessageBytes = Number.POSITIVE_INFINITY;
  #bytesSent = 0;
  #bytesReceived = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    const toSamples = (durationMs: number) => Math.round((durationMs / 1_000) * options.format.sampleRate);
    const sampleBytes = bytesPerSample(options.format.encoding);
    this.#sender = new AudioSender({
      maxSamples: toSamples(options.replay.maxDurationMs),
      maxBytes: options.replay.maxBytes,
      graceSamples: Math.min(toSamples(GRACE_TAIL_MS), toSamples(options.replay.maxDurationMs) / 2),
      sampleRate: options.format.sampleRate,
      bytesPerSample: sampleBytes === undefined ? undefined : sampleBytes * options.format.channels,
      highWaterBytes: SOCKET_HIGH_WATER_BYTES,
    });
    this.#losses = new LossReporter(this.#sender, options.format.sampleRate, (event) => this.#emit(event));
    this.#reconnector = new Reconnector(options.retry, options.random);
  }

  /** When to call again with `{ type: "time" }`, on the clock of `now`. */
  get wakeAt(): number | undefined {
    return this.#wakeAt;
  }

  get done(): boolean {
    return this.#phase.name === "done";
  }

  get stats(): SessionStats {
    const { stats, buffer, everSentTo } = this.#sender;
    return {
      framesCaptured: stats.framesCaptured,
      samplesCaptured: stats.samplesCaptured,
      capturedPosition: this.#sender.capturedTo,
      sentPosition: everSentTo,
      acknowledgedPosition: this.#sender.everAcknowledged,
      settledPosition: this.#sender.settledTo,
      framesSent: stats.framesSent,
      framesRetransmitted: stats.framesRetransmitted,
      samplesDropped: this.#losses.samplesDropped,
      bytesSent: this.#bytesSent,
      bytesReceived: this.#bytesReceived,
      bufferedFrames: buffer.framesUnacknowledged,
      bufferedSamples: buffer.samplesUnacknowledged,
      bufferedBytes: buffer.bytes,
      roundTripTimeMs: this.#roundTripTimeMs,
      reconnectCount: this.#reconnects,
      captureGapCount: stats.captureGaps,
    };
  }

  /**
   * @param now milliseconds on a monotonic clock.
   * @param bufferedBytes what the current connection has accepted but not yet handed to the network.
   */
  handle(input: SessionInput, now: number, bufferedBytes = 0): SessionOutput[] {
    const lateMs = input.type === "time" && this.#wakeAt !== undefined ? now - this.#wakeAt : 0;
    this.#now = now;
    if (this.#phase.name === "done") this.#takeLate(input);
    else {
      this.#take(input, lateMs);
      this.#work(bufferedBytes);
    }
    this.#wakeAt = this.#nextWake();
    // What had been decided before something threw is returned with the next outputs.
    return this.#out.splice(0);
  }

  #take(input: SessionInput, lateMs: number): void {
    switch (input.type) {
      case "start":
        if (this.#phase.name === "idle") this.#connect();
        return;
      case "frame": {
        if (this.#end !== undefined) {
          this.#sender.discard(rangeOf(input.frame));
          return;
        }
        const dropped = this.#sender.push(input.frame);
        if (dropped > 0 && this.#options.replay.whenFull === "fail") this.#fail(errors.bufferOverflow(dropped));
        return;
      }
      case "discard":
        this.#sender.discard(input.range);
        return;
      case "open":
        if (this.#phase.name === "connecting" && this.#phase.connection === input.connection) this.#open(input.token);
        return;
      case "message":
        if (this.#connection === input.connection && this.#phase.name !== "connecting") this.#receive(input.data);
        return;
      case "lost":
        if (this.#connection === input.connection) this.#lost(input.loss);
        return;
      case "suspend":
        this.#suspend();
        return;
      case "probe":
        if (this.#phase.name === "suspended") this.#connect();
        this.#hurry();
        this.#link?.heartbeat.probe();
        this.#checkHeartbeat(0);
        return;
      case "time":
        this.#checkDeadlines(lateMs);
        return;
      case "end":
        this.#end ??= { deadline: this.#now + input.timeoutMs, timeoutMs: input.timeoutMs, sentOn: undefined };
        if (this.#phase.name === "idle") this.#finish({ type: "ended" });
        return;
      case "abort":
        this.#disconnect(CloseCode.normal, "aborted");
        this.#finish(undefined);
    }
  }

  /** Audio that comes after the end reaches nobody any more. */
  #takeLate(input: SessionInput): void {
    if (input.type === "discard") this.#sender.discard(input.range);
    else if (input.type === "frame") this.#sender.discard(rangeOf(input.frame));
    this.#losses.announceAll(this.#now);
  }

  get #connection(): ConnectionId | undefined {
    return "connection" in this.#phase ? this.#phase.connection : undefined;
  }

  // ---------------------------------------------------------------- connecting

  #connect(): void {
    this.#connections += 1;
    this.#reconnector.connecting(this.#now);
    const connection = this.#connections;
    this.#phase = { name: "connecting", connection, deadline: this.#now + this.#options.connectTimeoutMs };
    this.#out.push({ type: "connect", connection, attempt: this.#reconnector.failures + 1 });
  }

  #open(token: string | undefined): void {
    const connection = this.#connections;
    this.#phase = { name: "opening", connection, deadline: this.#now + this.#options.connectTimeoutMs };
    this.#complaint = undefined;
    if (this.#established) this.#receipts.beginResume();
    const { lastSeq, epoch } = this.#receipts.ledger;
    const resume = this.#established ? { lastSeq, epoch, resumeToken: this.#resumeToken } : undefined;
    this.#put(openingMessage(this.#options, connection, token, this.#sender.buffer, resume));
  }

  #lost(loss: ConnectionLoss): void {
    if (loss.kind === "failed") {
      this.#retry({ error: loss.error, refusedByServer: false, retryAfterMs: undefined });
      return;
    }
    const { code, reason } = loss;
    const error = errors.closedByServer(code, reason, this.#complaint);
    if (code === CloseCode.unauthorized && this.#options.renewableToken && !this.#triedFreshToken) {
      this.#triedFreshToken = true;
      this.#retry({ error, refusedByServer: false, retryAfterMs: undefined });
    } else if (isFatalCloseCode(code)) this.#fail(error);
    else {
      const refusedByServer = code !== 1006 && code !== 1005 && code !== CloseCode.replaced;
      this.#retry({ error, refusedByServer, retryAfterMs: this.#complaint?.retryAfterMs });
    }
  }

  /** Abandons the connection without waiting for it. */
  #disconnect(code: number, reason: string): void {
    const connection = this.#connection;
    if (connection !== undefined) this.#out.push({ type: "disconnect", connection, code, reason });
  }

  #retry(failure: Failure): void {
    this.#leave();
    const retry = this.#reconnector.failed(failure, this.#now);
    if (retry === undefined) {
      this.#fail(errors.givenUp(failure.error, this.#reconnector.failures, this.#established));
      return;
    }
    const { attempt, delayMs, hurriable } = retry;
    this.#phase = { name: "waiting", until: this.#now + delayMs, hurriable };
    this.#emit({ type: "reconnecting", attempt, delayMs, error: failure.error });
  }

  /** The network is said to be back: no need to sit the whole delay out. */
  #hurry(): void {
    if (this.#phase.name !== "waiting" || !this.#phase.hurriable) return;
    this.#phase = { ...this.#phase, until: Math.min(this.#phase.until, this.#reconnector.soon(this.#now)) };
  }

  #suspend(): void {
    if (this.#phase.name === "idle" || this.#phase.name === "done") return;
    this.#disconnect(CloseCode.rollover, "page put away");
    this.#leave();
    this.#reconnector.left(this.#now);
    this.#phase = { name: "suspended" };
  }

  #leave(): void {
    this.#sender.stop();
    this.#receipts.stop();
    this.#complaintDueAt = undefined;
    this.#link = undefined;
  }

  // ---------------------------------------------------------------- receiving

  #receive(data: string | Uint8Array): void {
    this.#bytesReceived += bytesOf(data);
    this.#link?.heartbeat.inbound(this.#now);
    if (this.#phase.name === "opening") {
      this.#phase = { ...this.#phase, deadline: this.#now + this.#options.connectTimeoutMs };
    }
    try {
      if (typeof data !== "string") throw new ShapeError("A server sends no binary frames.");
      const message = parseServerMessage(data);
      this.#dispatch(message);
    } catch (error) {
      if (!(error instanceof ShapeError || error instanceof ImpossiblePositionError)) throw error;
      const violation = errors.protocolViolation(error.message);
      this.#emit({ type: "warning", error: violation });
      this.#disconnect(CloseCode.protocolViolation, error.message.slice(0, 120));
      this.#retry({ error: violation, refusedByServer: true, retryAfterMs: undefined });
    }
  }

  #dispatch(message: ServerMessage): void {
    if (isApplicationMessage(message)) {
      this.#deliver(message);
      return;
    }
    switch (message.t) {
      case "server.welcome":
        this.#onWelcome(message.data);
        break;
      case "session.new":
        this.#verify(message.data.audio, "new");
        this.#receipts.reset(message.data.epoch, message.seq);
        this.#answered(message.data.audio, "new");
        return;
      case "session.snapshot":
        this.#onSnapshot(message.data);
        return;
      case "session.ack":
        this.#verify(message.data.audio, "same");
        if (message.data.epoch !== undefined) this.#receipts.learnEpoch(message.data.epoch);
        this.#receipts.ledger.finishResume(message.seq);
        this.#answered(message.data.audio, "same");
        return;
      case "session.end":
        this.#onEnd(message.data);
        break;
      case "audio.ack":
        this.#sender.acknowledge(message.data.position);
        break;
      case "audio.resync":
        this.#sender.resync(message.data.position);
        if (this.#end !== undefined) this.#end.sentOn = undefined;
        break;
      case "server.hb":
        this.#roundTripTimeMs = this.#link?.answered(message.corr, this.#now) ?? this.#roundTripTimeMs;
        break;
      case "server.error":
        this.#onComplaint(message.data);
        break;
      case "server.goaway":
        this.#onGoAway(message.data);
        break;
      case "server.ack":
      case "system.heartbeat":
      case "system.metrics":
        break;
      default:
        this.#deliver(message);
        return;
    }
    if (message.seq !== undefined) this.#receipts.ledger.note(message.seq);
  }

  #onSnapshot({ epoch, gap }: ServerData["session.snapshot"]): void {
    this.#receipts.learnEpoch(epoch);
    if (gap !== undefined) this.#missingMessages = this.#receipts.ledger.undelivered(gap.from_seq, gap.to_seq);
  }

  #deliver(message: ServerMessage): void {
    if (message.seq === undefined || this.#receipts.ledger.accept(message.seq))
      this.#emit({ type: "message", message });
  }

  #onWelcome(welcome: Welcome): void {
    this.#maxMessageBytes = welcome.limits.max_msg_bytes;
    this.#link = new Link(welcome, this.#options.heartbeat, `${this.#connections}`, this.#now);
    this.#resumeToken = welcome.resume_window.token ?? this.#resumeToken;
    if (welcome.audio !== undefined) checkGrant(welcome.audio, this.#options.format);
    if (welcome.audio === undefined && this.#phase.name === "opening" && !this.#established) {
      this.#answered(undefined, "new");
    }
  }

  /** An answer that cannot be true must leave nothing changed: the next connection goes on from what was before it. */
  #verify(audio: { readonly position: number } | undefined, lineage: Lineage): void {
    if (audio !== undefined && this.#link?.welcome.audio !== undefined) this.#sender.verify(audio.position, lineage);
  }

  /** The server has told where it stands: the session is live. */
  #answered(audio: { readonly position: number; readonly pace: number } | undefined, lineage: Lineage): void {
    if (this.#phase.name !== "opening" && this.#phase.name !== "live") return;
    const isFirstAnswer = this.#phase.name === "opening";
    const window = this.#link?.welcome.audio?.window;
    if (audio === undefined || window === undefined) {
      if (!this.#audioRefused) this.#emit({ type: "warning", error: errors.audioRefused() });
      this.#audioRefused = true;
    } else {
      this.#audioRefused = false;
      this.#sender.start({ ...audio, window, maxMessageBytes: this.#maxMessageBytes }, lineage, this.#now);
    }
    const wasEstablished = this.#established;
    this.#established = true;
    this.#triedFreshToken = false;
    this.#phase = { name: "live", connection: this.#connections };
    this.#losses.announceAll(this.#now);
    // What an earlier server had acknowledged may be gone from the buffer, wherever this one would like to start.
    const missingTo = Math.min(this.#sender.everAcknowledged, this.#sender.cursorPosition);
    const reconnection: Reconnection = {
      resumed: lineage === "same",
      replayedFrames: this.#sender.buffer.framesToSend,
      downtimeMs: this.#reconnector.connected(this.#now),
      missingAudio: lineage === "new" && missingTo > 0 ? { from: 0, to: missingTo } : undefined,
      missingMessages: this.#missingMessages,
    };
    this.#missingMessages = [];
    if (wasEstablished && isFirstAnswer) this.#reconnects += 1;
    this.#emit({ type: "connected", reconnection: wasEstablished ? reconnection : undefined });
  }

  #onComplaint({ code, detail = "", retry_after_ms }: ServerData["server.error"]): void {
    this.#complaint = { code, detail, retryAfterMs: retry_after_ms };
    this.#complaintDueAt = this.#now + COMPLAINT_DELAY_MS;
  }

  #onGoAway({ reason, retry_after_ms }: ServerData["server.goaway"]): void {
    this.#disconnect(CloseCode.rollover, "rollover");
    this.#leave();
    this.#reconnector.left(this.#now);
    const delayMs = this.#reconnector.plannedDelayMs(retry_after_ms ?? 0, this.#now);
    this.#phase = { name: "waiting", until: this.#now + delayMs, hurriable: false };
    const error = errors.closedByServer(CloseCode.serviceRestart, reason, undefined);
    this.#emit({ type: "reconnecting", attempt: 1, delayMs, error });
  }

  #onEnd({ position, reason }: ServerData["session.end"]): void {
    if (position > this.#sender.buffer.acknowledged) this.#sender.acknowledge(position);
    if (this.#end === undefined) {
      this.#fail(errors.endedByServer(reason));
      return;
    }
    this.#losses.reportSettled();
    this.#leaveInPeace();
  }

  #leaveInPeace(): void {
    this.#acknowledgeMessages(this.#receipts.take());
    this.#disconnect(CloseCode.normal, "done");
    this.#finish({ type: "ended" });
  }

  // ---------------------------------------------------------------- time

  #checkDeadlines(lateMs: number): void {
    if (this.#end !== undefined && this.#now >= this.#end.deadline) {
      this.#fail(errors.closeTimeout(this.#end.timeoutMs, this.#sender.buffer.framesUnacknowledged));
      return;
    }
    const phase = this.#phase;
    if (phase.name === "waiting" && this.#now >= phase.until) this.#connect();
    else if ((phase.name === "connecting" || phase.name === "opening") && this.#now >= phase.deadline) {
      this.#disconnect(CloseCode.timeout, "connect timeout");
      const error = errors.connectTimeout(this.#options.connectTimeoutMs);
      this.#retry({ error, refusedByServer: false, retryAfterMs: undefined });
    } else if (phase.name === "live") {
      this.#reconnector.check(this.#now);
      this.#checkHeartbeat(lateMs);
    }
  }

  #checkHeartbeat(lateMs: number): void {
    const link = this.#link;
    if (this.#phase.name !== "live" || link === undefined) return;
    const verdict = link.check(this.#now, lateMs);
    if (verdict === "send-heartbeat") {
      this.#put(encodeClientMessage("client.hb", {}, { sid: this.#options.sessionId, id: link.beat(this.#now) }));
    } else if (verdict === "dead") {
      const error = errors.heartbeatTimeout(this.#now - link.heartbeat.lastInbound);
      this.#disconnect(CloseCode.timeout, "heartbeat timeout");
      this.#retry({ error, refusedByServer: false, retryAfterMs: undefined });
    }
  }

  #nextWake(): number | undefined {
    const phase = this.#phase;
    if (phase.name === "done" || phase.name === "idle") return undefined;
    const times = [this.#receipts.dueAt, this.#complaintDueAt, this.#losses.nextDue, this.#end?.deadline];
    if (phase.name === "waiting") times.push(phase.until);
    else if (phase.name === "connecting" || phase.name === "opening") times.push(phase.deadline);
    else if (phase.name === "live") {
      times.push(this.#link?.heartbeat.nextCheck, this.#sender.nextWake, this.#reconnector.stableAt);
    }
    const due = times.filter((time) => time !== undefined);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  // ---------------------------------------------------------------- working

  /** What follows from the new state, whatever the input was. */
  #work(bufferedBytes: number): void {
    if (this.#phase.name === "done") return;
    this.#losses.reportSettled();
    if (this.#phase.name === "live") {
      for (const frame of this.#sender.pump(this.#now, bufferedBytes)) this.#put(frame);
      this.#sayEnd();
      this.#link?.heartbeat.expectAcknowledgement(this.#sender.samplesInFlight > 0, this.#now);
    }
    if (this.#link !== undefined) {
      const maxInFlight = Math.min(MAX_IN_FLIGHT, this.#link.welcome.limits.max_in_flight);
      this.#acknowledgeMessages(this.#receipts.due(maxInFlight, this.#now));
    }
    if (this.#complaint !== undefined && this.#complaintDueAt !== undefined && this.#now >= this.#complaintDueAt) {
      this.#emit({ type: "warning", error: errors.serverComplained(this.#complaint) });
      this.#complaintDueAt = undefined;
      this.#complaint = undefined;
    }
    this.#losses.follow(this.#now);
  }

  #sayEnd(): void {
    if (this.#end === undefined) return;
    if (!this.#sender.started) {
      // A server that takes no audio has no last audio to confirm.
      this.#leaveInPeace();
      return;
    }
    if (this.#end.sentOn === this.#connections || !this.#sender.drained) return;
    this.#end.sentOn = this.#connections;
    const data = { position: this.#sender.buffer.next };
    this.#put(encodeClientMessage("client.end", data, { sid: this.#options.sessionId }));
  }

  #acknowledgeMessages(seq: number | undefined): void {
    if (seq === undefined) return;
    this.#put(encodeClientMessage("client.ack", { ack_seq: seq }, { sid: this.#options.sessionId }));
  }

  #put(data: string | Bytes): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const bytes = bytesOf(data);
    if (bytes > this.#maxMessageBytes) {
      this.#fail(errors.messageTooLarge(bytes, this.#maxMessageBytes));
      return;
    }
    this.#bytesSent += bytes;
    this.#link?.heartbeat.outbound(this.#now);
    this.#out.push({ type: "send", connection, data });
  }

  #emit(event: SessionEvent): void {
    this.#out.push({ type: "event", event });
  }

  #fail(error: AudioStreamError): void {
    this.#disconnect(CloseCode.normal, "failed");
    this.#finish({ type: "failed", error });
  }

  #finish(event: SessionEvent | undefined): void {
    if (this.#phase.name === "done") return;
    this.#leave();
    this.#sender.giveUp();
    this.#losses.announceAll(this.#now);
    this.#resumeToken = undefined;
    this.#phase = { name: "done" };
    if (event !== undefined) this.#emit(event);
  }
}

const rangeOf = ({ position, sampleCount }: CapturedFrame): AudioRange => ({
  from: position,
  to: position + sampleCount,
});

/** Bytes as they go over the wire. */
const bytesOf = (data: string | Uint8Array): number => (typeof data === "string" ? utf8Length(data) : data.byteLength);
