import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { AudioFrameFlag } from "../../src/protocol/audio-frame.js";
import { ReplayBuffer } from "../../src/session/audio/replay-buffer.js";
import { sampleHeap } from "../support/sample-heap.js";

const LIMITS = { maxSamples: 60, maxBytes: 100, graceSamples: 15 };
const { gap, last, muted } = AudioFrameFlag;

interface ModelFrame {
  readonly from: number;
  readonly to: number;
  readonly flags: number;
  readonly bytes: readonly number[];
}

/** The same promises, kept by going through all frames each time. */
class Model {
  frames: ModelFrame[] = [];
  next = 0;
  acknowledged = 0;
  /** Frames before the cursor. */
  cursor = 0;
  sentTo = 0;

  push(frame: ModelFrame) {
    this.frames.push(frame);
    this.next = frame.to;
    const evicted = [];
    while (this.frames.length > 1 && (this.bytes > LIMITS.maxBytes || this.samples > LIMITS.maxSamples)) {
      const { from, to } = this.#drop();
      evicted.push({ from, to, acknowledged: to <= this.acknowledged, sent: from < this.sentTo });
    }
    return evicted;
  }

  acknowledge(position: number): void {
    if (position <= this.acknowledged) return;
    this.acknowledged = position;
    this.#free();
  }

  resume(position: number, acknowledged: number): void {
    this.acknowledged = acknowledged;
    this.sentTo = position;
    this.seek(position);
    this.#free();
  }

  seek(position: number): void {
    this.cursor = this.frames.filter(({ to }) => to <= position).length;
  }

  advance(): void {
    const frame = this.frames[this.cursor];
    if (frame === undefined) return;
    this.cursor += 1;
    this.sentTo = Math.max(this.sentTo, frame.to);
  }

  split(maxSamples: number): void {
    const whole = this.frames[this.cursor];
    if (whole === undefined) return;
    const { from, to, flags, bytes } = whole;
    const bytesPerSample = bytes.length / (to - from);
    const parts: ModelFrame[] = [];
    for (let at = from; at < to; at += maxSamples) {
      const end = Math.min(at + maxSamples, to);
      parts.push({
        from: at,
        to: end,
        flags: flags & ~((at > from ? gap : 0) | (end < to ? last : 0)),
        bytes: bytes.slice((at - from) * bytesPerSample, (end - from) * bytesPerSample),
      });
    }
    this.frames.splice(this.cursor, 1, ...parts);
  }

  get bytes(): number {
    return this.frames.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  get samples(): number {
    return samplesIn(this.frames);
  }

  get unacknowledged(): ModelFrame[] {
    return this.frames.filter(({ to }) => to > this.acknowledged);
  }

  get inFlight(): ModelFrame[] {
    return this.frames.slice(0, this.cursor).filter(({ to }) => to > this.acknowledged);
  }

  #free(): void {
    while (this.cursor > 0 && (this.frames[0]?.to ?? 0) <= this.acknowledged - LIMITS.graceSamples) this.#drop();
  }

  #drop(): ModelFrame {
    const [oldest = { from: 0, to: 0, flags: 0, bytes: [] }] = this.frames.splice(0, 1);
    this.cursor = Math.max(0, this.cursor - 1);
    return oldest;
  }
}

const samplesIn = (frames: readonly ModelFrame[]): number => frames.reduce((sum, { from, to }) => sum + to - from, 0);

function nextOf(buffer: ReplayBuffer): ModelFrame | undefined {
  const frame = buffer.peek();
  if (frame === undefined) return undefined;
  const { position, sampleCount, flags, byteLength } = frame;
  const bytes = new Uint8Array(byteLength);
  buffer.readNext(bytes, 0);
  return { from: position, to: position + sampleCount, flags, bytes: [...bytes] };
}

const share = fc.double({ min: 0, max: 1, noNaN: true });
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("push" as const),
      skipped: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 30 })),
      samples: fc.integer({ min: 1, max: 20 }),
      flags: fc.constantFrom(0, gap, muted, gap | last),
      bytesPerSample: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("advance" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("acknowledge" as const), share }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("seek" as const), share }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("resume" as const), share, kept: share }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("split" as const), maxSamples: fc.integer({ min: 1, max: 25 }) }),
  },
);

