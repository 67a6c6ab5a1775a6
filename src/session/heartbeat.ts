export interface HeartbeatTerms {
  /** Silence after which a heartbeat is sent, in milliseconds. */
  readonly intervalMs: number;
  /** How long an idle link may owe an answer, in milliseconds. */
  readonly timeoutMs: number;
}

export interface LinkTerms extends HeartbeatTerms {
  /** Whether silence may end the link; otherwise only the transport does. */
  readonly mortal: boolean;
}

/** Audio that nobody acknowledges shows a half-open link long before an idle heartbeat would. */
const UNACKNOWLEDGED_SILENCE_MS = 1_500;
/** How long a link that should have answered already may owe the answer to a probe. */
const PROBE_TIMEOUT_MS = 2_000;
/** A timer this late means that the page slept, so the silence says nothing about the link. */
const LATE_MS = 1_000;

export type HeartbeatVerdict = "alive" | "send-heartbeat" | "dead";

/**
 * Tells when to send a heartbeat and when a link is dead. Any inbound byte counts as life. A verdict of death needs an
 * unanswered probe and a timer that came on time: after a sleep the link gets one more probe first.
 */
export class Heartbeat {
  readonly #terms: LinkTerms;
  #lastInbound: number;
  #lastOutbound: number;
  #probeDeadline: number | undefined;
  #probeAgain = false;
  #excused = false;
  #audioUnacknowledged = false;

  constructor(terms: LinkTerms, now: number) {
    this.#terms = terms;
    this.#lastInbound = now;
    this.#lastOutbound = now;
  }

  get lastInbound(): number {
    return this.#lastInbound;
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

  /** @param lateMs how much later than asked this check runs. */
  check(now: number, lateMs: number): HeartbeatVerdict {
    if (this.#probeDeadline !== undefined && now >= this.#probeDeadline) {
      if (this.#terms.mortal && (lateMs < LATE_MS || this.#excused)) return "dead";
      this.#excused = true;
      this.#probeDeadline = now + PROBE_TIMEOUT_MS;
      return "send-heartbeat";
    }
    if (this.#probeAgain) {
      this.#probeAgain = false;
      this.#probeDeadline = now + PROBE_TIMEOUT_MS;
      return "send-heartbeat";
    }
    if (this.#probeDeadline === undefined && now >= this.#silenceEnds) {
      this.#probeDeadline = now + (this.#audioUnacknowledged ? PROBE_TIMEOUT_MS : this.#terms.timeoutMs);
      return "send-heartbeat";
    }
    return now >= this.#lastOutbound + this.#terms.intervalMs ? "send-heartbeat" : "alive";
  }

  /** When {@link check} has something to say next. */
  get nextCheck(): number {
    const silence = this.#probeDeadline ?? this.#silenceEnds;
    return Math.min(silence, this.#lastOutbound + this.#terms.intervalMs);
  }

  get #silenceEnds(): number {
    const allowed = this.#audioUnacknowledged
      ? Math.min(UNACKNOWLEDGED_SILENCE_MS, this.#terms.intervalMs)
      : this.#terms.intervalMs;
    return this.#lastInbound + allowed;
  }
}
