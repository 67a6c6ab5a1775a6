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
  UnsupportedVersionError,
} from "../protocol/messages.js";
import { ShapeError } from "../protocol/shape.js";
import { AudioSender, type CapturedFrame, type Lineage } from "./audio/audio-sender.js";
import { ImpossiblePositionError } from "./audio/impossible-position-error.js";
import { LossReporter } from "./audio/loss-reporter.js";
import type { AudioRange } from "./audio/range-set.js";
import { Attempt, CHANCE_MS } from "./connection/attempt.js";
import { Link, type Welcome } from "./connection/link.js";
import { MAX_IN_FLIGHT, openingMessage } from "./connection/opening.js";
import { CaptionLedger } from "./messages/caption-ledger.js";
import { droppedEvents } from "./messages/dropped-events.js";
import { MessageReceipts } from "./messages/message-receipts.js";
import { type Failure, type GiveUp, Reconnector, type Retry } from "./retry/reconnector.js";
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
import { SessionTime, STALL_MS } from "./session-time.js";

const GRACE_TAIL_MS = 2_000;
const SOCKET_HIGH_WATER_BYTES = 65_536;
/** How often the session looks whether time stands still, while something has a deadline. */
const PULSE_MS = 1_000;

type Phase =
  | { readonly name: "idle" }
  | { readonly name: "done" }
  /** `notBefore` is a time by the wall that was waited for. */
  | { readonly name: "suspended"; readonly notBefore: number }
  | { readonly name: "connecting"; readonly connection: ConnectionId }
  | { readonly name: "opening"; readonly connection: ConnectionId }
  | { readonly name: "live"; readonly connection: ConnectionId }
  /** `until` is a time by the wall: what the server or a policy asked for passes during sleep too. */
  | { readonly name: "waiting"; readonly until: number; readonly hurriable: boolean };

interface Ending {
  readonly deadline: number;
  readonly timeoutMs: number;
  sentOn: ConnectionId | undefined;
  /** The deadline was put off once already. */
  readonly excused: boolean;
}

