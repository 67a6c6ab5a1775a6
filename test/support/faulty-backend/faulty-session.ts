import { randomBytes } from "node:crypto";
import {
  type ClientData,
  CloseCode,
  decodeAudioFrame,
  encodeServerMessage,
  parseClientMessage,
  ShapeError,
} from "loquilex/protocol";
import { systemClock } from "loquilex/resources";
import type { Fault } from "./faults.js";

type Opening = ClientData["client.hello"] & Partial<ClientData["session.resume"]>;

/** What one connection is to a session. */
export interface Line {
  say(text: string): void;
  close(code: number, reason: string): void;
}

interface Numbered {
  readonly seq: number;
  readonly text: string;
}

export const HEARTBEAT_MS = 1_000;
export const TIMEOUT_MS = 3_000;
export const RESUME_MS = 2_000;
const WINDOW = 160_000;
const MAX_IN_FLIGHT = 1_000;
export const MAX_MESSAGE_BYTES = 65_536;
/** Sound after which there is another caption. */
const CAPTION_SAMPLES = 1_600;
/** Captions that are kept for a client which does not acknowledge them. */
const KEPT_CAPTIONS = 12;

export interface FaultySessionOptions {
  readonly fault: Fault | undefined;
  readonly opening: Opening;
  /** Writes audio down, and resolves when it is kept. */
  write(): Promise<void>;
}

/** A session of a small backend that keeps the contract, but for the one fault that it may have. */
export class FaultySession {
  readonly clientId: string;
  readonly epoch = 1 + Math.floor(Math.random() * 1_000_000);
  readonly #options: FaultySessionOptions;
  readonly #began = systemClock.now();
  #secrets: string[] = [];
  confirmed = false;
  line: Line | undefined;
  attempt = 0;
  #generation = 0;
  #detachedAt = 0;
  #lastHeard = 0;
  #lastSaid = 0;
  #hasBeaten = false;
  #expected: number;
  #kept: number;
  #asked = false;
  #ending = false;
  #writing = false;
  #captioned: number;
  #seq = 0;
  #sentSeq = 0;
  #acknowledged = 0;
  #inFlight = MAX_IN_FLIGHT;
  #unacknowledged: number[] = [];
  #numbered: Numbered[] = [];

  constructor(options: FaultySessionOptions) {
    this.#options = options;
    const { client_id, audio } = options.opening;
    this.clientId = client_id;
    this.#expected = audio.first;
    this.#kept = audio.first;
    this.#captioned = audio.first;
  }

  has(fault: Fault): boolean {
    return this.#options.fault === fault;
  }

  isGoodSecret = (secret: string | undefined): boolean => secret !== undefined && this.#secrets.includes(secret);

  get lastSeq(): number {
    return this.#seq;
  }

