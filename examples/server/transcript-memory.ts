/** Unfinished segments that a snapshot repeats; an engine that never finishes them must not make it grow. */
const MAX_PARTIALS = 100;

interface Transcript {
  readonly segment_id: string;
}

/** What a snapshot tells a client whose history is gone: the last finals, and what is being said. */
export class TranscriptMemory {
  readonly #maxFinals: number;
  readonly #finals: Transcript[] = [];
  readonly #partials = new Map<string, Transcript>();

  constructor(maxFinals: number) {
    this.#maxFinals = maxFinals;
  }

  get finals(): readonly unknown[] {
    return this.#finals;
  }

  get partials(): readonly unknown[] {
    return [...this.#partials.values()];
  }

  /** Takes a message that goes to the client; one that is no transcript changes nothing. */
  note(t: string, data: unknown): void {
    if (t !== "asr.partial" && t !== "asr.final") return;
    const transcript = data as Transcript;
    if (t === "asr.partial") {
      this.#partials.set(transcript.segment_id, transcript);
      const [oldest] = this.#partials.keys();
      if (this.#partials.size > MAX_PARTIALS && oldest !== undefined) this.#partials.delete(oldest);
    } else {
      this.#partials.delete(transcript.segment_id);
      this.#finals.push(transcript);
      if (this.#finals.length > this.#maxFinals) this.#finals.shift();
    }
  }
}
