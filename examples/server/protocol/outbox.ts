import { encodeServerMessage, type ServerEnvelopeFields } from "loquilex/protocol";
import type { StoredMessage } from "./claim.js";

interface Numbered {
  readonly seq: number;
  readonly t: string;
  /** The data as JSON, made once: it is measured, sent, and sent again. */
  readonly text: string | undefined;
  readonly bytes: number;
  readonly at: number;
}

export interface OutboxOptions {
  /** Messages kept, 1 or more. */
  readonly maxEvents: number;
  /** Bytes of their data. One message that is larger is kept alone. @defaultValue no limit */
  readonly maxBytes?: number | undefined;
  /** How long a message is kept, in milliseconds. @defaultValue no limit */
  readonly maxAgeMs?: number | undefined;
  /** Messages sent ahead of the client's acknowledgement. */
  readonly window: number;
  /** What another node has said: its last number, and the newest messages, kept from `now` on. @defaultValue nothing */
  readonly taken?:
    | { readonly seq: number; readonly messages: readonly StoredMessage[]; readonly now: number }
    | undefined;
}

export interface Gap {
  readonly from_seq: number;
  readonly to_seq: number;
}

/**
 * The numbered messages of one session, kept until the client acknowledges them, and sent no further ahead of its
 * acknowledgement than the window allows.
 */
export class Outbox {
  readonly #maxEvents: number;
  readonly #maxBytes: number;
  readonly #maxAgeMs: number;
  #messages: Numbered[] = [];
  #seq = 0;
  #sentSeq = 0;
  #acknowledgedSeq = 0;
  /** Numbers on the wire that the client has not acknowledged, those included that had to go since. */
  #inFlight: number[] = [];
  /** Highest number that had to go before the client acknowledged it. */
  #lostSeq = 0;
  /** Numbers that had to go before they were ever sent on this connection, not yet announced. */
  #unsent: Gap | undefined;
  #window: number;

  constructor(options: OutboxOptions) {
    this.#maxEvents = options.maxEvents;
    this.#maxBytes = options.maxBytes ?? Number.POSITIVE_INFINITY;
    this.#maxAgeMs = options.maxAgeMs ?? Number.POSITIVE_INFINITY;
    this.#window = options.window;
    const { taken } = options;
    if (taken === undefined) return;
    this.#messages = taken.messages.map(({ seq, t, data }) => numbered(seq, t, JSON.stringify(data), taken.now));
    this.#seq = taken.seq;
    this.#lostSeq = (taken.messages[0]?.seq ?? taken.seq + 1) - 1;
  }

  get seq(): number {
    return this.#seq;
  }

  /** Everything has been sent on this connection. */
  get flushed(): boolean {
    return this.#sentSeq === this.#seq;
  }

  get length(): number {
    return this.#messages.length;
  }

  set window(messages: number) {
    this.#window = messages;
  }

  /** @param text the data as JSON. */
  push(t: string, data: unknown, now: number, text: string | undefined = JSON.stringify(data)): void {
    this.#seq += 1;
    this.#messages.push(numbered(this.#seq, t, text, now));
    this.expire(now);
    let kept = this.#messages.reduce((sum, message) => sum + message.bytes, 0);
    while (kept > this.#maxBytes && this.#messages.length > 1) kept -= this.#drop();
    if (this.#messages.length <= this.#maxEvents) return;
    this.#drop();
  }

  /** Lets what is too old go. */
  expire(now: number): void {
    while (this.#messages[0] !== undefined && now - this.#messages[0].at > this.#maxAgeMs) this.#drop();
  }

  /** Lets the oldest message go, acknowledged or not. @returns its size. */
  #drop(): number {
    const { seq, bytes } = this.#messages.shift() ?? { seq: 0, bytes: 0 };
    this.#lostSeq = seq;
    if (seq > this.#sentSeq) {
      this.#unsent = { from_seq: this.#unsent?.from_seq ?? seq, to_seq: seq };
      this.#sentSeq = seq;
    }
    return bytes;
  }

  /** @returns whether the client may have acknowledged this: nothing beyond what it was sent. */
  acknowledge(seq: number): boolean {
    if (seq > this.#sentSeq) return false;
    this.#acknowledgedSeq = Math.max(this.#acknowledgedSeq, seq);
    this.#messages = this.#messages.filter((message) => message.seq > this.#acknowledgedSeq);
    this.#inFlight = this.#inFlight.filter((sent) => sent > this.#acknowledgedSeq);
    return true;
  }

  /** The client came back having seen `lastSeq`; returns what it missed and can no longer get. */
  rewind(lastSeq: number): Gap | undefined {
    const gone = Math.max(this.#lostSeq, this.#acknowledgedSeq);
    this.#sentSeq = Math.max(lastSeq, gone);
    this.#acknowledgedSeq = Math.max(this.#acknowledgedSeq, lastSeq);
    this.#messages = this.#messages.filter(({ seq }) => seq > lastSeq);
    this.#inFlight = [];
    this.#unsent = undefined;
    return lastSeq < gone ? { from_seq: lastSeq + 1, to_seq: gone } : undefined;
  }

  /** The client knows nothing of this lineage yet: everything is sent from the start. */
  restart(): void {
    this.#unsent = this.rewind(0);
  }

  /** Everything not yet sent, whatever the window says: the replay that a resume consists of. */
  replay(sid: string): string[] {
    return this.#take(sid, Number.POSITIVE_INFINITY);
  }

  /** What may be sent now. */
  pump(sid: string): readonly string[] {
    if (this.flushed && this.#unsent === undefined) return NOTHING;
    const announcement =
      this.#unsent && encodeServerMessage("queue.drop", { queue: "events", ...this.#unsent }, { sid });
    this.#unsent = undefined;
    const messages = this.flushed ? [] : this.#take(sid, this.#window - this.#inFlight.length);
    return announcement === undefined ? messages : [announcement, ...messages];
  }

  #take(sid: string, count: number): string[] {
    const batch = this.#messages.filter(({ seq }) => seq > this.#sentSeq).slice(0, Math.max(0, count));
    this.#sentSeq = batch.at(-1)?.seq ?? this.#sentSeq;
    for (const { seq } of batch) this.#inFlight.push(seq);
    return batch.map(({ t, text, seq }) => envelop(t, text, { sid, seq }));
  }
}

const NOTHING: readonly string[] = [];
const EMPTY = "null}";

const numbered = (seq: number, t: string, text: string | undefined, at: number): Numbered => ({
  ...{ seq, t, text, at },
  bytes: Buffer.byteLength(text ?? ""),
});

/** As {@link encodeServerMessage}, for data that are JSON already. */
function envelop(t: string, text: string | undefined, more: ServerEnvelopeFields): string {
  if (text === undefined) return encodeServerMessage(t, undefined, more);
  return `${encodeServerMessage(t, null, more).slice(0, -EMPTY.length)}${text}}`;
}