  /** When the session is free for others; `undefined` while its client is heard. */
  freeInMs(now: number): number | undefined {
    if (this.line === undefined) return Math.max(0, this.#expiresAt - now);
    const silentMs = now - this.#lastHeard;
    return silentMs > HEARTBEAT_MS ? Math.max(0, TIMEOUT_MS - silentMs) + RESUME_MS : undefined;
  }

  get #expiresAt(): number {
    return (this.has("window-from-start") ? this.#began : this.#detachedAt) + RESUME_MS;
  }

  hasExpired(now: number): boolean {
    return this.line === undefined && now >= this.#expiresAt;
  }

  /** Forgets what a refused client should never have touched. */
  spoil(): void {
    this.#seq = 0;
    this.#sentSeq = 0;
    this.#numbered = [];
  }

  attach(line: Line, opening: Opening, knows: boolean): void {
    this.line?.close(CloseCode.replaced, "replaced by a newer connection");
    this.line = line;
    this.attempt = opening.attempt;
    this.#generation += 1;
    this.#asked = false;
    this.#lastHeard = systemClock.now();
    this.#hasBeaten = false;
    this.#inFlight = Math.min(MAX_IN_FLIGHT, opening.max_in_flight);
    this.#unacknowledged = [];
    if (knows) this.#secrets.splice(0, this.#secrets.indexOf(opening.resume_token ?? ""));
    const token = randomBytes(16).toString("hex");
    this.#secrets.push(token);
    const { encoding, sample_rate, channels } = opening.audio;
    this.#say("server.welcome", {
      hb: { interval_ms: HEARTBEAT_MS, timeout_ms: TIMEOUT_MS },
      resume_window: { seconds: RESUME_MS / 1_000, token },
      limits: { max_in_flight: MAX_IN_FLIGHT, max_msg_bytes: MAX_MESSAGE_BYTES },
      generation: this.#generation,
      audio: { encoding, sample_rate, channels, window: WINDOW },
    });
    const audio = { position: this.#expected, pace: 4 };
    const names = { session_id: opening.session_id, epoch: this.epoch };
    if (knows) this.#replay(opening.last_seq ?? 0, names);
    if (knows) this.#say("session.ack", { ...names, status: "resumed", audio });
    else {
      const reason = opening.last_seq === undefined ? "created" : "unknown_session";
      this.#say("session.new", { ...names, reason, audio });
      this.#sentSeq = 0;
    }
    this.#say("audio.ack", { position: this.#kept });
    this.#pump();
  }

