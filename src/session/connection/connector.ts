import type { AudioStreamError } from "../../errors.js";
import type { Bytes } from "../../protocol/bytes.js";
import { CloseCode } from "../../protocol/close-codes.js";
import { encodeClientMessage, type ServerData } from "../../protocol/messages.js";
import { type Outputs, wireBytes } from "../outputs.js";
import { type Failure, type GiveUp, Reconnector, type Retry } from "../retry/reconnector.js";
import * as errors from "../session-errors.js";
import type { ConnectionId, ConnectionLoss } from "../session-io.js";
import type { SessionOptions } from "../session-options.js";
import { earliest, type SessionTime } from "../session-time.js";
import { Connection } from "./connection.js";
import type { Welcome } from "./link.js";
import { judgeLoss } from "./loss-judgement.js";
import type { Phase } from "./phase.js";

const GIVE_UP: GiveUp = { type: "give-up", tooLongMs: undefined };

export interface ConnectorObserver {
  /** The connection is gone, and another one may follow. */
  onLeave(): void;
  /** No connection will come any more. */
  onFailed(error: AudioStreamError): void;
}

/** Keeps a session connected: asks for a connection, looks after it, leaves it, waits, tries again, and gives up. */
export class Connector {
  readonly #options: SessionOptions;
  readonly #time: SessionTime;
  readonly #outputs: Outputs;
  readonly #observer: ConnectorObserver;
  readonly #reconnector: Reconnector;
  #phase: Phase = { name: "idle" };
  #connections: number;
  /** The latest connection, also after it was left. */
  #latest: Connection | undefined;
  /** Bytes of the largest message that the server takes, as announced by the last welcome. */
  #maxMessageBytes = Number.POSITIVE_INFINITY;
  #everAnswered: boolean;
  #triedFreshToken = false;
  #firstFailureTold = false;

  constructor(options: SessionOptions, time: SessionTime, outputs: Outputs, observer: ConnectorObserver) {
    this.#options = options;
    this.#time = time;
    this.#outputs = outputs;
    this.#observer = observer;
    this.#reconnector = new Reconnector(options.retry, options.random);
    this.#everAnswered = options.restored?.answered ?? false;
    this.#connections = options.restored?.connections ?? 0;
  }

  /** The one that is asked for, opening or live. */
  get connection(): Connection | undefined {
    return this.#phase.name === "connected" ? this.#phase.connection : undefined;
  }

  /** The one on which the server has said where it stands. */
  get live(): Connection | undefined {
    return this.connection?.phase === "live" ? this.connection : undefined;
  }

  /** How many connections were asked for. */
  get connections(): number {
    return this.#connections;
  }

  get isIdle(): boolean {
    return this.#phase.name === "idle";
  }

  /** Whether a server has answered once, so that later connections resume. */
  get everAnswered(): boolean {
    return this.#everAnswered;
  }

  /** Why there is no connection; `undefined` while there is one, and before anything has failed. */
  get lastError(): AudioStreamError | undefined {
    return this.#reconnector.lastError;
  }

  /** In time awake, as everywhere here unless it says otherwise. */
  get nextWake(): number | undefined {
    return earliest(
      this.#latest?.complaints.warningDueAt,
      this.connection?.nextCheck,
      this.#phase.name === "waiting" ? this.#time.toAwake(this.#phase.until) : undefined,
      this.live && this.#reconnector.stableAt,
    );
  }

  /** Whether it matters if time stands still: somebody's patience or debt is being timed. */
  get isTiming(): boolean {
    return this.#phase.name === "waiting" || this.connection?.isWaiting === true;
  }

