import type { ServerData } from "loquilex/protocol";
import type { StoredMessage } from "./claim.js";

/** Unfinished segments that a snapshot repeats; an engine that never finishes them must not make it grow. */
const MAX_PARTIALS = 100;
/** What a snapshot has beside its transcripts takes fewer bytes. */
const HEAD_BYTES = 1_024;

interface Transcript {
  readonly segment_id: string;
  readonly replaces?: readonly string[];
}

interface Kept {
  readonly transcript: Transcript;
  /** In a list, as it goes over the wire. */
  readonly bytes: number;
}

type Snapshot = Pick<
  ServerData["session.snapshot"],
  "finalized_transcript" | "active_partials" | "omitted_finals" | "omitted_partials"
>;

/** Keeps what a snapshot holds for a client whose history is gone: the last finals, open partials, and counts of the rest. */
export class TranscriptMemory {
  readonly #maxFinals: number;
  readonly #maxBytes: number;
  /** Oldest first, by segment. */
  readonly #finals = new Map<string, Kept>();
  readonly #partials = new Map<string, Kept>();
  #bytes = 0;
  #omittedFinals = 0;
  #omittedPartials = false;

  /**
   * @param maxSnapshotBytes size of the snapshot that its transcripts have to fit into.
   * @param earlier what was said before, such as by another node.
   */
  constructor(maxFinals: number, maxSnapshotBytes: number, earlier: readonly StoredMessage[] = []) {
    this.#maxFinals = maxFinals;
    this.#maxBytes = maxSnapshotBytes - HEAD_BYTES;
    for (const { t, data } of earlier) this.note(t, data);
  }

  get inSnapshot(): Snapshot {
    const transcripts = (kept: ReadonlyMap<string, Kept>) => Array.from(kept.values(), ({ transcript }) => transcript);
    return {
      finalized_transcript: transcripts(this.#finals),
      active_partials: transcripts(this.#partials),
      omitted_finals: this.#omittedFinals || undefined,
      omitted_partials: this.#omittedPartials || undefined,
    };
  }

  /** Segments that have not had their final caption. */
  get openSegments(): readonly string[] {
    return Array.from(this.#partials.keys());
  }

  /** Takes a message that goes to the client; one about no transcript changes nothing. @param text the data as JSON. */
  note(t: string, data: unknown, text: string = JSON.stringify(data)): void {
    if (t === "asr.void") {
      for (const segmentId of (data as { readonly segment_ids: readonly string[] }).segment_ids)
        this.#forget(segmentId);
    } else if (t === "asr.partial" || t === "asr.final") this.#keep(t, data as Transcript, text);
  }

  #keep(t: "asr.partial" | "asr.final", transcript: Transcript, text: string): void {
    const isFinal = t === "asr.final";
    if (isFinal) for (const segmentId of transcript.replaces ?? []) this.#forget(segmentId);
    this.#forget(transcript.segment_id);
    const bytes = Buffer.byteLength(text) + ",".length;
    if (bytes > this.#maxBytes) {
      this.#omit(isFinal);
      return;
    }
    this.#bytes += bytes;
    (isFinal ? this.#finals : this.#partials).set(transcript.segment_id, { transcript, bytes });
    while (this.#finals.size > this.#maxFinals) this.#dropOldest(true);
    while (this.#partials.size > MAX_PARTIALS) this.#dropOldest(false);
    // What is being said counts more than what was said longest ago.
    while (this.#bytes > this.#maxBytes) this.#dropOldest(this.#finals.size > 0);
  }

  #dropOldest(isFinal: boolean): void {
    const [oldest] = (isFinal ? this.#finals : this.#partials).keys();
    if (oldest !== undefined) this.#forget(oldest);
    this.#omit(isFinal);
  }

  #omit(isFinal: boolean): void {
    if (isFinal) this.#omittedFinals += 1;
    else this.#omittedPartials = true;
  }

  #forget(segmentId: string): void {
    for (const kept of [this.#finals, this.#partials]) {
      this.#bytes -= kept.get(segmentId)?.bytes ?? 0;
      kept.delete(segmentId);
    }
  }
}
