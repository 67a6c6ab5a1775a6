import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ReplayBuffer } from "../../src/session/audio/replay-buffer.js";

const LIMITS = { maxSamples: 60, maxBytes: 100, graceSamples: 15 };

interface ModelFrame {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/** The same promises, kept by going through all frames each time. */
class Model {
  frames: ModelFrame[] = [];
  next = 0;
  acknowledged = 0;
  /** Frames before the cursor. */
  cursor = 0;
  sentTo = 0;

  push(gap: number, samples: number, bytes: number) {
    const frame = { from: this.next + gap, to: this.next + gap + samples, bytes };
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

  get bytes(): number {
    return this.frames.reduce((sum, { bytes }) => sum + bytes, 0);
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
    const [oldest = { from: 0, to: 0, bytes: 0 }] = this.frames.splice(0, 1);
    this.cursor = Math.max(0, this.cursor - 1);
    return oldest;
  }
}

const samplesIn = (frames: readonly ModelFrame[]): number => frames.reduce((sum, { from, to }) => sum + to - from, 0);

const share = fc.double({ min: 0, max: 1, noNaN: true });
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("push" as const),
      gap: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 30 })),
      samples: fc.integer({ min: 1, max: 20 }),
      bytes: fc.integer({ min: 1, max: 40 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("advance" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("acknowledge" as const), share }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("seek" as const), share }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("resume" as const), share, kept: share }) },
);

describe("ReplayBuffer", () => {
  it("holds, counts, frees and evicts what going through all frames would", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const buffer = new ReplayBuffer(LIMITS);
        const model = new Model();
        for (const what of steps) {
          if (what.do === "push") {
            const { gap, samples: sampleCount, bytes } = what;
            const frame = { position: model.next + gap, sampleCount, flags: 0, payload: new Uint8Array(bytes) };
            expect(buffer.push(frame)).toEqual(model.push(gap, sampleCount, bytes));
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
            cursor: buffer.peek()?.position,
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
            cursor: model.frames[model.cursor]?.from,
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
});