  start(): void {
    if (this.#phase.name === "idle") this.#connect();
  }

  /** The transport has opened a connection. @returns it, unless it was left meanwhile. */
  opened(id: ConnectionId): Connection | undefined {
    const { connection } = this;
    if (connection?.id !== id || connection.phase !== "connecting") return undefined;
    connection.opened(this.#time.awake);
    return connection;
  }

  /** Bytes have come on a connection. @returns it, unless it was left meanwhile. */
  heard(id: ConnectionId): Connection | undefined {
    const { connection } = this;
    if (connection?.id !== id || connection.phase === "connecting") return undefined;
    connection.link?.heartbeat.inbound(this.#time.awake);
    return connection;
  }

  /** The transport has lost a connection. */
  lost(id: ConnectionId, loss: ConnectionLoss): void {
    const { connection } = this;
    if (connection?.id !== id) return;
    const { renewableToken } = this.#options;
    const verdict = judgeLoss(loss, connection, renewableToken && !this.#triedFreshToken, this.#time.awake);
    if (verdict.type === "final") this.#observer.onFailed(verdict.error);
    else this.#retry(verdict.failure, verdict.type);
  }

  welcomed(welcome: Welcome): void {
    this.connection?.welcomed(welcome, this.#options.heartbeat, this.#time.awake);
    this.#maxMessageBytes = welcome.limits.max_msg_bytes;
  }

  /** The server has said where it stands. @returns how long there was no connection, in milliseconds. */
  answered(connection: Connection): number {
    this.#everAnswered = true;
    this.#triedFreshToken = false;
    connection.answered();
    return this.#reconnector.connected(this.#time);
  }

  /** The server has acknowledged more audio. */
  progressed(): void {
    this.#reconnector.progressed(this.#time);
  }

  /** Emits a complaint that no close has followed. */
  reportComplaint(): void {
    const complaint = this.#latest?.complaints.takeWarning(this.#time.awake);
    if (complaint !== undefined) this.#outputs.warn(errors.serverComplained(complaint));
  }

  /** The server wants its client to take another connection. */
  sentAway({ reason, retry_after_ms = 0 }: ServerData["server.goaway"]): void {
    this.disconnect(CloseCode.rollover, "rollover");
    this.#leave();
    const askedMs = Math.max(retry_after_ms, this.#retryAfterMs ?? 0);
    const error = errors.sentAway(reason);
    this.#follow(this.#reconnector.sentAway(error, askedMs, this.#time), error);
  }

  /** The server has broken the protocol. */
  violated(message: string): void {
    const violation = errors.protocolViolation(message);
    this.#outputs.warn(violation);
    this.#firstFailureTold = true;
    this.disconnect(CloseCode.protocolViolation, message.slice(0, 120));
    this.#retry({ error: violation, endedBy: "server", retryAfterMs: this.#retryAfterMs });
  }

  send(data: string | Bytes): void {
    const { connection } = this;
    if (connection === undefined) return;
    const bytes = wireBytes(data);
    if (bytes > this.#maxMessageBytes) {
      this.#observer.onFailed(errors.messageTooLarge(bytes, this.#maxMessageBytes));
      return;
    }
    connection.link?.heartbeat.outbound(this.#time.awake);
    this.#outputs.send(connection.id, data);
  }

  /** Abandons the connection without waiting for it. */
  disconnect(code: number, reason: string): void {
    if (this.connection !== undefined) this.#outputs.disconnect(this.connection.id, code, reason);
  }

  /** The page is put away, and lets go of its connection until {@link probe}. */
  suspend(): void {
    const phase = this.#phase;
    if (phase.name === "idle" || phase.name === "ended") return;
    const leftMs = this.#leftMs ?? 0;
    this.disconnect(CloseCode.rollover, "page put away");
    this.#leave();
    this.#reconnector.left(this.#time);
    const asked = phase.name === "waiting" && !phase.hurriable ? phase.until : this.#time.wall + leftMs;
    this.#phase = { name: "suspended", notBefore: phase.name === "suspended" ? phase.notBefore : asked };
  }

  /** The page or the network is back: no need to sit a whole delay out, and the link has to show that it still lives. */
  probe(urgent = false): void {
    if (this.#phase.name === "suspended") {
      this.#reconnector.returned(this.#time);
      // A server that asked for time gets all of it, although the page is back.
      this.#phase = { name: "waiting", until: this.#phase.notBefore, hurriable: false };
      if (this.#phase.until <= this.#time.wall) this.#connect();
    } else if (this.#phase.name === "waiting" && this.#phase.hurriable) {
      this.#phase = { ...this.#phase, until: Math.min(this.#phase.until, this.#reconnector.soon(this.#time, urgent)) };
    }
    this.connection?.link?.heartbeat.probe();
    this.#checkHeartbeat();
  }

  excuse(stalledMs: number): void {
    this.#reconnector.stalled(stalledMs, this.#time);
    this.connection?.excuse(stalledMs, this.#time.awake);
  }

  checkDeadlines(owesNothing: boolean): void {
    const { connection } = this;
    if (this.#phase.name === "waiting" && this.#time.awake >= this.#time.toAwake(this.#phase.until)) this.#connect();
    if (connection === undefined) return;
    if (connection.phase === "live") {
      this.#reconnector.check(this.#time, owesNothing);
      this.#checkHeartbeat();
    } else if (this.#time.awake >= connection.answer.at) {
      this.disconnect(CloseCode.timeout, "connect timeout");
      const error = errors.connectTimeout(this.#options.connectTimeoutMs, connection.phase);
      this.#retry({ error, endedBy: "here", retryAfterMs: this.#retryAfterMs });
    }
  }

  /** Connects no more. */
  end(): void {
    this.#leave();
    this.#phase = { name: "ended" };
  }

  #connect(): void {
    this.#connections += 1;
    this.#reconnector.connecting(this.#time);
    const connection = new Connection(this.#connections, this.#options.connectTimeoutMs, this.#time.awake);
    this.#latest = connection;
    this.#phase = { name: "connected", connection };
    this.#outputs.connect(connection.id, this.#reconnector.failures + 1);
  }

  /** What the server has asked for on the latest connection. */
  get #retryAfterMs(): number | undefined {
    return this.#latest?.complaints.retryAfterMs(this.#time.awake);
  }

  /** A connection that just breaks is no answer, and a server's wish holds for what is left of its time. */
  get #leftMs(): number | undefined {
    return this.#latest?.complaints.leftMs(this.#time.awake);
  }

  #retry(failure: Failure, kind: "temporary" | "renewal" = "temporary"): void {
    this.#leave();
    if (kind === "renewal") this.#triedFreshToken = true;
    const failsFast = kind === "temporary" && !this.#everAnswered && this.#options.retry?.initial === "fail-fast";
    const decision = failsFast ? GIVE_UP : this.#reconnector.failed(failure, this.#time);
    const isNews = !this.#everAnswered && !this.#firstFailureTold;
    this.#firstFailureTold = true;
    if (isNews && decision.type === "give-up") this.#outputs.warn(failure.error);
    this.#follow(decision, failure.error);
    if (isNews && decision.type === "retry") this.#outputs.warn(failure.error);
  }

  #follow(decision: Retry | GiveUp, error: AudioStreamError): void {
    if (decision.type === "give-up") {
      const outage = { failures: this.#reconnector.failures, everConnected: this.#everAnswered };
      this.#observer.onFailed(errors.givenUp(error, { ...outage, tooLongMs: decision.tooLongMs }));
    } else {
      const { attempt, delayMs, hurriable } = decision;
      this.#phase = { name: "waiting", until: this.#time.wall + delayMs, hurriable };
      this.#outputs.emit({ type: "reconnecting", attempt, delayMs, error });
    }
  }

  #checkHeartbeat(): void {
    const link = this.live?.link;
    if (link === undefined) return;
    const now = this.#time.awake;
    const verdict = link.heartbeat.check(now);
    if (verdict === "send-heartbeat") {
      this.send(encodeClientMessage("client.hb", {}, { sid: this.#options.sessionId, id: link.beat(now) }));
    } else if (verdict === "dead") {
      this.disconnect(CloseCode.timeout, "heartbeat timeout");
      const error = errors.heartbeatTimeout(now - link.heartbeat.lastInbound);
      this.#retry({ error, endedBy: "here", retryAfterMs: this.#leftMs });
    }
  }

  #leave(): void {
    this.#latest?.complaints.stop();
    this.#observer.onLeave();
  }
}
