import { snapshot } from "./answers.js";
import type { Attachment } from "./attachment.js";
import type { StoredSession } from "./claim.js";
import { Outbox } from "./outbox.js";
import type { SessionKey, Turn } from "./protocol-io.js";
import { outboxLimits, type ServerTerms } from "./server-terms.js";
import { TranscriptMemory } from "./transcript-memory.js";

export interface SessionEventsOptions {
  readonly terms: ServerTerms;
  readonly key: SessionKey;
  readonly turn: Turn;
  /** What another node has left of the session. */
  readonly taken?: StoredSession | undefined;
}

/** What a session has to say to its client: numbered, sent as far as the client allows, and repeated when it comes back. */
export class SessionEvents {
  readonly #terms: ServerTerms;
  readonly #key: SessionKey;
  readonly #turn: Turn;
  readonly #outbox: Outbox;
  readonly #transcripts: TranscriptMemory;

  constructor({ terms, key, turn, taken }: SessionEventsOptions) {
    this.#terms = terms;
    this.#key = key;
    this.#turn = turn;
    this.#transcripts = new TranscriptMemory(terms.snapshotFinals, terms.maxMessageBytes, taken?.messages);
    this.#outbox = new Outbox({ ...outboxLimits(terms), taken: taken && { ...taken, now: turn.now } });
  }

  get lastSeq(): number {
    return this.#outbox.seq;
  }

  /** Everything has been sent on this connection. */
  get flushed(): boolean {
    return this.#outbox.flushed;
  }

  emit(t: string, data: unknown): void {
    const text = JSON.stringify(data);
    this.#transcripts.note(t, data, text);
    this.#outbox.push(t, data, this.#turn.now, text);
  }

  /** @param maxInFlight what the client takes ahead of its acknowledgement. */
  limit(maxInFlight: number): void {
    this.#outbox.window = Math.min(this.#terms.maxInFlight, maxInFlight);
  }

  /** A connection begins. */
  attached(maxInFlight: number): void {
    this.#outbox.expire(this.#turn.now);
    this.limit(maxInFlight);
  }

  /** The client knows nothing of this lineage yet. */
  restart(): void {
    this.#outbox.restart();
  }

  /** Sends what a client that comes back has missed. */
  resume(attachment: Attachment, lastSeq: number): void {
    const gap = this.#outbox.rewind(lastSeq);
    attachment.send("session.snapshot", snapshot(this.#key, this.#outbox.seq, gap, this.#transcripts));
    for (const message of this.#outbox.replay(this.#key.sessionId)) attachment.put(message);
  }

  acknowledge(attachment: Attachment, seq: number): void {
    if (this.#outbox.acknowledge(seq)) return;
    attachment.send("server.error", { code: "invalid_ack", detail: `${seq} was never sent.` });
  }

  /** Sends what may be sent now. */
  pump(attachment: Attachment): void {
    for (const message of this.#outbox.pump(this.#key.sessionId)) attachment.put(message);
  }
}
