import { type AudioRange, RangeSet } from "../../internal/range-set.js";
import type { WireAudioFrame } from "../../protocol/audio-frame.js";
import type { Bytes } from "../../protocol/bytes.js";
import { decodeEntry, type JournalEntry } from "./journal-entry.js";
import { type JournalState, partsBetween } from "./journal-state.js";
import { readSegment } from "./segment.js";

/** A segment's file as it was found. */
export interface StoredSegment {
  readonly number: number;
  readonly bytes: Bytes;
}

/** What an earlier page has left. */
export interface JournalContent {
  readonly state: JournalState;
  /** What is not known to be acknowledged or announced as lost, in order. */
  readonly frames: readonly WireAudioFrame[];
  /** Audio that was captured, and is not in the journal though it belongs there. */
  readonly holes: readonly AudioRange[];
  /** Position up to which all of this is known. */
  readonly end: number;
  /** When something was written last, in milliseconds since 1970. */
  readonly at: number;
  /** The highest numbers in use. */
  readonly last: { readonly segment: number; readonly record: number };
}

export type ReadJournal =
  | { readonly kind: "content"; readonly content: JournalContent }
  /** Nothing in it says what it belongs to. */
  | { readonly kind: "nothing" }
  | { readonly kind: "other-version"; readonly version: number };

/** Decrypts the body of a record. Rejects if it is not what was encrypted with the same key and number. */
export type OpenBody = (body: Bytes, record: number) => Promise<Bytes>;

/** Reads what can be read. A crash may have torn any file, and kept a later one though it lost an earlier one. */
export async function readJournal(segments: readonly StoredSegment[], open: OpenBody): Promise<ReadJournal> {
  const reading = new Reading();
  for (const { number, bytes } of [...segments].sort((a, b) => a.number - b.number)) {
    reading.last = { ...reading.last, segment: Math.max(reading.last.segment, number) };
    const read = readSegment(bytes);
    if (read.kind === "other-version") return read;
    if (read.kind === "torn") continue;
    for (const { number: record, body } of read.records) {
      const entry = await open(body, record)
        .then((plain) => decodeEntry(plain, reading.state))
        .catch(() => undefined);
      if (entry !== undefined) reading.add(record, entry);
    }
  }
  const content = reading.content();
  return content === undefined ? { kind: "nothing" } : { kind: "content", content };
}

class Reading {
  state: JournalState | undefined;
  last: JournalContent["last"] = { segment: 0, record: 0 };
  readonly #frames: WireAudioFrame[] = [];
  /** What nothing was captured in. */
  readonly #gaps: AudioRange[] = [];
  #next: number | undefined;
  #end = 0;
  #at = 0;

  add(record: number, { at, state, frames }: JournalEntry): void {
    // A record that was read before, or one from before those, has nothing new.
    if (this.#next !== undefined && record < this.#next) return;
    const follows = record === this.#next;
    this.#next = record + 1;
    this.last = { ...this.last, record };
    this.#at = Math.max(this.#at, at);
    for (const [index, frame] of frames.entries()) {
      if (frame.position < this.#end) continue;
      // Between frames that were written one after the other, nothing was captured, unless the state says that it was lost.
      if (frame.position > this.#end && (follows || index > 0))
        this.#gaps.push({ from: this.#end, to: frame.position });
      this.#frames.push(frame);
      this.#end = frame.position + frame.sampleCount;
    }
    this.state = state ?? this.state;
  }

  content(): JournalContent | undefined {
    const { state, last } = this;
    if (state === undefined) return undefined;
    const { settled } = state;
    const end = Math.max(this.#end, state.captured, settled);
    const frames = this.#frames.filter(({ position, sampleCount }) => position + sampleCount > settled);
    const known = new RangeSet(Number.POSITIVE_INFINITY);
    const present = frames.map(({ position, sampleCount }) => ({ from: position, to: position + sampleCount }));
    const all = [...present, ...this.#gaps, ...state.absent].sort((a, b) => a.from - b.from);
    for (const range of partsBetween(all, settled, end)) known.add(range);
    return { state, frames, holes: known.add({ from: settled, to: end }), end, at: this.#at, last };
  }
}
