import type { AudioStreamError } from "../errors.js";
import { CloseCode, isFatalCloseCode } from "../protocol/close-codes.js";
import {
  AUDIO_EXTENSION,
  type ClientData,
  type ClientMessageType,
  encodeClientMessage,
  isApplicationMessage,
  type KnownServerMessage,
  parseServerMessage,
  type ServerMessage,
} from "../protocol/messages.js";
import { ShapeError } from "../protocol/shape.js";
import { AudioSender, ImpossiblePositionError } from "./audio-sender.js";
import { Backoff } from "./backoff.js";
import { EventLedger } from "./event-ledger.js";
import { Heartbeat } from "./heartbeat.js";
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

/** Numbered messages the server may send ahead of our acknowledgement. */
const MAX_IN_FLIGHT = 64;
const ACK_DELAY_MS = 100;
/** A connection that has lasted this long ends the row of failures. */
const STABLE_MS = 5_000;
/** Losses are announced together once in this time. */
const DROP_DELAY_MS = 250;
const GRACE_TAIL_MS = 2_000;
const SOCKET_HIGH_WATER_BYTES = 65_536;
/** A planned move to another connection starts within this time, unless the server says otherwise. */
const ROLLOVER_SPREAD_MS = 1_000;

type Phase =
  | { readonly name: "idle" }
  | { readonly name: "done" }
  | { readonly name: "connecting"; readonly connection: ConnectionId; readonly deadline: number }
  | { readonly name: "opening"; readonly connection: ConnectionId; readonly deadline: number }
  | { readonly name: "live"; readonly connection: ConnectionId; readonly since: number }
  | { readonly name: "waiting"; readonly until: number; readonly hurriable: boolean };

type Welcome = Extract<KnownServerMessage, { t: "server.welcome" }>["data"];

/**
 * The client's end of the protocol as a pure state machine: takes what happens and the time, returns what to do. It
 * touches no socket, no timer and no random source, so it runs the same on the page, in a worker and in a simulation.
 */
export class Session {
  readonly #options: SessionOptions;
  readonly #sender: AudioSender;
  readonly #ledger = new EventLedger();
  readonly #backoff: Backoff;
  #phase: Phase = { name: "idle" };
  #out: SessionOutput[] = [];
  #now = 0;
  #wakeAt: number | undefined;

  #connections = 0;
  #failures = 0;
  #outageSince: number | undefined;
  #triedFreshToken = false;
  #reconnects = 0;

  /** The server has answered once, so later connections resume. */
  #established = false;
  #resumeToken: string | undefined;
  #welcome: Welcome | undefined;
  #heartbeat: Heartbeat | undefined;
  #complaint: errors.ServerComplaint | undefined;
  #pendingHeartbeat: { readonly id: string; readonly at: number } | undefined;
  #roundTripTimeMs: number | undefined;

