import { describe, expect, it } from "vitest";
import { AudioBacklog } from "../../examples/server/recording/audio-backlog.js";
import { countingFrame } from "../support/open-recording.js";

/** Positions of the samples of everything in the backlog, and the samples themselves. */
function takeAll(backlog: AudioBacklog) {
  const stretches: (readonly [position: number, sampleCount: number])[] = [];
  const bytes: number[] = [];
  for (const block of backlog.take()) {
    for (const { position, sampleCount, from, to } of block.stretches) {
      stretches.push([position, sampleCount]);
      bytes.push(...block.bytes.subarray(from, to));
    }
    backlog.reuse(block);
  }
  return { stretches, bytes };
}

const bytesOf = (position: number, count: number): number[] => [...countingFrame(position, count).payload];

describe("the audio that waits to be written", () => {
  const open = (maxSamples = 1_000_000) => new AudioBacklog({ maxSamples, now: () => 7 });

  it("is a copy, in one piece for each stretch without a gap", () => {
    const backlog = open();
    const payload = countingFrame(0, 10).payload;
    backlog.push({ flags: 0, position: 0, sampleCount: 10, payload });
    payload.fill(0);
    backlog.push(countingFrame(10, 5));
    backlog.push(countingFrame(100, 5));
    expect([backlog.samples, backlog.isEmpty]).toEqual([20, false]);
    const { stretches, bytes } = takeAll(backlog);
    expect(stretches).toEqual([
      [0, 15],
      [100, 5],
    ]);
    expect(bytes).toEqual([...bytesOf(0, 15), ...bytesOf(100, 5)]);
    expect([backlog.samples, backlog.isEmpty]).toEqual([0, true]);
  });

  it("uses the memory of a block again that was written, and never that of one that was not", () => {
    const backlog = open();
    backlog.push(countingFrame(0, 10));
    const [first] = backlog.take();
    backlog.push(countingFrame(10, 10));
    const [second] = backlog.take();
    if (first === undefined || second === undefined) throw new Error("There is a block for each.");
    expect(second.bytes).not.toBe(first.bytes);
    expect([...first.bytes.subarray()]).toEqual(bytesOf(0, 10));
    backlog.reuse(first);
    backlog.push(countingFrame(20, 10));
    const [third] = backlog.take();
    expect(third?.bytes).toBe(first.bytes);
    expect([...(third?.bytes.subarray() ?? [])]).toEqual(bytesOf(20, 10));
    expect([...second.bytes.subarray()]).toEqual(bytesOf(10, 10));
  });

  it("loses its oldest block when it is too much, says which positions these are, and counts", () => {
    const backlog = open(100_000);
    const lost: unknown[] = [];
    for (let position = 0; position < 140_000; position += 1_000) {
      lost.push(...[backlog.push(countingFrame(position, 1_000))].filter((range) => range !== undefined));
    }
    // A block has as many frames as it takes to fill 64 kB.
    expect(lost).toEqual([
      { from: 0, to: 33_000 },
      { from: 33_000, to: 66_000 },
    ]);
    expect(backlog.readMetrics()).toEqual({
      ...{ pushed: 140, dropped: 66, droppedSinceRead: 66, lastDropAt: 7, lastDropReason: "full" },
      ...{ cost: 74_000, peakCost: 100_000 },
    });
    expect(backlog.readMetrics()).toMatchObject({ dropped: 66, droppedSinceRead: 0 });
    expect(takeAll(backlog).stretches).toEqual([
      [66_000, 33_000],
      [99_000, 33_000],
      [132_000, 8_000],
    ]);
  });

  it("keeps one block, however large, and drops everything for a reason", () => {
    const backlog = open(10);
    expect(backlog.push(countingFrame(0, 1_000))).toBeUndefined();
    backlog.discard("the recording failed");
    expect(backlog.isEmpty).toBe(true);
    expect(backlog.readMetrics()).toMatchObject({ dropped: 1, lastDropReason: "the recording failed", cost: 0 });
  });
});
