import type { ServerTerms } from "../../examples/server/protocol/server-terms.js";
import type { Recording } from "./recording.js";
import { Foul, type Glimpse, glimpse } from "./referee.js";
import type { Payload } from "./wire.js";

/** How long kept audio may go unacknowledged. */
const ACK_WITHIN_MS = 200;
/** A timer this late says that the process slept. */
const LATE_MS = 1_000;
/** A server that did not run for so long cannot have missed it. */
const SURELY_ASLEEP_MS = 1_500;

/** Segments that a snapshot may repeat before it grows beyond what a client accepts. */
const MAX_PARTIALS = 500;

/** One connection, from the server's side. */
interface PeerView {
  attempt: number;
  clientMaxInFlight: number;
  attached: boolean;
  lastHeard: number;
  /** How much longer it may be silent because the server slept. */
  allowanceMs: number;
  sentSeq: number;
  /** Numbers sent and not acknowledged. */
  inFlight: number[];
  /** Number up to which a resume replays; `undefined` outside a resume. */
  replayTo: number | undefined;
  replayed: number;
  live: boolean;
  acknowledgedTo: number;
  owesAcknowledgement: boolean;
  unansweredHeartbeats: Set<string>;
}

/** Watches everything a server does, and ends the run at the first thing that PROTOCOL.md forbids. */
export class ServerReferee {
  readonly #terms: ServerTerms;
  readonly #peers = new Map<number, PeerView>();
  #attached: number | undefined;
  #attachedAttempt = 0;
  #generation = 0;
  #detachedAt: number | undefined;
  /** When the wait for the client that is gone may have begun anew at the latest. */
  #goneSince: number | undefined;
  #secrets = new Set<string>();
  #wokeLateAt = Number.NEGATIVE_INFINITY;
  /** Since when audio has been kept and not acknowledged. */
  #keptSince: number | undefined;

  constructor(terms: ServerTerms) {
    this.#terms = terms;
  }

