import type { RoundTrip } from "./round-trip.js";

export interface HeartbeatTerms {
  /** Silence after which a heartbeat is sent, in milliseconds. */
  readonly intervalMs: number;
  /** How long a link may owe the answer to a heartbeat, in milliseconds; a slow link may take longer. */
  readonly timeoutMs: number;
}

export interface LinkTerms extends HeartbeatTerms {
  /** Whether silence may end the link; otherwise only the transport does. */
  readonly mortal: boolean;
}

/** Audio that nobody acknowledges is a reason to ask long before an idle link would be asked. */
const UNACKNOWLEDGED_SILENCE_MS = 1_500;

export type HeartbeatVerdict = "alive" | "send-heartbeat" | "dead";

/**
 * Decides when to send a heartbeat and when a link is dead. Any inbound byte counts as life. A verdict of death needs a
 * heartbeat that stayed unanswered for the timeout, or for as long as a link with this round trip may take if that is longer.
 */
export class Heartbeat {
  readonly #terms: LinkTerms;
  readonly #roundTrip: Pick<RoundTrip, "limitMs">;
  #lastInbound: number;
  #lastOutbound: number;
  #probeDeadline: number | undefined;
  #probeAgain = false;
  #excused = false;
  #audioUnacknowledged = false;

  constructor(terms: LinkTerms, roundTrip: Pick<RoundTrip, "limitMs">, now: number) {
    this.#terms = terms;
    this.#roundTrip = roundTrip;
    this.#lastInbound = now;
    this.#lastOutbound = now;
  }

  get lastInbound(): number {
    return this.#lastInbound;
  }

  /** Whether the link owes an answer. */
  get waiting(): boolean {
    return this.#probeDeadline !== undefined;
  }

  inbound(now: number): void {
    this.#lastInbound = now;
    this.#probeDeadline = undefined;
    this.#excused = false;
  }

  outbound(now: number): void {
    this.#lastOutbound = now;
  }

  /** Whether acknowledgements are owed. */
  expectAcknowledgement(expected: boolean, now: number): void {
    if (expected && !this.#audioUnacknowledged) this.#lastInbound = Math.max(this.#lastInbound, now);
    this.#audioUnacknowledged = expected;
  }

  /** Something happened that may have killed the link: ask it at the next check. */
  probe(): void {
    if (this.#probeDeadline === undefined) this.#probeAgain = true;
  }

  /** Nobody could act for a while, so the silence says nothing: asks again, and lets a pending question start over, once. */
  excuse(): void {
    if (this.#probeDeadline !== undefined && this.#excused) return;
    this.#excused = this.#probeDeadline !== undefined;
    this.#probeAgain = true;
  }

  check(now: number): HeartbeatVerdict {
    if (this.#probeAgain) {
      this.#probeAgain = false;
      return this.#ask(now);
    }
    if (this.#probeDeadline !== undefined && now >= this.#probeDeadline) {
      return this.#terms.mortal ? "dead" : this.#ask(now);
    }
    if (this.#probeDeadline === undefined && now >= this.#silenceEnds) return this.#ask(now);
    return now >= this.#lastOutbound + this.#terms.intervalMs ? "send-heartbeat" : "alive";
  }

  /** When {@link check} has something to say next. */
  get nextCheck(): number {
    const silence = this.#probeDeadline ?? this.#silenceEnds;
    return Math.min(silence, this.#lastOutbound + this.#terms.intervalMs);
  }

  #ask(now: number): HeartbeatVerdict {
    this.#probeDeadline = now + Math.max(this.#terms.timeoutMs, this.#roundTrip.limitMs);
    return "send-heartbeat";
  }

  get #silenceEnds(): number {
    const allowed = this.#audioUnacknowledged
      ? Math.min(UNACKNOWLEDGED_SILENCE_MS, this.#terms.intervalMs)
      : this.#terms.intervalMs;
    return this.#lastInbound + allowed;
  }
}