  #replay(lastSeq: number, names: { readonly session_id: string; readonly epoch: number }): void {
    const gone = Math.max(this.#acknowledged, (this.#numbered[0]?.seq ?? this.#seq + 1) - 1);
    const isHonest = lastSeq < gone && !this.has("silent-loss");
    this.#acknowledged = Math.max(this.#acknowledged, lastSeq);
    const replayed = this.#numbered.filter(({ seq }) => seq > lastSeq);
    // What is said to everybody reaches the newcomer before what was missed.
    if (this.has("live-before-replay")) this.#caption();
    const snapshot = {
      ...names,
      current_seq: this.#seq,
      ...(isHonest ? { gap: { from_seq: lastSeq + 1, to_seq: gone } } : {}),
      finalized_transcript: [],
      active_partials: [],
    };
    if (this.has("live-before-replay")) this.line?.say(this.#numbered.at(-1)?.text ?? "");
    this.#say("session.snapshot", snapshot);
    for (const { seq, text } of replayed) {
      this.line?.say(text);
      this.#unacknowledged.push(seq);
    }
    this.#sentSeq = this.#seq;
  }

  detach(): void {
    this.line = undefined;
    this.#detachedAt = systemClock.now();
  }

  /** Everything that is due without a message. */
  beat(now: number): void {
    if (this.line === undefined) return;
    const isForgiven = this.has("one-timeout") && !this.#hasBeaten;
    if (now - this.#lastHeard >= TIMEOUT_MS && !isForgiven) this.#end(CloseCode.timeout, "heartbeat timeout");
    else if (now - this.#lastSaid >= HEARTBEAT_MS) this.#say("server.hb", {});
  }

  #end(code: number, reason: string): void {
    const { line } = this;
    this.detach();
    line?.close(code, reason);
  }

  /** @throws ShapeError for what breaks the contract. */
  take(data: string | Uint8Array<ArrayBuffer>): void {
    this.#lastHeard = systemClock.now();
    this.confirmed = true;
    this.#secrets.splice(0, this.#secrets.length - 1);
    if (typeof data !== "string") this.#takeFrame(data);
    else {
      const message = parseClientMessage(data);
      if (message.t === "client.hb") {
        this.#hasBeaten = true;
        this.#say("server.hb", {}, message.id);
      } else if (message.t === "client.ack") this.#acknowledge(message.data.ack_seq);
      else if (message.t === "client.flow") this.#inFlight = Math.min(MAX_IN_FLIGHT, message.data.max_in_flight);
      else if (message.t === "client.end") this.#takeEnd(message.data.position);
      else throw new ShapeError(`${message.t} must be the first message.`);
    }
    this.#pump();
  }

  #takeFrame(bytes: Uint8Array<ArrayBuffer>): void {
    const { position, sampleCount, flags } = decodeAudioFrame(bytes, this.#options.opening.audio);
    const end = position + sampleCount;
    if (end <= this.#expected) {
      if (this.#ending) throw new ShapeError("No audio may follow client.end.");
      return;
    }
    if (this.#ending) throw new ShapeError("No audio may follow client.end.");
    if (position > this.#expected && (flags & 1) === 0) {
      if (!this.#asked) this.#say("audio.resync", { position: this.#expected });
      this.#asked = true;
      return;
    }
    this.#expected = end;
    void this.#write();
  }

  async #write(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    try {
      while (this.#kept < this.#expected) {
        const position = this.#expected;
        await this.#options.write();
        this.#kept = position;
        for (let count = 0; this.#captioned + CAPTION_SAMPLES <= position && count < 100; count += 1) this.#caption();
        this.#captioned = Math.max(this.#captioned, position - CAPTION_SAMPLES);
        this.#say("audio.ack", { position });
        this.#pump();
      }
      this.#finish();
    } catch {
      this.#end(CloseCode.internalError, "The audio cannot be written.");
    } finally {
      this.#writing = false;
    }
  }

  #takeEnd(position: number): void {
    if (position < this.#expected) throw new ShapeError("client.end must not lie before audio already sent.");
    if (position > this.#expected) this.#say("audio.resync", { position: this.#expected });
    else this.#ending = true;
    this.#finish();
  }

  #finish(): void {
    if (this.#ending && this.#kept === this.#expected)
      this.#say("session.end", { position: this.#kept, reason: "ended" });
  }

  #caption(): void {
    const audio = { from: this.#captioned, to: this.#captioned + CAPTION_SAMPLES };
    this.#captioned = audio.to;
    this.#seq += 1;
    const data = { text: "…", segment_id: `${this.epoch}-${this.#seq}`, final: true, audio };
    this.#numbered.push({ seq: this.#seq, text: encodeServerMessage("asr.final", data, { seq: this.#seq }) });
    if (this.#numbered.length > KEPT_CAPTIONS) this.#numbered.shift();
    if (!this.has("live-before-replay")) this.#pump();
  }

  #acknowledge(seq: number): void {
    if (seq > this.#sentSeq) throw new ShapeError("client.ack must not lie beyond what was sent.");
    this.#acknowledged = Math.max(this.#acknowledged, seq);
    this.#numbered = this.#numbered.filter((kept) => kept.seq > seq);
    this.#unacknowledged = this.#unacknowledged.filter((sent) => sent > seq);
  }

  /** Sends captions as far as the client lets them be in flight. */
  #pump(): void {
    if (this.line === undefined) return;
    for (const { seq, text } of this.#numbered) {
      if (seq <= this.#sentSeq) continue;
      if (this.#unacknowledged.length >= this.#inFlight) return;
      if (seq > this.#sentSeq + 1) this.#announce(this.#sentSeq + 1, seq - 1);
      this.line.say(text);
      this.#sentSeq = seq;
      this.#unacknowledged.push(seq);
    }
  }

  #announce(from_seq: number, to_seq: number): void {
    this.line?.say(encodeServerMessage("queue.drop", { queue: "events", from_seq, to_seq }));
  }

  #say(t: string, data: unknown, corr?: string): void {
    this.#lastSaid = systemClock.now();
    const isNumbered = this.has("numbered-control") && t === "server.hb";
    if (isNumbered) this.#seq += 1;
    if (isNumbered) this.#sentSeq = this.#seq;
    this.line?.say(encodeServerMessage(t, data, { corr, ...(isNumbered ? { seq: this.#seq } : {}) }));
  }
}