/**
 * The client's end of the protocol as a pure state machine: takes what happens and the time, returns what to do. It
 * touches no socket, no timer and no random source, so it runs the same on the page, in a worker and in a simulation.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #sender: AudioSender;
  readonly #losses: LossReporter;
  readonly #receipts = new MessageReceipts();
  readonly #captions = new CaptionLedger();
  readonly #reconnector: Reconnector;
  #phase: Phase = { name: "idle" };
  #out: SessionOutput[] = [];
  readonly #time = new SessionTime();
  /** In time awake, like every deadline here. */
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
  /** The latest connection. */
  #attempt: Attempt | undefined;
  #firstFailureTold = false;
  #roundTripTimeMs: number | undefined;
  #end: Ending | undefined;
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
    const stalledMs = this.#time.advance(now, this.#wakeAt);
    this.#now = this.#time.awake;
    if (this.#phase.name === "done") this.#takeLate(input);
    else {
      if (stalledMs > 0) this.#excuse(stalledMs);
      const timersStand = this.#wakeAt !== undefined && now - this.#wakeAt > STALL_MS;
      this.#take(input);
      // A browser may hold timers back for a minute while messages and audio go on coming.
      if (timersStand && !this.done) this.#checkDeadlines();
      this.#work(bufferedBytes);
    }
    const wakeAt = this.#nextWake();
    this.#wakeAt = wakeAt === undefined ? undefined : this.#time.toClock(wakeAt);
    // What had been decided before something threw is returned with the next outputs.
    return this.#out.splice(0);
  }

  #take(input: SessionInput): void {
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
        if (this.#phase.name === "suspended") this.#return(this.#phase.notBefore);
        this.#hurry();
        this.#link?.heartbeat.probe();
        this.#checkHeartbeat();
        return;
      case "time":
        this.#checkDeadlines();
        return;
      case "end":
        this.#end ??= {
          deadline: this.#now + input.timeoutMs,
          timeoutMs: input.timeoutMs,
          sentOn: undefined,
          excused: false,
        };
        // Before the start, as while it waits for a lock, only a session that has nothing to deliver is over at once.
        if (this.#phase.name === "idle" && this.#sender.capturedTo === 0) this.#finish({ type: "ended" });
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

  /** What the server has asked for on the latest connection. */
  get #retryAfterMs(): number | undefined {
    return this.#attempt?.complaints.retryAfterMs(this.#now);
  }

  /** A connection that just breaks is no answer, and a server's wish holds for what is left of its time. */
  get #leftMs(): number | undefined {
    return this.#attempt?.complaints.leftMs(this.#now);
  }

  get #answerDueAt(): number {
    return this.#attempt?.deadline ?? this.#now;
  }

  // ---------------------------------------------------------------- connecting

  #connect(): void {
    this.#connections += 1;
    this.#reconnector.connecting(this.#time);
    const connection = this.#connections;
    this.#attempt = new Attempt(connection, this.#options.connectTimeoutMs, this.#now);
    this.#phase = { name: "connecting", connection };
    this.#out.push({ type: "connect", connection, attempt: this.#reconnector.failures + 1 });
  }

  #open(token: string | undefined): void {
    const connection = this.#connections;
    this.#phase = { name: "opening", connection };
    this.#attempt?.opened(this.#now);
    if (this.#established) this.#receipts.beginResume();
    const { lastSeq, epoch } = this.#receipts.ledger;
    const resume = this.#established ? { lastSeq, epoch, resumeToken: this.#resumeToken } : undefined;
    this.#put(openingMessage(this.#options, connection, token, this.#sender.buffer, resume));
  }

  #lost(loss: ConnectionLoss): void {
    if (loss.kind === "failed") {
      if (loss.error.retryable) this.#retry({ error: loss.error, endedBy: "here", retryAfterMs: this.#leftMs });
      else this.#fail(loss.error);
      return;
    }
    const { code, reason } = loss;
    const complaint = this.#attempt?.complaints.latest;
    const retryAfterMs = code === 1006 ? this.#leftMs : this.#retryAfterMs;
    const maxMessageBytes = this.#link?.welcome.limits.max_msg_bytes;
    const error = errors.closedByServer({ code, reason, complaint, retryAfterMs, maxMessageBytes });
    const endedBy = code === 1006 || code === CloseCode.replaced ? "there" : "server";
    if (code === CloseCode.unauthorized && this.#options.renewableToken && !this.#triedFreshToken) {
      this.#triedFreshToken = true;
      this.#retry({ error, endedBy: "here", retryAfterMs }, "renewal");
    } else if (isFatalCloseCode(code) && retryAfterMs === undefined) this.#fail(error);
    else this.#retry({ error, endedBy, retryAfterMs });
  }

  /** Abandons the connection without waiting for it. */
  #disconnect(code: number, reason: string): void {
    const connection = this.#connection;
    if (connection !== undefined) this.#out.push({ type: "disconnect", connection, code, reason });
  }

  #retry(failure: Failure, kind: "failure" | "renewal" = "failure"): void {
    this.#leave();
    const failsFast = kind === "failure" && !this.#established && this.#options.retry?.initial === "fail-fast";
    const giveUp: GiveUp = { type: "give-up", tooLongMs: undefined };
    const decision = failsFast ? giveUp : this.#reconnector.failed(failure, this.#time);
    const isNews = !this.#established && !this.#firstFailureTold;
    this.#firstFailureTold = true;
    if (isNews && decision.type === "give-up") this.#warn(failure.error);
    this.#follow(decision, failure.error);
    if (isNews && decision.type === "retry") this.#warn(failure.error);
  }

  #follow(decision: Retry | GiveUp, error: AudioStreamError): void {
    if (decision.type === "give-up") {
      const { failures } = this.#reconnector;
      this.#fail(errors.givenUp(error, { failures, everConnected: this.#established, tooLongMs: decision.tooLongMs }));
      return;
    }
    const { attempt, delayMs, hurriable } = decision;
    this.#phase = { name: "waiting", until: this.#time.wall + delayMs, hurriable };
    this.#emit({ type: "reconnecting", attempt, delayMs, error });
  }

  /** The network is said to be back: no need to sit the whole delay out. */
  #hurry(): void {
    if (this.#phase.name !== "waiting" || !this.#phase.hurriable) return;
    this.#phase = { ...this.#phase, until: Math.min(this.#phase.until, this.#reconnector.soon(this.#time)) };
  }

  #suspend(): void {
    if (this.#phase.name === "idle" || this.#phase.name === "done") return;
    const phase = this.#phase;
    const leftMs = this.#leftMs ?? 0;
    this.#disconnect(CloseCode.rollover, "page put away");
    this.#leave();
    this.#reconnector.left(this.#time);
    const asked = phase.name === "waiting" && !phase.hurriable ? phase.until : this.#time.wall + leftMs;
    this.#phase = { name: "suspended", notBefore: phase.name === "suspended" ? phase.notBefore : asked };
  }

  /** The page is back, but whoever asked for time gets all of it. */
  #return(notBefore: number): void {
    this.#reconnector.returned(this.#time);
    if (notBefore <= this.#time.wall) this.#connect();
    else this.#phase = { name: "waiting", until: notBefore, hurriable: false };
  }

  #leave(): void {
    this.#sender.stop();
    this.#receipts.stop();
    this.#attempt?.complaints.stop();
    this.#link = undefined;
  }

  // ---------------------------------------------------------------- receiving

  #receive(data: string | Uint8Array): void {
    this.#bytesReceived += bytesOf(data);
    this.#link?.heartbeat.inbound(this.#now);
    try {
      if (typeof data !== "string") throw new ShapeError("A server sends no binary frames.");
      const message = parseServerMessage(data);
      this.#dispatch(message);
    } catch (error) {
      if (error instanceof UnsupportedVersionError) {
        this.#fail(errors.protocolMismatch(error.message), CloseCode.unsupported);
        return;
      }
      if (!(error instanceof ShapeError || error instanceof ImpossiblePositionError)) throw error;
      const violation = errors.protocolViolation(error.message);
      this.#warn(violation);
      this.#firstFailureTold = true;
      this.#disconnect(CloseCode.protocolViolation, error.message.slice(0, 120));
      this.#retry({ error: violation, endedBy: "server", retryAfterMs: this.#retryAfterMs });
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
        this.#renewCaptions();
        return;
      case "session.snapshot":
        this.#onSnapshot(message.data);
        return;
      case "session.ack":
        this.#verify(message.data.audio, "same");
        if (message.data.epoch !== undefined) this.#learnEpoch(message.data.epoch);
        this.#receipts.ledger.finishResume(message.seq);
        this.#answered(message.data.audio, "same");
        return;
      case "session.end":
        this.#onEnd(message.data);
        break;
      case "audio.ack":
        this.#onAudioAck(message.data.position);
        break;
      case "audio.resync":
        this.#sender.resync(message.data.position);
        if (this.#end !== undefined) this.#end.sentOn = undefined;
        break;
      case "server.hb":
        this.#roundTripTimeMs = this.#link?.answered(message.corr, this.#now) ?? this.#roundTripTimeMs;
        break;
      case "server.error":
        this.#attempt?.complaints.add(message.data, this.#now);
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
    this.#reportMissingMessages();
  }

  #learnEpoch(epoch: number): void {
    if (this.#receipts.learnEpoch(epoch)) this.#renewCaptions();
  }

  #renewCaptions(): void {
    for (const message of this.#captions.renew(this.#options.sessionId)) this.#emit({ type: "message", message });
  }

  #onSnapshot({ epoch, gap, current_seq }: ServerData["session.snapshot"]): void {
    this.#learnEpoch(epoch);
    this.#attempt?.replays(current_seq, this.#now);
    if (gap !== undefined) this.#receipts.ledger.lose(gap.from_seq, gap.to_seq);
  }

  #deliver(message: ServerMessage): void {
    const { ledger } = this.#receipts;
    const dropped = droppedEvents(message);
    if (dropped !== undefined) ledger.loseReported(dropped.from_seq, dropped.to_seq);
    const isNew = message.seq === undefined || ledger.accept(message.seq);
    this.#reportMissingMessages();
    if (!isNew) return;
    if (message.seq !== undefined) this.#attempt?.delivered(message.seq, this.#now);
    const judged = this.#captions.judge(message);
    if (judged !== undefined) this.#emit({ type: "message", message: judged });
  }

  /** What is missing from a replay is reported with the reconnection, once the replay is over. */
  #reportMissingMessages(): void {
    if (this.#phase.name !== "live") return;
    const ranges = this.#receipts.ledger.takeMissing();
    if (ranges.length > 0) this.#warn(errors.messagesMissing(ranges));
  }

  #onAudioAck(position: number): void {
    const before = this.#sender.buffer.acknowledged;
    this.#sender.acknowledge(position);
    if (this.#sender.buffer.acknowledged <= before) return;
    this.#link?.acknowledged(position, this.#now);
    this.#reconnector.progressed();
    this.#checkStability();
  }

  /** A connection that carries audio is of use once some of it is acknowledged. */
  #checkStability(): void {
    const useful = this.#link?.progressed === true || this.#sender.samplesInFlight === 0;
    this.#reconnector.check(this.#time, useful);
  }

  #onWelcome(welcome: Welcome): void {
    const mismatch = errors.grantMismatch(this.#options.format, welcome.audio);
    if (mismatch !== undefined) {
      this.#fail(mismatch, CloseCode.unsupported);
      return;
    }
    this.#attempt?.welcomed(this.#now);
    this.#maxMessageBytes = welcome.limits.max_msg_bytes;
    const openedAt = this.#phase.name === "opening" ? this.#attempt?.openedAt : undefined;
    this.#link = new Link(welcome, this.#options.heartbeat, `${this.#connections}`, openedAt ?? this.#now, this.#now);
    this.#resumeToken = welcome.resume_window.token ?? this.#resumeToken;
    if (welcome.audio === undefined && this.#phase.name === "opening" && !this.#established) {
      this.#answered(undefined, "new");
    }
  }

  /** An answer that cannot be true must leave nothing changed: the next connection goes on from what was before it. */
  #verify(audio: { readonly position: number } | undefined, lineage: Lineage): void {
    if (this.#link === undefined) throw new ShapeError("The server answered before its server.welcome.");
    if (audio !== undefined && this.#link.welcome.audio !== undefined) this.#sender.verify(audio.position, lineage);
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
    const startsAt = Math.max(audio?.position ?? 0, this.#sender.cursorPosition);
    const missingTo = Math.min(this.#sender.everAcknowledged, startsAt);
    const reconnection: Reconnection = {
      resumed: lineage === "same",
      replayedFrames: this.#sender.buffer.framesToSend,
      downtimeMs: this.#reconnector.connected(this.#time),
      missingAudio: lineage === "new" && missingTo > 0 ? { from: 0, to: missingTo } : undefined,
      missingMessages: this.#receipts.ledger.takeMissing(),
    };
    if (wasEstablished && isFirstAnswer) this.#reconnects += 1;
    this.#emit({ type: "connected", reconnection: wasEstablished ? reconnection : undefined });
  }

  #onGoAway({ reason, retry_after_ms = 0 }: ServerData["server.goaway"]): void {
    this.#disconnect(CloseCode.rollover, "rollover");
    this.#leave();
    const askedMs = Math.max(retry_after_ms, this.#retryAfterMs ?? 0);
    const error = errors.sentAway(reason);
    this.#follow(this.#reconnector.sentAway(error, askedMs, this.#time), error);
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

  /** Nobody could act for a while: that is nobody's fault, and what has a deadline gets one more chance. */
  #excuse(stalledMs: number): void {
    this.#reconnector.stalled(stalledMs, this.#time);
    this.#link?.heartbeat.excuse();
    this.#attempt?.excuse(this.#now);
    const end = this.#end;
    if (end === undefined || end.excused) return;
    const deadline = Math.max(end.deadline, this.#now + Math.min(CHANCE_MS, end.timeoutMs));
    this.#end = { ...end, deadline, excused: true };
  }

  #checkDeadlines(): void {
    if (this.#end !== undefined && this.#now >= this.#end.deadline) {
      this.#fail(errors.closeTimeout(this.#end, this.#sender.buffer, this.#reconnector.lastError));
      return;
    }
    const phase = this.#phase;
    if (phase.name === "waiting" && this.#now >= this.#time.toAwake(phase.until)) this.#connect();
    else if ((phase.name === "connecting" || phase.name === "opening") && this.#now >= this.#answerDueAt) {
      this.#disconnect(CloseCode.timeout, "connect timeout");
      const error = errors.connectTimeout(this.#options.connectTimeoutMs, phase.name);
      this.#retry({ error, endedBy: "here", retryAfterMs: this.#retryAfterMs });
    } else if (phase.name === "live") {
      this.#checkStability();
      this.#checkHeartbeat();
    }
  }

  #checkHeartbeat(): void {
    const link = this.#link;
    if (this.#phase.name !== "live" || link === undefined) return;
    const verdict = link.heartbeat.check(this.#now);
    if (verdict === "send-heartbeat") {
      this.#put(encodeClientMessage("client.hb", {}, { sid: this.#options.sessionId, id: link.beat(this.#now) }));
    } else if (verdict === "dead") {
      const error = errors.heartbeatTimeout(this.#now - link.heartbeat.lastInbound);
      this.#disconnect(CloseCode.timeout, "heartbeat timeout");
      this.#retry({ error, endedBy: "here", retryAfterMs: this.#leftMs });
    }
  }

  /** In time awake. */
  #nextWake(): number | undefined {
    const phase = this.#phase;
    if (phase.name === "done") return undefined;
    if (phase.name === "idle") return this.#end?.deadline;
    const times = [
      this.#receipts.dueAt,
      this.#attempt?.complaints.warningDueAt,
      this.#losses.nextDue,
      this.#end?.deadline,
    ];
    if (phase.name === "waiting") times.push(this.#time.toAwake(phase.until));
    else if (phase.name === "connecting" || phase.name === "opening") times.push(this.#answerDueAt);
    else if (phase.name === "live") {
      times.push(this.#link?.heartbeat.nextCheck, this.#sender.nextWake, this.#reconnector.stableAt);
    }
    const isJudging = phase.name === "live" || phase.name === "suspended" ? this.#link?.heartbeat.waiting : true;
    if (isJudging || this.#end !== undefined) times.push((Math.floor(this.#now / PULSE_MS) + 1) * PULSE_MS);
    const due = times.filter((time) => time !== undefined);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  // ---------------------------------------------------------------- working

  /** What follows from the new state, whatever the input was. */
  #work(bufferedBytes: number): void {
    if (this.#phase.name === "done") return;
    this.#losses.reportSettled();
    if (this.#phase.name === "live") {
      const frames = this.#sender.pump(this.#now, bufferedBytes);
      for (const frame of frames) this.#put(frame);
      if (frames.length > 0) this.#link?.audioSent(this.#sender.cursorPosition, this.#now);
      this.#sayEnd();
      this.#link?.heartbeat.expectAcknowledgement(this.#sender.samplesInFlight > 0, this.#now);
    }
    if (this.#link !== undefined) {
      const maxInFlight = Math.min(MAX_IN_FLIGHT, this.#link.welcome.limits.max_in_flight);
      this.#acknowledgeMessages(this.#receipts.due(maxInFlight, this.#now));
    }
    const complaint = this.#attempt?.complaints.takeWarning(this.#now);
    if (complaint !== undefined) this.#warn(errors.serverComplained(complaint));
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

  #warn(error: AudioStreamError): void {
    this.#emit({ type: "warning", error });
  }

  #fail(error: AudioStreamError, closeCode: number = CloseCode.normal): void {
    this.#disconnect(closeCode, "failed");
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