  connected(peer: number, now: number): void {
    this.#peers.set(peer, {
      attempt: 0,
      clientMaxInFlight: 0,
      attached: false,
      lastHeard: now,
      allowanceMs: 0,
      sentSeq: 0,
      inFlight: [],
      replayTo: undefined,
      replayed: 0,
      live: false,
      acknowledgedTo: 0,
      owesAcknowledgement: false,
      unansweredHeartbeats: new Set(),
    });
  }

  received(peer: number, data: Payload, now: number): void {
    const view = this.#peers.get(peer);
    if (view === undefined) return;
    view.lastHeard = now;
    view.allowanceMs = 0;
    if (typeof data !== "string" || !data.startsWith('{"v":1,"t":')) return;
    const { t, id, data: fields } = glimpse(data);
    if (t === "client.hello" || t === "session.resume") {
      view.attempt = fields.attempt;
      view.clientMaxInFlight = fields.max_in_flight;
      view.sentSeq = fields.last_seq ?? 0;
    } else if (t === "client.ack" && fields.ack_seq <= view.sentSeq) {
      view.inFlight = view.inFlight.filter((seq) => seq > fields.ack_seq);
    } else if (t === "client.hb" && view.attached && id !== undefined) view.unansweredHeartbeats.add(id);
  }

  /** @param recording of the session that the message belongs to; a refused stranger has none. */
  sent(peer: number, json: string, recording: Recording | undefined, now: number): void {
    const view = this.#peers.get(peer);
    if (view === undefined) throw new Foul("The server sends on a connection that is gone.");
    const { t, seq, corr, data } = glimpse(json);
    if (t === "server.welcome") this.#attach(peer, view, data, now);
    if (seq !== undefined) this.#numbered(view, seq);
    switch (t) {
      case "server.hb":
        if (corr !== undefined) view.unansweredHeartbeats.delete(corr);
        return;
      case "session.snapshot":
        view.replayTo = data.current_seq;
        view.replayed = 0;
        if (data.active_partials.length > MAX_PARTIALS) throw new Foul("A snapshot grows without end.");
        if (data.gap !== undefined) view.sentSeq = Math.max(view.sentSeq, data.gap.to_seq);
        return;
      case "session.ack":
        if (view.replayed > this.#terms.resumeMaxEvents) throw new Foul(`${view.replayed} messages were kept.`);
        if (view.sentSeq !== view.replayTo) throw new Foul(`Replayed ${view.sentSeq} of ${view.replayTo} messages.`);
        this.#answered(view, data.audio.position, recording);
        return;
      case "session.new":
        view.sentSeq = 0;
        this.#answered(view, data.audio.position, recording);
        return;
      case "queue.drop":
        view.sentSeq = Math.max(view.sentSeq, data.to_seq);
        return;
      case "server.error":
        if (data.code === "in_use") this.#refused(data.retry_after_ms, now);
        return;
      case "audio.ack":
        this.#acknowledged(view, data.position, recording, now);
        return;
      case "session.end":
        if (recording?.emitted.length !== view.sentSeq) {
          throw new Foul(`session.end after ${view.sentSeq} of ${recording?.emitted.length} messages.`);
        }
        if (!recording.drained) throw new Foul("session.end before all audio is kept.");
    }
  }

  closed(peer: number, code: number, reason: string, now: number): void {
    const view = this.#peers.get(peer);
    if (code === 4408 && reason === "heartbeat timeout" && view !== undefined) {
      const late = now - view.lastHeard - this.#terms.heartbeatTimeoutMs;
      if (late < -0.001) throw new Foul(`The server gave a connection up ${-late} ms before its time.`);
      if (now === this.#wokeLateAt) throw new Foul("A server that slept blames its client.");
    }
    this.gone(peer, now);
  }

  gone(peer: number, now: number): void {
    this.#peers.delete(peer);
    if (this.#attached !== peer) return;
    this.#attached = undefined;
    this.#detachedAt = now;
    this.#goneSince = now;
    this.#keptSince = undefined;
  }

  kept(now: number): void {
    if (this.#attached !== undefined) this.#keptSince ??= now;
  }

  /** The process slept until now. */
  woke(now: number, sleptMs: number): void {
    // Whatever the server was waiting for, a heartbeat of its own would have come first.
    if (sleptMs >= this.#terms.heartbeatIntervalMs + LATE_MS) this.#wokeLateAt = now;
    for (const view of this.#peers.values()) view.allowanceMs += sleptMs + this.#terms.heartbeatTimeoutMs / 2;
    if (this.#keptSince !== undefined) this.#keptSince = now;
    // Nobody could come back meanwhile, so the wait begins anew.
    if (this.#goneSince !== undefined) this.#goneSince = now;
    if (sleptMs > SURELY_ASLEEP_MS && this.#detachedAt !== undefined) this.#detachedAt = now;
  }

  /** The process died: nobody is attached, and with its memory go its numbers. */
  died(withMemory: boolean): void {
    this.#peers.clear();
    this.#attached = undefined;
    this.#detachedAt = undefined;
    this.#goneSince = undefined;
    this.#keptSince = undefined;
    if (withMemory) this.#forget();
  }

  finished(reason: string, now: number): void {
    if (reason === "expired" && this.#detachedAt !== undefined) {
      const waited = now - this.#detachedAt;
      if (waited < this.#terms.resumeTtlMs - 0.001) throw new Foul(`The session expired after ${waited} ms.`);
    }
    this.#forget();
  }

  /** Called after every step. */
  check(now: number): void {
    if (this.#keptSince !== undefined && now - this.#keptSince > ACK_WITHIN_MS) {
      throw new Foul(`Kept audio has gone unacknowledged for ${now - this.#keptSince} ms.`);
    }
    if (this.#attached === undefined) return;
    const view = this.#peers.get(this.#attached);
    if (view === undefined) return;
    const silentMs = now - view.lastHeard;
    if (silentMs > this.#terms.heartbeatTimeoutMs + view.allowanceMs + 1) {
      throw new Foul(`The server keeps a connection that has been silent for ${silentMs} ms.`);
    }
    if (view.owesAcknowledgement) throw new Foul("The answer to an opening lacks its acknowledgement.");
    if (view.unansweredHeartbeats.size > 0) throw new Foul("A heartbeat went unanswered.");
  }

  #forget(): void {
    this.#attachedAttempt = 0;
    this.#generation = 0;
    this.#keptSince = undefined;
  }

  #attach(peer: number, view: PeerView, welcome: Glimpse["data"], now: number): void {
    const { generation, resume_window } = welcome;
    if (view.attempt <= this.#attachedAttempt) {
      throw new Foul(`Attempt ${view.attempt} displaced attempt ${this.#attachedAttempt}.`);
    }
    if (generation <= this.#generation) throw new Foul(`Generation ${generation} follows ${this.#generation}.`);
    if (this.#secrets.has(resume_window.token)) throw new Foul("A resume secret was issued twice.");
    if (this.#attached !== undefined) throw new Foul("Two connections are attached at once.");
    this.#secrets.add(resume_window.token);
    this.#attached = peer;
    this.#attachedAttempt = view.attempt;
    this.#generation = generation;
    this.#keptSince = undefined;
    view.attached = true;
    view.lastHeard = now;
  }

  #answered(view: PeerView, position: number, recording: Recording | undefined): void {
    if (recording !== undefined && position !== recording.takenTo) {
      throw new Foul(`The server says it stands at ${position}, and stands at ${recording.takenTo}.`);
    }
    view.replayTo = undefined;
    view.live = true;
    view.owesAcknowledgement = true;
  }

  /** Another client may have the session once its own is gone for good, and is told when that is. */
  #refused(retryAfterMs: number | undefined, now: number): void {
    if (this.#attached === undefined && this.#goneSince !== undefined) {
      const freeInMs = this.#goneSince + this.#terms.resumeTtlMs - now;
      if (retryAfterMs === undefined) throw new Foul("A session whose client is gone is refused for good.");
      if (retryAfterMs > Math.ceil(freeInMs)) {
        throw new Foul(`A session is free in ${freeInMs} ms, and another client is to wait ${retryAfterMs}.`);
      }
    }
    const view = this.#attached === undefined ? undefined : this.#peers.get(this.#attached);
    if (view === undefined) return;
    const silentMs = now - view.lastHeard;
    if (retryAfterMs === undefined) {
      if (silentMs > this.#terms.heartbeatIntervalMs + view.allowanceMs + 1) {
        throw new Foul(`A session whose client has been silent for ${silentMs} ms is refused for good.`);
      }
      return;
    }
    if (silentMs < this.#terms.heartbeatIntervalMs) {
      throw new Foul("A session whose client is heard is promised to another one.");
    }
  }

  #numbered(view: PeerView, seq: number): void {
    if (seq !== view.sentSeq + 1) throw new Foul(`Message ${seq} follows ${view.sentSeq}.`);
    view.sentSeq = seq;
    view.replayed += 1;
    view.inFlight.push(seq);
    const window = Math.min(this.#terms.maxInFlight, view.clientMaxInFlight);
    // What a resume replays comes whatever the window says.
    if (view.live && view.inFlight.length > window) {
      throw new Foul(`${view.inFlight.length} messages are in flight, and the window is ${window}.`);
    }
  }

  #acknowledged(view: PeerView, position: number, recording: Recording | undefined, now: number): void {
    if (recording === undefined) throw new Foul("An acknowledgement for a session that is not open.");
    if (position > recording.keptTo) {
      throw new Foul(`Acknowledged ${position}, but only ${recording.keptTo} is kept.`);
    }
    if (position < view.acknowledgedTo) throw new Foul(`Acknowledged ${position} after ${view.acknowledgedTo}.`);
    view.acknowledgedTo = position;
    view.owesAcknowledgement = false;
    this.#keptSince = position < recording.keptTo ? now : undefined;
  }
}