  #acknowledgedSeq = 0;
  #ackDueAt: number | undefined;
  #dropsDueAt: number | undefined;
  #end: { readonly deadline: number; readonly timeoutMs: number; sentOn: ConnectionId | undefined } | undefined;
  #bytesSent = 0;
  #bytesReceived = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    const toSamples = (durationMs: number) => Math.round((durationMs / 1_000) * options.format.sampleRate);
    this.#sender = new AudioSender({
      maxSamples: toSamples(options.replay.maxDurationMs),
      maxBytes: options.replay.maxBytes,
      graceSamples: Math.min(toSamples(GRACE_TAIL_MS), toSamples(options.replay.maxDurationMs) / 2),
      sampleRate: options.format.sampleRate,
      highWaterBytes: SOCKET_HIGH_WATER_BYTES,
    });
    this.#backoff = new Backoff(
      options.retry ?? { initialDelayMs: 0, maxDelayMs: 0, factor: 1, jitterRatio: 0 },
      options.random,
    );
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
      capturedPosition: buffer.next,
      sentPosition: everSentTo,
      acknowledgedPosition: buffer.acknowledged,
      framesSent: stats.framesSent,
      framesRetransmitted: stats.framesRetransmitted,
      samplesDropped: stats.samplesDropped,
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
    this.#out = [];
    if (this.#phase.name !== "done") {
      this.#take(input, lateMs);
      this.#work(bufferedBytes);
    }
    this.#wakeAt = this.#nextWake();
    return this.#out;
  }

  #take(input: SessionInput, lateMs: number): void {
    switch (input.type) {
      case "start":
        if (this.#phase.name === "idle") this.#connect();
        return;
      case "frame":
        if (this.#sender.push(input.frame) && this.#options.replay.whenFull === "fail") {
          this.#fail(errors.bufferOverflow(1));
        }
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
      case "probe":
        if (this.#phase.name === "waiting") this.#hurry();
        this.#heartbeat?.probe();
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
        if (this.#connection !== undefined) this.#disconnect(CloseCode.normal, "aborted");
        this.#finish(undefined);
    }
  }

  get #connection(): ConnectionId | undefined {
    return "connection" in this.#phase ? this.#phase.connection : undefined;
  }

  // ---------------------------------------------------------------- connecting

  #connect(): void {
    this.#outageSince ??= this.#now;
    this.#connections += 1;
    this.#backoff.spend(this.#now);
    const connection = this.#connections;
    this.#phase = { name: "connecting", connection, deadline: this.#now + this.#options.connectTimeoutMs };
    this.#out.push({ type: "connect", connection, attempt: this.#failures + 1 });
  }

  #open(token: string | undefined): void {
    const connection = this.#connections;
    this.#phase = { name: "opening", connection, deadline: this.#now + this.#options.connectTimeoutMs };
    this.#complaint = undefined;
    const { encoding, sampleRate, channels } = this.#options.format;
    const opening = {
      agent: this.#options.agent,
      accept: [AUDIO_EXTENSION],
      ack_mode: "cumulative" as const,
      max_in_flight: MAX_IN_FLIGHT,
      session_id: this.#options.sessionId,
      client_id: this.#options.clientId,
      attempt: connection,
      token,
      audio: {
        encoding,
        sample_rate: sampleRate,
        channels,
        first: this.#sender.buffer.first,
        next: this.#sender.buffer.next,
      },
    };
    if (!this.#established) {
      this.#send("client.hello", opening);
      return;
    }
    this.#ledger.beginResume();
    this.#acknowledgedSeq = this.#ledger.lastSeq;
    this.#send("session.resume", {
      ...opening,
      last_seq: this.#ledger.lastSeq,
      epoch: this.#ledger.epoch,
      resume_token: this.#resumeToken,
    });
  }

  #lost(loss: ConnectionLoss): void {
    if (loss.kind === "failed") {
      this.#retry(loss.error, { refusedByServer: false, retryAfterMs: undefined });
      return;
    }
    const { code, reason } = loss;
    const error = errors.closedByServer(code, reason, this.#complaint);
    if (code === CloseCode.unauthorized && this.#options.renewableToken && !this.#triedFreshToken) {
      this.#triedFreshToken = true;
      this.#retry(error, { refusedByServer: false, retryAfterMs: undefined });
    } else if (isFatalCloseCode(code)) this.#fail(error);
    else {
      const refusedByServer = code !== 1006 && code !== 1005 && code !== CloseCode.replaced;
      this.#retry(error, { refusedByServer, retryAfterMs: this.#complaint?.retryAfterMs });
    }
  }

  /** Abandons the connection without waiting for it. */
  #disconnect(code: number, reason: string): void {
    const connection = this.#connection;
    if (connection !== undefined) this.#out.push({ type: "disconnect", connection, code, reason });
  }

  #retry(error: AudioStreamError, how: { refusedByServer: boolean; retryAfterMs: number | undefined }): void {
    this.#leave();
    this.#outageSince ??= this.#now;
    this.#failures += 1;
    const elapsedMs = this.#now - this.#outageSince;
    const retry = this.#options.retry;
    const giveUp = () => this.#fail(errors.givenUp(error, this.#failures, this.#established));
    if (retry === undefined || this.#failures > retry.maxAttempts || elapsedMs >= retry.maxElapsedMs) {
      giveUp();
      return;
    }
    const attempt = this.#failures;
    const delay = retry.policy
      ? retry.policy({ attempt, elapsedMs, error })
      : this.#backoff.delayMs({ attempt, ...how }, this.#now);
    if (delay === null) {
      giveUp();
      return;
    }
    const delayMs = Math.max(0, Math.min(delay, retry.maxElapsedMs - elapsedMs));
    const hurriable = !how.refusedByServer && how.retryAfterMs === undefined;
    this.#phase = { name: "waiting", until: this.#now + delayMs, hurriable };
    this.#emit({ type: "reconnecting", attempt, delayMs, error });
  }

  /** The network is said to be back: no need to sit the whole delay out. */
  #hurry(): void {
    if (this.#phase.name !== "waiting" || !this.#phase.hurriable) return;
    const spread = this.#options.random() * (this.#options.retry?.initialDelayMs ?? 0);
    const soon = this.#now + Math.max(spread, this.#backoff.budgetDelayMs(this.#now));
    this.#phase = { ...this.#phase, until: Math.min(this.#phase.until, soon) };
  }

  #leave(): void {
    this.#sender.stop();
    this.#welcome = undefined;
    this.#heartbeat = undefined;
    this.#pendingHeartbeat = undefined;
    this.#ackDueAt = undefined;
  }

  // ---------------------------------------------------------------- receiving

  #receive(data: string | Uint8Array): void {
    this.#bytesReceived += data.length;
    this.#heartbeat?.inbound(this.#now);
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
      this.#retry(violation, { refusedByServer: true, retryAfterMs: undefined });
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
        this.#ledger.reset(message.data.epoch, message.seq);
        this.#acknowledgedSeq = message.seq ?? 0;
        this.#answered(message.data.audio, "new", undefined);
        return;
      case "session.snapshot":
        this.#learnEpoch(message.data.epoch);
        return;
      case "session.ack":
        if (message.data.epoch !== undefined) this.#learnEpoch(message.data.epoch);
        this.#onResumed(message.data, message.seq);
        return;
      case "session.end":
        this.#onEnd(message.data);
        break;
      case "audio.ack":
        this.#sender.acknowledge(message.data.position);
        this.#emit({ type: "acknowledged", position: this.#sender.buffer.acknowledged });
        break;
      case "audio.resync":
        this.#sender.resync(message.data.position);
        if (this.#end !== undefined) this.#end.sentOn = undefined;
        break;
      case "server.hb":
        this.#onHeartbeat(message.corr);
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
    if (message.seq !== undefined) this.#ledger.note(message.seq);
  }

  #onResumed({ audio, gap }: Extract<KnownServerMessage, { t: "session.ack" }>["data"], seq: number | undefined): void {
    const missing = gap && this.#ledger.undelivered(gap.from_seq, gap.to_seq);
    this.#ledger.finishResume(seq);
    this.#answered(audio, "same", missing);
  }

  #learnEpoch(epoch: number): void {
    if (this.#ledger.learnEpoch(epoch)) this.#acknowledgedSeq = 0;
  }

  #deliver(message: ServerMessage): void {
    if (message.seq === undefined || this.#ledger.accept(message.seq)) this.#emit({ type: "message", message });
  }

  #onWelcome(welcome: Welcome): void {
    this.#welcome = welcome;
    this.#resumeToken = welcome.resume_window.token ?? this.#resumeToken;
    const own = this.#options.heartbeat;
    const idleMs = own?.intervalMs ?? welcome.hb.interval_ms;
    this.#heartbeat = new Heartbeat(
      {
        intervalMs: Math.min(idleMs, welcome.hb.interval_ms),
        // A server without audio may follow only its own rhythm and answer no heartbeat.
        timeoutMs: welcome.audio ? (own?.timeoutMs ?? 0) : Math.max(own?.timeoutMs ?? 0, welcome.hb.timeout_ms),
      },
      this.#now,
    );
    if (welcome.audio === undefined && this.#phase.name === "opening" && !this.#established) {
      this.#emit({ type: "warning", error: errors.audioRefused() });
      this.#answered(undefined, "new", undefined);
    }
  }

  /** The server has told where it stands: the session is live. */
  #answered(
    audio: { readonly position: number; readonly pace: number } | undefined,
    lineage: "same" | "new",
    missingMessages: Reconnection["missingMessages"],
  ): void {
    if (this.#phase.name !== "opening" && this.#phase.name !== "live") return;
    const window = this.#welcome?.audio?.window;
    const acknowledgedBefore = this.#sender.buffer.acknowledged;
    if (audio !== undefined && window !== undefined) {
      this.#sender.start({ position: audio.position, pace: audio.pace, window }, lineage, this.#now);
    }
    const wasEstablished = this.#established;
    this.#established = true;
    this.#triedFreshToken = false;
    this.#phase = { name: "live", connection: this.#connections, since: this.#now };
    this.#flushDrops();
    const position = audio?.position ?? 0;
    const reconnection: Reconnection = {
      resumed: lineage === "same",
      replayedFrames: this.#sender.buffer.framesUnacknowledged,
      downtimeMs: this.#now - (this.#outageSince ?? this.#now),
      missingAudio: lineage === "new" && acknowledgedBefore > 0 && position > 0 ? { from: 0, to: position } : undefined,
      missingMessages,
    };
    this.#outageSince = undefined;
    if (wasEstablished) this.#reconnects += 1;
    this.#emit({ type: "connected", reconnection: wasEstablished ? reconnection : undefined });
  }

  #onHeartbeat(answers: string | undefined): void {
    if (this.#pendingHeartbeat === undefined || answers !== this.#pendingHeartbeat.id) return;
    this.#roundTripTimeMs = this.#now - this.#pendingHeartbeat.at;
    this.#pendingHeartbeat = undefined;
  }

  #onComplaint(data: { code: string; detail?: string | undefined; retry_after_ms?: number | undefined }): void {
    this.#complaint = { code: data.code, detail: data.detail ?? "", retryAfterMs: data.retry_after_ms };
    this.#emit({ type: "warning", error: errors.serverComplained(this.#complaint) });
  }

  #onGoAway({ reason, retry_after_ms }: { reason: string; retry_after_ms?: number | undefined }): void {
    this.#disconnect(CloseCode.rollover, "rollover");
    this.#leave();
    this.#outageSince ??= this.#now;
    const delayMs = (retry_after_ms ?? 0) + this.#options.random() * ROLLOVER_SPREAD_MS;
    this.#phase = { name: "waiting", until: this.#now + delayMs, hurriable: false };
    const error = errors.closedByServer(CloseCode.serviceRestart, reason, undefined);
    this.#emit({ type: "reconnecting", attempt: 1, delayMs, error });
  }

  #onEnd({ position, reason }: { position: number; reason: string }): void {
    if (this.#end === undefined) {
      this.#fail(errors.endedByServer(reason));
      return;
    }
    this.#sender.acknowledge(position);
    this.#acknowledgeMessages();
    this.#disconnect(CloseCode.normal, "done");
    this.#sender.giveUp();
    this.#flushDrops();
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
      this.#retry(errors.connectTimeout(this.#options.connectTimeoutMs), {
        refusedByServer: false,
        retryAfterMs: undefined,
      });
    } else if (phase.name === "live") {
      if (this.#failures > 0 && this.#now >= phase.since + STABLE_MS) {
        this.#failures = 0;
        this.#backoff.reset();
      }
      this.#checkHeartbeat(lateMs);
    }
  }

  #checkHeartbeat(lateMs: number): void {
    if (this.#phase.name !== "live" || this.#heartbeat === undefined) return;
    const verdict = this.#heartbeat.check(this.#now, lateMs);
    if (verdict === "send-heartbeat") {
      const id = `hb-${this.#connections}-${Math.floor(this.#now)}`;
      this.#pendingHeartbeat = { id, at: this.#now };
      this.#send("client.hb", {}, id);
    } else if (verdict === "dead" && this.#options.heartbeat !== undefined) {
      const silentMs = this.#now - this.#heartbeat.lastInbound;
      this.#disconnect(CloseCode.timeout, "heartbeat timeout");
      this.#retry(errors.heartbeatTimeout(silentMs), { refusedByServer: false, retryAfterMs: undefined });
    }
  }

  #nextWake(): number | undefined {
    const phase = this.#phase;
    if (phase.name === "done" || phase.name === "idle") return undefined;
    const times: (number | undefined)[] = [this.#ackDueAt, this.#dropsDueAt, this.#end?.deadline];
    if (phase.name === "waiting") times.push(phase.until);
    else if (phase.name === "live") {
      times.push(this.#heartbeat?.nextCheck, this.#sender.nextWake);
      if (this.#failures > 0) times.push(phase.since + STABLE_MS);
    } else times.push(phase.deadline);
    const due = times.filter((time) => time !== undefined);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  // ---------------------------------------------------------------- working

  /** What follows from the new state, whatever the input was. */
  #work(bufferedBytes: number): void {
    if (this.#phase.name === "done") return;
    if (this.#phase.name === "live") {
      for (const frame of this.#sender.pump(this.#now, bufferedBytes)) this.#put(frame);
      this.#sayEnd();
      this.#heartbeat?.expectAcknowledgement(this.#sender.buffer.samplesInFlight > 0, this.#now);
    }
    if (this.#welcome !== undefined && this.#connection !== undefined) this.#acknowledgeInTime();
    if (this.#sender.hasLosses) {
      this.#dropsDueAt ??= this.#now + DROP_DELAY_MS;
      if (this.#now >= this.#dropsDueAt) this.#flushDrops();
    }
  }

  #sayEnd(): void {
    if (this.#end === undefined || this.#end.sentOn === this.#connections || !this.#sender.drained) return;
    this.#end.sentOn = this.#connections;
    this.#send("client.end", { position: this.#sender.buffer.next });
  }

  #acknowledgeInTime(): void {
    const pending = this.#ledger.lastSeq - this.#acknowledgedSeq;
    if (pending <= 0) return;
    const limit = Math.min(MAX_IN_FLIGHT, this.#welcome?.limits.max_in_flight ?? MAX_IN_FLIGHT);
    this.#ackDueAt ??= this.#now + ACK_DELAY_MS;
    if (pending >= Math.max(1, limit >> 2) || this.#now >= this.#ackDueAt) this.#acknowledgeMessages();
  }

  #acknowledgeMessages(): void {
    this.#ackDueAt = undefined;
    const seq = this.#ledger.lastSeq;
    if (seq <= this.#acknowledgedSeq) return;
    this.#acknowledgedSeq = seq;
    this.#send("client.ack", { ack_seq: seq });
  }

  #flushDrops(): void {
    this.#dropsDueAt = undefined;
    for (const range of this.#sender.takeLosses()) this.#emit({ type: "drop", range });
  }

  #send<T extends ClientMessageType>(t: T, data: ClientData[T], id?: string): void {
    this.#put(encodeClientMessage(t, data, { sid: this.#options.sessionId, ...(id === undefined ? {} : { id }) }));
  }

  #put(data: string | Uint8Array<ArrayBuffer>): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#bytesSent += data.length;
    this.#heartbeat?.outbound(this.#now);
    this.#out.push({ type: "send", connection, data });
  }

  #emit(event: SessionEvent): void {
    this.#out.push({ type: "event", event });
  }

  #fail(error: AudioStreamError): void {
    this.#disconnect(CloseCode.normal, "failed");
    this.#sender.giveUp();
    this.#flushDrops();
    this.#finish({ type: "failed", error });
  }

  #finish(event: SessionEvent | undefined): void {
    this.#leave();
    this.#sender.clear();
    this.#resumeToken = undefined;
    this.#dropsDueAt = undefined;
    this.#phase = { name: "done" };
    if (event !== undefined) this.#emit(event);
  }
}
