import type { AudioStreamError } from "../../src/errors.js";
import type { Session } from "../../src/session/session.js";
import type { ConnectionId, SessionCheckpoint, SessionInput } from "../../src/session/session-io.js";
import type { SessionOptions } from "../../src/session/session-options.js";
import { Foul, glimpse, glimpseFrame } from "./referee.js";
import type { Wire } from "./wire.js";

/** Bytes the socket may hold, the frame about to be sent counted. */
const HIGH_WATER_BYTES = 65_536;
/** What may be sent at once before the pace binds, in milliseconds. */
const BURST_MS = 200;

/** Acknowledged audio that is kept for a server that loses its last writes, in milliseconds. */
const GRACE_MS = 2_000;
const BYTES_PER_SAMPLE = 2;

/** What an attempt's deadline leaves a client that could not act for a while, in milliseconds. */
const CHANCE_MS = 2_000;
/** A connection that was of no use for so long, in milliseconds, does not end an outage. */
const STABLE_MS = 5_000;
/** A client in an outage has something to do more often than this, in milliseconds. */
const LONG_AWAY_MS = 5_000;
/** How long such a client may rest at most, even if its timers are throttled. */
const PULSE_MS = 2_000;
/** How far clocks may be off after sums of fractions, in milliseconds. */
const ROUNDING_MS = 0.001;

/** After these the same client can only be refused again, unless the server has said when to come back. */
const FINAL_CODES: ReadonlySet<number> = new Set([1009, 4401, 4403, 4406, 4409, 4410, 4413]);
/** For these a session ends whatever the server says. */
const OWN_REASONS: ReadonlySet<string | undefined> = new Set(["close-timeout", "internal-error"]);
const UNAUTHORIZED = 4401;
const UNSUPPORTED = 4406;
/** Header and one sample. */
const SMALLEST_FRAME_BYTES = 14;

/** What one connection has seen, from the client's side. */
class ClientView {
  left = false;
  /** When the connection was asked for, and when the server last said a part of its answer. */
  since = 0;
  progressAt = 0;
  /** Until when a client may wait that could not act for a while. */
  chanceUntil = 0;
  welcomed = false;
  answered = false;
  answeredAt = 0;
  /** How much of the outage had been slept through by then. */
  awayBefore = 0;
  /** The server has kept more audio. */
  progressed = false;
  ended = false;
  wireTo = 0;
  window = Number.POSITIVE_INFINITY;
  maxInFlight = Number.POSITIVE_INFINITY;
  maxMessageBytes = Number.POSITIVE_INFINITY;
  /** How long the server wants to be left alone, if it said so. */
  askedMs: number | undefined;
  pace = 0;
  credit = 0;
  creditAt = 0;
  /** Sent on this connection and not acknowledged, oldest first. */
  readonly inFlight: { readonly to: number; readonly samples: number }[] = [];
  inFlightSamples = 0;
  highestSeq = 0;
  acknowledgedSeq = 0;
}

/** Watches everything a client does, and ends the run at the first thing that PROTOCOL.md forbids. */
export class ClientReferee {
  readonly #options: SessionOptions;
  #view = new ClientView();
  #connection: ConnectionId = 0;
  #attempts = 0;
  #token: string | undefined;
  #bufferedBytes = 0;
  #frameSamples = 0;
  #now = 0;
  /** Audio up to this position is kept, as far as the client knows. */
  #acknowledged = 0;
  #capturedTo = 0;
  /** Position up to which the lineage may have audio. */
  #sentTo = 0;
  /** The server has asked for silence until then. */
  #notBefore = Number.NEGATIVE_INFINITY;
  /** The highest number that the lineage has sent on any connection. */
  #highestSeq = 0;
  #outageSince: number | undefined;
  #returnedAt = Number.NEGATIVE_INFINITY;
  /** Time in the outage in which nothing at all happened on the page. */
  #awayMs = 0;
  #suspended = false;
  /** What must be true of the session after this step. */
  #mustBeDone: boolean | undefined;
  /** The server has claimed what cannot be true, and the connection is still there. */
  #lie: string | undefined;
  /** Code of the error that must have ended the session after this step. */
  #mustEndWith: string | undefined;
  /** What the last welcome said. */
  #maxMessageBytes = Number.POSITIVE_INFINITY;
  readonly epochs = new Set<number>();
  waitedForAnother = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get answered(): boolean {
    return this.#view.answered;
  }

