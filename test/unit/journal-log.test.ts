import { describe, expect, it } from "vitest";
import { crc32 } from "../../src/journal/log/crc32.js";
import { decodeEntry, encodeEntry } from "../../src/journal/log/journal-entry.js";
import { readJournal } from "../../src/journal/log/journal-reader.js";
import { beginningOf, type JournalState } from "../../src/journal/log/journal-state.js";
import { JournalWriter } from "../../src/journal/log/journal-writer.js";
import { readSegment, recordBytes, segmentHead } from "../../src/journal/log/segment.js";
import type { WireAudioFrame } from "../../src/protocol/audio-frame.js";
import type { Bytes } from "../../src/protocol/bytes.js";

const SUBJECT = {
  startedAt: 1_000,
  maxAgeMs: 60_000,
  sessionId: "a-session-of-the-test",
  clientId: "a-client",
  format: { encoding: "pcm_s16le", sampleRate: 16_000, channels: 1 },
} as const;
const BEGINNING = beginningOf(SUBJECT);

const frame = (position: number): WireAudioFrame => ({
  flags: 0,
  position,
  sampleCount: 2,
  payload: Uint8Array.of(position, 1, position, 2),
});

const asItIs = async (body: Bytes): Promise<Bytes> => body;

/** A disk that does what it is told. */
class Disk {
  readonly segments = new Map<number, Bytes>();
  readonly writer: JournalWriter;

  constructor(options: { readonly segmentBytes?: number; readonly maxBytes?: number } = {}) {
    const { segmentBytes = 100_000, maxBytes = 100_000 } = options;
    this.writer = new JournalWriter(BEGINNING, {
      segmentBytes,
      maxBytes,
      after: { segment: 0, record: 0 },
      writtenTo: 0,
    });
  }

  record(...positions: number[]): void {
    for (const position of positions) this.writer.push(frame(position));
    this.flush();
  }

  note(state: Partial<JournalState>): void {
    this.writer.note({ ...this.writer.state, ...state });
  }

  flush(): void {
    const entry = this.writer.take(5_000);
    if (entry === undefined) return;
    for (const operation of this.writer.write(entry, encodeEntry(entry))) {
      const { segment } = operation;
      if (operation.type === "remove") this.segments.delete(segment);
      if (operation.type !== "append") continue;
      const before = this.segments.get(segment) ?? new Uint8Array();
      this.segments.set(segment, Uint8Array.of(...before, ...operation.bytes));
    }
  }

  async read() {
    const stored = Array.from(this.segments, ([number, bytes]) => ({ number, bytes }));
    const read = await readJournal(stored, asItIs);
    if (read.kind !== "content") throw new Error(`It is ${read.kind}.`);
    return read.content;
  }
}

const positionsIn = (frames: readonly WireAudioFrame[]): number[] => frames.map(({ position }) => position);

describe("a segment", () => {
  const records = [1, 2, 3].map((number) => ({ number, body: Uint8Array.of(number, number) }));
  const bytes = Uint8Array.of(...segmentHead(7), ...records.flatMap((record) => [...recordBytes(record)]));

  it("gives back the records that it was given", () => {
    expect(readSegment(bytes)).toEqual({ kind: "records", records });
  });

  it("that is torn at any byte gives back the records before it, whole", () => {
    for (let length = 0; length < bytes.byteLength; length += 1) {
      const whole = Math.floor((length - 12) / 14);
      const torn = readSegment(bytes.slice(0, length));
      expect(torn).toEqual(length < 12 ? { kind: "torn" } : { kind: "records", records: records.slice(0, whole) });
    }
  });

  it("with any bit that is wrong gives back no record that is", () => {
    for (let index = 0; index < bytes.byteLength; index += 1) {
      const wrong = bytes.slice();
      wrong[index] = (wrong[index] ?? 0) ^ 0x10;
      const read = readSegment(wrong);
      if (read.kind === "records") expect(records.slice(0, read.records.length)).toEqual(read.records);
      else expect(index).toBeLessThan(12);
    }
  });

  it("of another version is known as that", () => {
    const other = segmentHead(7);
    other[3] = 2;
    new DataView(other.buffer).setUint32(8, crc32(other.subarray(0, 8)), true);
    expect(readSegment(other)).toEqual({ kind: "other-version", version: 2 });
  });
});

describe("an entry", () => {
  it("gives back its frames and its state", () => {
    const entry = { at: 3, state: { ...BEGINNING, epoch: 4, resumeToken: "secret" }, frames: [frame(0), frame(2)] };
    expect(decodeEntry(encodeEntry(entry), undefined)).toEqual(entry);
  });

  it("without the state that it belongs to is refused, and so is one that is cut off", () => {
    const bytes = encodeEntry({ at: 3, frames: [frame(0)] });
    expect(() => decodeEntry(bytes, undefined)).toThrow(RangeError);
    expect(() => decodeEntry(bytes.slice(0, -1), BEGINNING)).toThrow(RangeError);
  });
});

