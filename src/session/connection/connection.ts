import type { ConnectionId } from "../session-io.js";
import { AnswerDeadline } from "./answer-deadline.js";
import type { HeartbeatTerms } from "./heartbeat.js";
import { Link, type Welcome } from "./link.js";
import { ServerComplaints } from "./server-complaints.js";

/** How much of a time in which nobody could act may belong to a round trip, in milliseconds. */
const MAX_HIDDEN_MS = 5_000;

/** Asked for, opened by the transport, answered by the server. */
export type ConnectionPhase = "connecting" | "opening" | "live";

/** Everything that ends with one socket: how far it has come, its deadline, its health, and what the server complained of. */
export class Connection {
  readonly id: ConnectionId;
  readonly answer: AnswerDeadline;
  readonly complaints = new ServerComplaints();
  #phase: ConnectionPhase = "connecting";
  /** When the first message went out. */
  #openedAt: number | undefined;
  /** How long nobody could act on this connection. The answer may have come at some moment of it. */
  #hiddenMs = 0;
  #link: Link | undefined;

  /** @param timeoutMs how long the transport and then the server may take to answer. */
  constructor(id: ConnectionId, timeoutMs: number, now: number) {
    this.id = id;
    this.answer = new AnswerDeadline(timeoutMs, now);
  }

  get phase(): ConnectionPhase {
    return this.#phase;
  }

  /** `undefined` until the server has welcomed its client. */
  get link(): Link | undefined {
    return this.#link;
  }

  opened(now: number): void {
    this.#phase = "opening";
    this.#openedAt = now;
  }

  /** @param own what the application wants of the heartbeat. */
  welcomed(welcome: Welcome, own: HeartbeatTerms | undefined, now: number): void {
    this.answer.welcomed(now);
    const openedAt = this.#phase === "opening" ? this.#openedAt : undefined;
    const askedAt = openedAt === undefined ? now : openedAt - Math.min(this.#hiddenMs, MAX_HIDDEN_MS);
    this.#link = new Link(welcome, own, `${this.id}`, askedAt, now);
  }

  answered(): void {
    this.#phase = "live";
  }

  /** Nobody could act for a while: that is nobody's fault, and what has a deadline gets one more chance. */
  excuse(stalledMs: number, now: number): void {
    this.#hiddenMs += stalledMs;
    this.#link?.excuse();
    this.answer.excuse(now);
  }

  /** When it has to be looked whether the other end still answers. */
  get nextCheck(): number | undefined {
    return this.#phase === "live" ? this.#link?.heartbeat.nextCheck : this.answer.at;
  }

  /** Whether the other end owes an answer. */
  get isWaiting(): boolean {
    return this.#phase === "live" ? this.#link?.heartbeat.waiting === true : true;
  }
}