  /** Audio before this position is kept, as far as the client knows. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** An outage has lasted as long as the application allows, or would once the server may be asked again. */
  get outlastedBudget(): boolean {
    const { retry } = this.#options;
    if (retry === undefined || this.#outageSince === undefined) return false;
    const elapsedMs = Math.max(this.#now, this.#notBefore) - this.#outageSince - this.#awayMs;
    return elapsedMs >= retry.maxElapsedMs - 0.001;
  }

  /** The page can act again after a while in which it could not. */
  returned(now: number): void {
    this.#returnedAt = now;
  }

  /** Another session goes on, which knows no more than the page does. */
  replaced({ resumeToken, lastSeq, stats }: SessionCheckpoint, captured: number): void {
    this.#view = new ClientView();
    this.#view.left = true;
    this.#token = resumeToken;
    this.#acknowledged = Math.min(this.#acknowledged, stats.settledPosition);
    this.#capturedTo = captured;
    // It cannot know how much of that was sent.
    this.#sentTo = captured;
    this.#highestSeq = lastSeq;
    this.#notBefore = Number.NEGATIVE_INFINITY;
    this.#outageSince = undefined;
    this.#awayMs = 0;
    this.#suspended = false;
    this.#lie = undefined;
    this.#maxMessageBytes = Number.POSITIVE_INFINITY;
  }

  before(input: SessionInput, now: number, bufferedBytes: number): void {
    const idleMs = now - this.#now;
    if (idleMs >= LONG_AWAY_MS) this.#awayMs += idleMs - PULSE_MS;
    this.#now = now;
    this.#bufferedBytes = bufferedBytes;
    if (input.type === "suspend") this.#suspended = true;
    if (input.type === "probe" && this.#suspended) {
      this.#suspended = false;
      this.returned(now);
      if (this.#outageSince !== undefined) this.#outageSince = now;
      this.#awayMs = 0;
    }
    if (input.type === "frame") this.#capturedTo = input.frame.position + input.frame.sampleCount;
    if (input.type === "lost" && input.connection === this.#connection && !this.#view.left) {
      if (input.loss.kind === "closed") this.#closed(input.loss.code);
      this.#connectionOver();
    }
    if (input.type !== "message" || input.connection !== this.#connection || this.#view.left) return;
    if (typeof input.data === "string" && input.data.startsWith('{"v":1,"t":')) this.#received(input.data);
  }

  after(session: Session, input: SessionInput, error: AudioStreamError | undefined): void {
    this.#checkEnd(session, input, error);
    if (this.#lie !== undefined) throw new Foul(`The client believes that ${this.#lie}.`);
    if (this.#mustBeDone && !session.done) throw new Foul("The client tries again although the refusal is final.");
    const gaveUp = this.#mustBeDone === false && session.done && !OWN_REASONS.has(error?.code);
    if (gaveUp) throw new Foul("The client gives up although it may try again.");
    this.#mustBeDone = undefined;
    this.#checkAttempt(session, input);
    const view = this.#view;
    const open = view.highestSeq - view.acknowledgedSeq;
    if (view.answered && open > Math.max(1, view.maxInFlight >> 2)) {
      throw new Foul(`${open} messages are unacknowledged, and the server allows ${view.maxInFlight}.`);
    }
    if (input.type !== "frame") return;
    this.#frameSamples = input.frame.sampleCount;
    const { bufferedBytes, bufferedSamples } = session.stats;
    if (bufferedBytes > (bufferedSamples + this.#graceSamples) * BYTES_PER_SAMPLE) {
      throw new Foul(`The client holds ${bufferedBytes} bytes, and ${bufferedSamples} samples are unacknowledged.`);
    }
    const { maxBytes, maxDurationMs } = this.#options.replay;
    if (bufferedBytes > maxBytes) throw new Foul(`The client holds ${bufferedBytes} bytes, over ${maxBytes}.`);
    // A frame of which a part is acknowledged is held, and counted, as a whole.
    const atMost = (maxDurationMs / 1_000) * this.#options.format.sampleRate + this.#frameSamples;
    if (bufferedSamples > atMost) {
      throw new Foul(`The client holds ${bufferedSamples} samples, over ${maxDurationMs} ms.`);
    }
  }

  connecting(connection: ConnectionId, previous: Wire | undefined): void {
    if (connection <= this.#connection) throw new Foul(`Connection ${connection} follows ${this.#connection}.`);
    if (previous?.clientOpen) throw new Foul("The client has two connections at once.");
    if (this.#options.retry?.policy === undefined && this.#now < this.#notBefore - 0.001) {
      throw new Foul(`The client comes back ${this.#notBefore - this.#now} ms before the server wants it.`);
    }
    if (this.#outageSince === undefined) {
      this.#outageSince = this.#now;
      this.#awayMs = 0;
    }
    this.#view = new ClientView();
    this.#view.since = this.#now;
    this.#view.progressAt = this.#now;
    this.#connection = connection;
  }

  disconnected(code: number, reason: string, wire: Wire | undefined): void {
    if (this.#mustEndWith === "protocol-mismatch" && code !== UNSUPPORTED) {
      throw new Foul(`The client leaves a server that grants other audio with ${code}.`);
    }
    if (code === 4408 && reason === "heartbeat timeout" && wire !== undefined && !wire.troubled) {
      throw new Foul("The client gave a healthy connection up.");
    }
    if (reason === "rollover") this.#notBefore = this.#now + (this.#view.askedMs ?? 0);
    this.#connectionOver();
  }

  sent(connection: ConnectionId, data: string | Uint8Array<ArrayBuffer>): void {
    if (connection !== this.#connection) throw new Foul("The client sends on a connection it has left.");
    if (typeof data === "string") this.#sentText(data);
    else this.#sentFrame(data);
  }

  /** What will be no better on another connection ends the session at once, with a reason that names it. */
  #checkEnd(session: Session, input: SessionInput, error: AudioStreamError | undefined): void {
    const due = this.#mustEndWith;
    this.#mustEndWith = undefined;
    if (due !== undefined && error?.code !== due && error?.code !== "internal-error") {
      throw new Foul(`The session is to end with ${due}, and has ${error?.code ?? "not ended"}.`);
    }
    if (error?.code === "message-too-large") {
      const { maxMessageBytes } = error.details as { maxMessageBytes: number };
      if (maxMessageBytes !== this.#maxMessageBytes) {
        throw new Foul(`The limit is ${this.#maxMessageBytes} bytes, and ${maxMessageBytes} is named.`);
      }
    }
    const hasNoRoom = this.#view.answered && this.#view.maxMessageBytes < SMALLEST_FRAME_BYTES;
    if (hasNoRoom && input.type === "frame" && !session.done) {
      throw new Foul("The client goes on with a server whose messages take no sample.");
    }
  }

  /** An attempt must make progress: only the parts of the answer count, whatever else is heard during it. */
  #checkAttempt(session: Session, input: SessionInput): void {
    const view = this.#view;
    if (this.#connection === 0 || view.answered || view.left || session.done) return;
    // Time in which nobody could act does not count, and how much of it that was the client cannot know exactly.
    if (this.#returnedAt >= view.since) return;
    const deadline = Math.max(view.progressAt + this.#options.connectTimeoutMs, view.chanceUntil) + ROUNDING_MS;
    if (input.type === "time" && this.#now > deadline) {
      if (view.chanceUntil > 0) {
        throw new Foul(`The server has not answered for ${this.#now - view.since} ms, and the client still waits.`);
      }
      // A timer that comes late says that nobody could act for a while, which is a reason to wait once more.
      view.chanceUntil = this.#now + CHANCE_MS;
    }
    if ((session.wakeAt ?? Number.POSITIVE_INFINITY) > Math.max(deadline, this.#now + CHANCE_MS + ROUNDING_MS)) {
      throw new Foul("The client waits for an answer beyond its time.");
    }
  }

  /** What may come back says when; what may not is over at once. */
  #closed(code: number): void {
    const { askedMs } = this.#view;
    const bySomebody = code !== 1005 && code !== 1006;
    if (askedMs !== undefined && bySomebody) this.#notBefore = this.#now + askedMs;
    const temporary = askedMs !== undefined || !FINAL_CODES.has(code);
    const { renewableToken, retry } = this.#options;
    if (code === UNAUTHORIZED && renewableToken) return;
    if (!temporary) this.#mustBeDone = true;
    else if (retry?.maxElapsedMs === Number.POSITIVE_INFINITY) this.#mustBeDone = false;
  }

  #connectionOver(): void {
    const { answered, answeredAt, awayBefore, progressed, inFlightSamples } = this.#view;
    const livedMs = this.#now - answeredAt - (this.#awayMs - awayBefore);
    if (answered && (progressed || (inFlightSamples === 0 && livedMs >= STABLE_MS))) {
      this.#outageSince = this.#now;
      this.#awayMs = 0;
    }
    this.#lie = undefined;
    this.#view.left = true;
    this.#view.answered = false;
  }

  #received(json: string): void {
    const { t, seq, data } = glimpse(json);
    const view = this.#view;
    if (seq !== undefined) view.highestSeq = Math.max(view.highestSeq, seq);
    this.#highestSeq = Math.max(this.#highestSeq, view.highestSeq);
    const isProgress = seq !== undefined || t === "session.snapshot" || (t === "server.welcome" && !view.welcomed);
    if (isProgress) view.progressAt = this.#now;
    switch (t) {
      case "server.welcome":
        this.#token = data.resume_window.token;
        view.welcomed = true;
        view.window = data.audio.window;
        view.maxInFlight = Math.min(64, data.limits.max_in_flight);
        view.maxMessageBytes = data.limits.max_msg_bytes;
        this.#maxMessageBytes = data.limits.max_msg_bytes;
        this.#checkGrant(data.audio);
        return;
      case "session.new":
        this.epochs.add(data.epoch);
        view.highestSeq = seq ?? 0;
        view.acknowledgedSeq = view.highestSeq;
        this.#highestSeq = view.highestSeq;
        if (data.audio.position > this.#capturedTo) this.#lie = `a session starts at ${data.audio.position}`;
        else this.#acknowledged = data.audio.position;
        this.#answered(data.audio);
        return;
      case "session.ack":
        if (data.audio.position > this.#sentTo) this.#lie = `${data.audio.position} is in of ${this.#sentTo} sent`;
        this.#acknowledged = Math.min(this.#acknowledged, data.audio.position);
        this.#answered(data.audio);
        return;
      case "audio.resync":
        if (data.position > view.wireTo) this.#lie = `${data.position} is wanted of ${view.wireTo} sent`;
        view.wireTo = data.position;
        view.ended = false;
        this.#settle(data.position);
        view.inFlight.length = 0;
        view.inFlightSamples = 0;
        return;
      case "audio.ack":
        if (!view.answered) this.#lie = `${data.position} is kept by a server that has not answered`;
        else if (data.position > view.wireTo) this.#lie = `${data.position} is kept of ${view.wireTo} sent`;
        else {
          if (data.position > this.#acknowledged) view.progressed = true;
          this.#acknowledged = Math.max(this.#acknowledged, data.position);
        }
        this.#settle(data.position);
        return;
      case "session.end":
        this.#acknowledged = Math.max(this.#acknowledged, data.position);
        return;
      case "server.error":
        view.askedMs = data.retry_after_ms ?? view.askedMs;
        if (data.code === "in_use" && data.retry_after_ms !== undefined) this.waitedForAnother = true;
        return;
      case "server.goaway":
        view.askedMs = data.retry_after_ms;
        return;
    }
  }

  #answered({ position, pace }: { position: number; pace: number }): void {
    const view = this.#view;
    view.answered = true;
    view.answeredAt = this.#now;
    view.awayBefore = this.#awayMs;
    view.wireTo = position;
    this.#sentTo = position;
    view.pace = pace;
    view.credit = this.#burst;
    view.creditAt = this.#now;
  }

  #checkGrant(audio: { encoding: string; sample_rate: number; channels: number }): void {
    const { encoding, sampleRate, channels } = this.#options.format;
    if (audio.encoding !== encoding || audio.sample_rate !== sampleRate || audio.channels !== channels) {
      this.#lie = `${audio.channels} channels of ${audio.encoding} at ${audio.sample_rate} Hz are what it sends`;
      this.#mustEndWith = "protocol-mismatch";
    }
  }

  #settle(position: number): void {
    const { inFlight } = this.#view;
    while (inFlight[0] !== undefined && inFlight[0].to <= position) {
      this.#view.inFlightSamples -= inFlight.shift()?.samples ?? 0;
    }
  }

  #sentText(json: string): void {
    const { t, data } = glimpse(json);
    const view = this.#view;
    if (json.length > view.maxMessageBytes) {
      throw new Foul(`${t} has ${json.length} bytes, and the server takes ${view.maxMessageBytes}.`);
    }
    switch (t) {
      case "client.hello":
      case "session.resume":
        if (data.attempt <= this.#attempts) throw new Foul(`Attempt ${data.attempt} follows ${this.#attempts}.`);
        this.#attempts = data.attempt;
        if (t === "session.resume" && data.resume_token !== this.#token) {
          throw new Foul(`The client resumes with ${data.resume_token}, and was given ${this.#token}.`);
        }
        view.acknowledgedSeq = data.last_seq ?? 0;
        view.highestSeq = view.acknowledgedSeq;
        return;
      case "client.ack":
        if (data.ack_seq <= view.acknowledgedSeq || data.ack_seq > this.#highestSeq) {
          throw new Foul(`Acknowledged ${data.ack_seq} of ${this.#highestSeq}, after ${view.acknowledgedSeq}.`);
        }
        view.acknowledgedSeq = data.ack_seq;
        return;
      case "client.end":
        if (!view.answered || data.position !== view.wireTo) {
          throw new Foul(`client.end says ${data.position}, and ${view.wireTo} was sent.`);
        }
        view.ended = true;
        return;
      default:
        if (!view.welcomed) throw new Foul(`${t} before the welcome.`);
    }
  }

  #sentFrame(bytes: Uint8Array<ArrayBuffer>): void {
    const view = this.#view;
    const { from, to, gap } = glimpseFrame(bytes);
    if (!view.answered) throw new Foul("Audio before the server has said where it stands.");
    if (view.ended) throw new Foul("Audio after client.end.");
    if (bytes.byteLength > view.maxMessageBytes) {
      throw new Foul(`A frame has ${bytes.byteLength} bytes, and the server takes ${view.maxMessageBytes}.`);
    }
    if (from > view.wireTo && !gap) throw new Foul(`A hole from ${view.wireTo} to ${from} that nobody declares.`);
    if (to <= view.wireTo) throw new Foul(`Audio before ${to} is on the wire already.`);
    if (this.#bufferedBytes > 0 && this.#bufferedBytes + bytes.byteLength > HIGH_WATER_BYTES) {
      throw new Foul(`${this.#bufferedBytes} bytes wait in the socket, and the client adds ${bytes.byteLength}.`);
    }
    this.#bufferedBytes += bytes.byteLength;
    this.#spend(to - from);
    // The server takes only what it lacks of a frame.
    const samples = to - Math.max(from, view.wireTo);
    if (view.inFlightSamples > 0 && view.inFlightSamples + samples > view.window) {
      throw new Foul(`${view.inFlightSamples} samples are in flight, and the window is ${view.window}.`);
    }
    view.inFlight.push({ to, samples });
    view.inFlightSamples += samples;
    view.wireTo = to;
    this.#sentTo = Math.max(this.#sentTo, to);
  }

  #spend(samples: number): void {
    const view = this.#view;
    const earned = ((this.#now - view.creditAt) / 1_000) * this.#options.format.sampleRate * view.pace;
    view.credit = Math.min(this.#burst, view.credit + earned);
    view.creditAt = this.#now;
    if (view.credit < -1) throw new Foul(`Audio is sent faster than ${view.pace} times real time.`);
    view.credit -= samples;
  }

  /** Acknowledged audio that may be kept: the grace tail, and the frame it ends in. */
  get #graceSamples(): number {
    return (GRACE_MS / 1_000) * this.#options.format.sampleRate + this.#frameSamples;
  }

  get #burst(): number {
    return (BURST_MS / 1_000) * this.#options.format.sampleRate;
  }
}