describe("a journal", () => {
  it("has what is not settled, in order", async () => {
    const disk = new Disk();
    disk.record(0, 2);
    disk.note({ settled: 2, captured: 4 });
    disk.record(4, 6);
    const content = await disk.read();
    expect(positionsIn(content.frames)).toEqual([2, 4, 6]);
    expect(content).toMatchObject({ holes: [], end: 8, at: 5_000, state: { settled: 2 } });
  });

  it("does not write what is settled before its turn", async () => {
    const disk = new Disk();
    disk.writer.push(frame(0));
    disk.writer.push(frame(2));
    disk.note({ settled: 2, captured: 4 });
    disk.flush();
    expect(positionsIn((await disk.read()).frames)).toEqual([2]);
  });

  it("lets go of a segment once all in it is settled and the next one knows the state", async () => {
    const disk = new Disk({ segmentBytes: 1 });
    disk.record(0);
    disk.record(2);
    expect([...disk.segments.keys()]).toEqual([1, 2]);
    disk.note({ settled: 4 });
    disk.record(4);
    expect([...disk.segments.keys()]).toEqual([3]);
    expect((await disk.read()).state.settled).toBe(4);
  });

  it("calls audio that was dropped before it was written a hole, and what nothing was captured in not", async () => {
    const disk = new Disk();
    disk.record(0);
    disk.writer.push(frame(2));
    disk.writer.drop();
    disk.record(4);
    disk.record(10);
    const { frames, holes, end } = await disk.read();
    expect(positionsIn(frames)).toEqual([0, 4, 10]);
    expect({ holes, end }).toEqual({ holes: [{ from: 2, to: 4 }], end: 12 });
  });

  it("calls what a lost segment had a hole, up to where the state says that there was audio", async () => {
    const disk = new Disk({ segmentBytes: 1 });
    disk.record(0);
    disk.record(2);
    disk.note({ captured: 4 });
    disk.flush();
    disk.segments.delete(2);
    expect((await disk.read()).holes).toEqual([{ from: 2, to: 4 }]);
  });

  it("beyond its bound leaves the oldest to the memory, and says that this is a loss", async () => {
    const disk = new Disk({ segmentBytes: 1, maxBytes: 1_500 });
    for (let position = 0; position < 20; position += 2) disk.record(position);
    const { frames, holes } = await disk.read();
    expect(frames.length).toBeLessThan(5);
    expect(holes).toEqual([{ from: 0, to: frames[0]?.position }]);
    expect(frames.at(-1)?.position).toBe(18);
  });

  it("tries again in another file what a file has refused, and has it once", async () => {
    const disk = new Disk();
    disk.record(0);
    disk.writer.push(frame(2));
    const entry = disk.writer.take(5_000);
    if (entry !== undefined) disk.writer.failed(entry);
    disk.record(4);
    const { frames, holes } = await disk.read();
    expect(positionsIn(frames)).toEqual([0, 2, 4]);
    expect(holes).toEqual([]);
    expect([...disk.segments.keys()]).toEqual([1, 2]);
  });

  it("makes what a refused write was to make survive a loss of power survive it with the next one", () => {
    const disk = new Disk();
    const { writer } = disk;
    const syncedByRefused = (): readonly (readonly [string, number])[] => {
      const entry = writer.take(5_000);
      if (entry === undefined) throw new Error("There is nothing to write.");
      const operations = writer.write(entry, encodeEntry(entry));
      writer.failed(entry);
      return operations
        .filter((operation) => operation.type === "sync" || (operation.type === "append" && operation.sync))
        .map(({ type, segment }) => [type, segment]);
    };
    disk.record(0);
    disk.note({ settled: 2 });
    disk.record(2);
    writer.push(frame(4));
    expect(syncedByRefused()).toEqual([["append", 1]]);
    expect(syncedByRefused()).toEqual([
      ["sync", 1],
      ["append", 2],
    ]);
    expect(syncedByRefused()).toEqual([
      ["sync", 1],
      ["sync", 2],
      ["append", 3],
    ]);
  });

  it("is settled when the server has everything, and every loss was announced", () => {
    const disk = new Disk();
    expect(disk.writer.isSettled).toBe(true);
    disk.record(0);
    expect(disk.writer.isSettled).toBe(false);
    disk.note({ settled: 2, losses: [{ from: 0, to: 1 }] });
    expect(disk.writer.isSettled).toBe(false);
    disk.note({ losses: [] });
    expect(disk.writer.isSettled).toBe(true);
  });
});
