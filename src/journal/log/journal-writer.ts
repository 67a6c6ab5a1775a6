import type { WireAudioFrame } from "../../protocol/audio-frame.js";
import type { Bytes } from "../../protocol/bytes.js";
import { type JournalEntry, storedBytes } from "./journal-entry.js";
import type { JournalState } from "./journal-state.js";
import { recordBytes, segmentHead } from "./segment.js";

/** What is to be done to the files, in order. */
export type JournalOperation =
  /** Adds bytes at the end of a segment, which is made if it is not there. @param sync whether they have to survive a loss of power. */
  | { readonly type: "append"; readonly segment: number; readonly bytes: Bytes; readonly sync: boolean }
  /** What the segment holds has to survive a loss of power from now on. Nothing is added to it any more. */
  | { readonly type: "sync"; readonly segment: number }
  /** @param isLoss whether it holds audio that only the session's own memory has now. */
  | { readonly type: "remove"; readonly segment: number; readonly isLoss: boolean };

export interface JournalWriterOptions {
  /** Size from which on a segment is followed by the next, in bytes. */
  readonly segmentBytes: number;
  /** What all segments may take together, in bytes. */
  readonly maxBytes: number;
  /** The highest numbers in use, which nothing is added to: what is there may be torn. */
  readonly after: { readonly segment: number; readonly record: number };
  /** Position up to which audio is in the files already. */
  readonly writtenTo: number;
}

interface Segment {
  readonly number: number;
  /** Position after its last frame. */
  to: number;
  bytes: number;
  /** Something in it may not survive a loss of power. */
  isUnsynced: boolean;
}

/** What one record is to hold, and its number. */
export interface NumberedEntry extends JournalEntry {
  readonly record: number;
}

/** Decides what of a session is written where, and what can be removed. It touches no file and no clock. */
export class JournalWriter {
  readonly #options: JournalWriterOptions;
  /** Those that are there, the oldest first. The last one is written to. */
  readonly #segments: Segment[] = [];
  #state: JournalState;
  #writtenState: JournalState | undefined;
  /** Frames that are not written. */
  #frames: WireAudioFrame[] = [];
  #frameBytes = 0;
  /** Position after the last frame that was given to a file. */
  #writtenTo: number;
  /** Numbers of the last ones. */
  #segment: number;
  #record: number;
  /** The next record has to begin a segment. */
  #isClosed = true;

  constructor(state: JournalState, options: JournalWriterOptions) {
    this.#options = options;
    this.#state = state;
    this.#segment = options.after.segment;
    this.#record = options.after.record;
    this.#writtenTo = options.writtenTo;
  }

  get state(): JournalState {
    return this.#state;
  }

  /** Bytes of frames that wait. */
  get waitingBytes(): number {
    return this.#frameBytes;
  }

  /** Whether everything that was captured is acknowledged, or was announced as lost. */
  get isSettled(): boolean {
    return this.#frames.length === 0 && this.#writtenTo <= this.#state.settled && this.#state.losses.length === 0;
  }

  /** Whether there is something to write. */
  get hasWork(): boolean {
    return this.#frames.length > 0 || this.#writtenState !== this.#state;
  }

  /** The session has taken a frame. */
  push(frame: WireAudioFrame): void {
    this.#frames.push(frame);
    this.#frameBytes += storedBytes(frame);
  }

  /** The session stands there now. */
  note(state: JournalState): void {
    this.#state = state;
    this.#frames = this.#frames.filter(({ position, sampleCount }) => position + sampleCount > state.settled);
    this.#frameBytes = this.#frames.reduce((sum, frame) => sum + storedBytes(frame), 0);
  }

  /** What waits will not be written. The next record's number shows that something is missing. */
  drop(): void {
    this.#frames = [];
    this.#frameBytes = 0;
    this.#record += 1;
  }

  /** @returns what the next record is to hold, or `undefined` if there is nothing. @param at milliseconds since 1970. */
  take(at: number): NumberedEntry | undefined {
    if (!this.hasWork) return undefined;
    if (this.#isFull()) this.#isClosed = true;
    const state = this.#isClosed || this.#writtenState !== this.#state ? this.#state : undefined;
    this.#writtenState = this.#state;
    this.#frameBytes = 0;
    this.#record += 1;
    return { record: this.#record, at, state, frames: this.#frames.splice(0) };
  }

  /** @returns what brings an entry that was taken to the files. @param body the entry, encrypted. */
  write({ record: number, frames }: NumberedEntry, body: Bytes): readonly JournalOperation[] {
    // What is still unsettled since an earlier record stays so for longer: it has to survive a loss of power as well.
    const sync = this.#isClosed || this.#writtenTo > this.#state.settled;
    const record = recordBytes({ number, body });
    const begun: JournalOperation[] = [];
    let bytes = record;
    if (this.#isClosed) {
      for (const segment of this.#segments) {
        if (segment.isUnsynced && segment.to > this.#state.settled)
          begun.push({ type: "sync", segment: segment.number });
        segment.isUnsynced = false;
      }
      this.#segment += 1;
      bytes = concatenated(segmentHead(this.#segment), record);
      this.#segments.push({ number: this.#segment, to: 0, bytes: 0, isUnsynced: false });
      this.#isClosed = false;
    }
    const segment = this.#segments.at(-1);
    if (segment === undefined) return [];
    segment.isUnsynced = !sync;
    for (const { position, sampleCount } of frames) segment.to = Math.max(segment.to, position + sampleCount);
    this.#writtenTo = Math.max(this.#writtenTo, segment.to);
    segment.bytes += bytes.byteLength;
    return [...begun, { type: "append", segment: segment.number, bytes, sync }, ...this.#removable()];
  }

  /** A file did not take an entry: it is tried again, in another file, where a reader finds it. */
  failed({ frames }: NumberedEntry): void {
    this.#isClosed = true;
    // What was to survive by this write, or by a sync before it, may not.
    for (const segment of this.#segments) segment.isUnsynced = true;
    this.#writtenState = undefined;
    this.#frames.unshift(...frames);
    this.note(this.#state);
  }

  #isFull(): boolean {
    return (this.#segments.at(-1)?.bytes ?? 0) >= this.#options.segmentBytes;
  }

  /** The segments that are of no use any more, and beyond the bound the oldest ones that are. */
  #removable(): JournalOperation[] {
    const removed: JournalOperation[] = [];
    const total = (): number => this.#segments.reduce((sum, { bytes }) => sum + bytes, 0);
    while (this.#segments.length > 1) {
      const [oldest] = this.#segments;
      if (oldest === undefined) break;
      const isLoss = oldest.to > this.#state.settled;
      if (isLoss && total() <= this.#options.maxBytes) break;
      this.#segments.shift();
      removed.push({ type: "remove", segment: oldest.number, isLoss });
    }
    return removed;
  }
}

function concatenated(first: Bytes, second: Bytes): Bytes {
  const bytes = new Uint8Array(first.byteLength + second.byteLength);
  bytes.set(first);
  bytes.set(second, first.byteLength);
  return bytes;
}
