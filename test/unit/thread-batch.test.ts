import { describe, expect, it } from "vitest";
import { packBatch, type RunStep, unpackBatch } from "../../examples/server/engines/thread-batch.js";
import { sharedBytes } from "../../examples/server/processes/growing-bytes.js";

describe("a batch for a thread", () => {
  it("is what it was when it is taken apart, in the memory of the one before", () => {
    const samples = Uint8Array.from({ length: 100_000 }, (_, index) => index);
    const steps: (readonly [number, RunStep])[] = [
      [7, { type: "close" }],
      [8, { type: "open", startPosition: 2 ** 50, format: { sampleRate: 48_000, channels: 2 } }],
      [8, { type: "audio", position: 2 ** 50, samples: samples.subarray(0, 3) }],
      [9, { type: "gap", from: 5, to: 2 ** 40 }],
      [9, { type: "audio", position: 2 ** 40, samples }],
      [9, { type: "end" }],
    ];
    const memory = sharedBytes();
    for (let round = 0; round < 2; round += 1) {
      const unpacked = [...unpackBatch(packBatch(steps, memory))].map(([run, step]) => {
        return [run, step.type === "audio" ? { ...step, samples: Uint8Array.from(step.samples) } : step];
      });
      expect(unpacked).toEqual(
        steps.map(([run, step]) => {
          return [run, step.type === "audio" ? { ...step, samples: Uint8Array.from(step.samples) } : step];
        }),
      );
    }
    expect(memory.byteLength).toBe(100_003);
  });
});
