import { encodeServerMessage } from "loquilex/protocol";

interface Numbered {
  readonly seq: number;
  readonly t: string;
  readonly data: unknown;
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

  constructor(options: { readonly maxEvents: number; readonly window: number }) {
    this.#maxEvents = options.maxEvents;
    this.#window = options.window;
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

  push(t: string, data: unknown): void {
    this.#seq += 1;
    this.#messages.push({ seq: this.#seq, t, data });
    if (this.#messages.length <= this.#maxEvents) return;
    const { seq } = this.#messages.shift() ?? { seq: 0 };
    this.#lostSeq = seq;
    if (seq <= this.#sentSeq) return;
    this.#unsent = { from_seq: this.#unsent?.from_seq ?? seq, to_seq: seq };
    this.#sentSeq = seq;
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
  pump(sid: string): string[] {
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
    return batch.map(({ t, data, seq }) => encodeServerMessage(t, data, { sid, seq }));
  }
}