describe("ReplayBuffer", () => {
  it("holds, counts, frees and evicts what going through all frames would", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const buffer = new ReplayBuffer(LIMITS);
        const model = new Model();
        let written = 0;
        for (const what of steps) {
          if (what.do === "push") {
            const { skipped, samples: sampleCount, flags, bytesPerSample } = what;
            const from = model.next + skipped;
            const bytes = Array.from({ length: sampleCount * bytesPerSample }, (_, at) => (written + at) & 0xff);
            written += bytes.length;
            const payload = Uint8Array.from(bytes);
            const evicted = buffer.push({ position: from, sampleCount, flags, payload });
            // What the caller does with its bytes from now on is its own affair.
            payload.fill(0);
            expect(evicted).toEqual(model.push({ from, to: from + sampleCount, flags, bytes }));
          } else if (what.do === "split") {
            buffer.splitNext(what.maxSamples);
            model.split(what.maxSamples);
          } else if (what.do === "advance") {
            buffer.advance();
            model.advance();
          } else {
            const reach = what.do === "acknowledge" ? model.sentTo : model.next;
            const position = Math.floor(reach * what.share);
            if (what.do === "resume") {
              const kept = Math.floor(position * what.kept);
              buffer.resume(position, kept);
              model.resume(position, kept);
            } else {
              buffer[what.do](position);
              model[what.do](position);
            }
          }
          expect({
            frameCount: buffer.frameCount,
            bytes: buffer.bytes,
            samples: buffer.samples,
            first: buffer.first,
            next: buffer.next,
            cursor: nextOf(buffer),
            cursorPosition: buffer.cursorPosition,
            acknowledged: buffer.acknowledged,
            samplesInFlight: buffer.samplesInFlight,
            samplesUnacknowledged: buffer.samplesUnacknowledged,
            framesUnacknowledged: buffer.framesUnacknowledged,
          }).toEqual({
            frameCount: model.frames.length,
            bytes: model.bytes,
            samples: model.samples,
            first: model.frames[0]?.from ?? model.next,
            next: model.next,
            cursor: model.frames[model.cursor],
            cursorPosition: model.frames[model.cursor]?.from ?? model.next,
            acknowledged: model.acknowledged,
            samplesInFlight: samplesIn(model.inFlight),
            samplesUnacknowledged: samplesIn(model.unacknowledged),
            framesUnacknowledged: model.unacknowledged.length,
          });
        }
      }),
      { numRuns: 400 },
    );
  });

  it("refuses a frame that comes before one it holds", () => {
    const buffer = new ReplayBuffer(LIMITS);
    buffer.push({ position: 10, sampleCount: 5, flags: 0, payload: new Uint8Array(1) });
    const early = { position: 14, sampleCount: 5, flags: 0, payload: new Uint8Array(1) };
    expect(() => buffer.push(early)).toThrow(RangeError);
  });

  it("counts the same after thousands of frames have gone through it", () => {
    const buffer = new ReplayBuffer({ maxSamples: 1_000, maxBytes: 10_000, graceSamples: 10 });
    for (let position = 0; position < 50_000; position += 10) {
      buffer.push({ position, sampleCount: 10, flags: 0, payload: new Uint8Array(20) });
      buffer.advance();
      if (position % 100 === 0) buffer.acknowledge(position);
    }
    expect(buffer.acknowledged).toBe(49_900);
    expect(buffer.samplesInFlight).toBe(100);
    expect(buffer.samples).toBe(110);
    expect(buffer.bytes).toBe(220);
  });

  it("allocates next to nothing for frames that come, are sent and are acknowledged", async () => {
    const buffer = new ReplayBuffer({ maxSamples: 48_000, maxBytes: 100_000, graceSamples: 1_600 });
    const payload = new Uint8Array(640);
    const wire = new Uint8Array(640);
    let position = 0;
    const pass = (frames: number): void => {
      for (let count = 0; count < frames; count += 1) {
        buffer.push({ position, sampleCount: 320, flags: 0, payload });
        position += 320;
        buffer.readNext(wire, 0);
        buffer.advance();
        if (count % 10 === 0) buffer.acknowledge(position - 3_200);
      }
    };
    pass(10_000);
    // Until V8 has compiled it, which a busy machine delays, code makes objects of its numbers.
    const measure = async (): Promise<void> => {
      const { bytes, places } = await sampleHeap("/session/audio/", () => pass(10_000));
      expect(bytes / 10_000, places.join("\n")).toBeLessThan(16);
    };
    await vi.waitFor(measure, { timeout: 10_000 });
    expect(buffer.bytes).toBeLessThan(25 * 640);
  });
});
