import type { Session } from "../../src/session/session.js";
import type { ConnectionId, SessionInput } from "../../src/session/session-io.js";
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

/** What one connection has seen, from the client's side. */
class ClientView {
  left = false;
  welcomed = false;
  answered = false;
  ended = false;
  wireTo = 0;
  window = Number.POSITIVE_INFINITY;
  maxInFlight = Number.POSITIVE_INFINITY;
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
  /** The server has claimed what cannot be true, and the connection is still there. */
  #lie: string | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get answered(): boolean {
    return this.#view.answered;
  }

  before(input: SessionInput, now: number, bufferedBytes: number): void {
    this.#now = now;
    this.#bufferedBytes = bufferedBytes;
    if (input.type === "lost" && input.connection === this.#connection) this.#connectionOver();
    if (input.type !== "message" || input.connection !== this.#connection || this.#view.left) return;
    if (typeof input.data === "string" && input.data.startsWith('{"v":1,"t":')) this.#received(input.data);
  }

  after(session: Session, input: SessionInput): void {
    if (this.#lie !== undefined) throw new Foul(`The client believes that ${this.#lie}.`);
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
    if (bufferedSamples > (maxDurationMs / 1_000) * this.#options.format.sampleRate + 1) {
      throw new Foul(`The client holds ${bufferedSamples} samples, over ${maxDurationMs} ms.`);
    }
  }

  connecting(previous: Wire | undefined): void {
    if (previous?.clientOpen) throw new Foul("The client has two connections at once.");
    this.#view = new ClientView();
    this.#connection += 1;
  }

  disconnected(code: number, reason: string, wire: Wire | undefined): void {
    if (code === 4408 && reason === "heartbeat timeout" && wire !== undefined && !wire.troubled) {
      throw new Foul("The client gave a healthy connection up.");
    }
    this.#connectionOver();
  }

  sent(connection: ConnectionId, data: string | Uint8Array<ArrayBuffer>): void {
    if (connection !== this.#connection) throw new Foul("The client sends on a connection it has left.");
    if (typeof data === "string") this.#sentText(data);
    else this.#sentFrame(data);
  }

  #connectionOver(): void {
    this.#lie = undefined;
    this.#view.left = true;
    this.#view.answered = false;
  }

  #received(json: string): void {
    const { t, seq, data } = glimpse(json);
    const view = this.#view;
    if (seq !== undefined) view.highestSeq = Math.max(view.highestSeq, seq);
    switch (t) {
      case "server.welcome":
        this.#token = data.resume_window.token;
        view.welcomed = true;
        view.window = data.audio.window;
        view.maxInFlight = Math.min(64, data.limits.max_in_flight);
        return;
      case "session.new":
        view.highestSeq = seq ?? 0;
        view.acknowledgedSeq = view.highestSeq;
        this.#answered(data.audio);
        return;
      case "session.ack":
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
        if (view.answered && data.position > view.wireTo) this.#lie = `${data.position} is kept of ${view.wireTo} sent`;
        this.#settle(data.position);
        return;
    }
  }

  #answered({ position, pace }: { position: number; pace: number }): void {
    const view = this.#view;
    view.answered = true;
    view.wireTo = position;
    view.pace = pace;
    view.credit = this.#burst;
    view.creditAt = this.#now;
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
        if (data.ack_seq <= view.acknowledgedSeq || data.ack_seq > view.highestSeq) {
          throw new Foul(`Acknowledged ${data.ack_seq} of ${view.highestSeq}, after ${view.acknowledgedSeq}.`);
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
