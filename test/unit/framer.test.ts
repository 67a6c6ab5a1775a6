import { describe, expect, it } from "vitest";
import { Framer, samplesPerFrame } from "../../src/worklet/framer.js";

interface Frame {
  readonly samples: readonly number[];
  readonly position: number;
}

function framerOf(frameSamples: number, position = 0, channelCount = 1) {
  const frames: Frame[] = [];
  const framer = new Framer(frameSamples, channelCount, position, (values, count, at) =>
    frames.push({ samples: Array.from(values.subarray(0, count * channelCount)), position: at }),
  );
  return { framer, frames };
}

const ramp = (from: number, count: number) => Float32Array.from({ length: count }, (_, n) => from + n);

describe("the framer", () => {
  it.each([[1], [7], [8], [9], [43, 42, 43], [100]])("cuts equal frames from pieces of %j", (...lengths) => {
    const { framer, frames } = framerOf(8);
    let fed = 0;
    for (let turn = 0; fed < 80; turn += 1) {
      const length = Math.min(lengths[turn % lengths.length] ?? 1, 80 - fed);
      framer.push([ramp(fed, length)], length);
      fed += length;
    }
    expect(frames).toEqual(
      Array.from({ length: 10 }, (_, n) => ({ samples: Array.from(ramp(8 * n, 8)), position: 8 * n })),
    );
  });

  it("takes no more than the given count", () => {
    const { framer, frames } = framerOf(4);
    framer.push([ramp(0, 10)], 4);
    expect(frames).toEqual([{ samples: [0, 1, 2, 3], position: 0 }]);
  });

  it("emits a short frame on flush and goes on behind it", () => {
    const { framer, frames } = framerOf(4);
    framer.push([ramp(0, 6)], 6);
    framer.flush();
    framer.push([ramp(6, 4)], 4);
    expect(frames).toEqual([
      { samples: [0, 1, 2, 3], position: 0 },
      { samples: [4, 5], position: 4 },
      { samples: [6, 7, 8, 9], position: 6 },
    ]);
  });

  it("emits nothing on flush where nothing is held", () => {
    const { framer, frames } = framerOf(4);
    framer.flush();
    framer.push([ramp(0, 4)], 4);
    framer.flush();
    expect(frames).toHaveLength(1);
  });

  it("emits what it holds before it skips, and never goes back", () => {
    const { framer, frames } = framerOf(4);
    framer.push([ramp(0, 5)], 5);
    framer.skipTo(9);
    expect(framer.position).toBe(9);
    framer.skipTo(3);
    framer.push([ramp(5, 4)], 4);
    expect(frames.map(({ position }) => position)).toEqual([0, 4, 9]);
  });

  it("starts at the position it is given", () => {
    const { framer, frames } = framerOf(2, 2 ** 40);
    framer.push([ramp(0, 3)], 3);
    expect(frames[0]?.position).toBe(2 ** 40);
    expect(framer.position).toBe(2 ** 40 + 3);
  });

  it.each([[1], [7], [8], [9], [43, 42, 43], [100]])(
    "interleaves two channels and counts time, in pieces of %j",
    (...lengths) => {
      const { framer, frames } = framerOf(8, 1_000, 2);
      let fed = 0;
      for (let turn = 0; fed < 44; turn += 1) {
        const length = Math.min(lengths[turn % lengths.length] ?? 1, 44 - fed);
        framer.push([ramp(fed, length), ramp(-fed - length + 1, length).reverse()], length);
        fed += length;
      }
      expect(framer.position).toBe(1_044);
      framer.flush();
      expect(frames.map(({ position }) => position)).toEqual([1_000, 1_008, 1_016, 1_024, 1_032, 1_040]);
      expect(frames.flatMap(({ samples }) => samples)).toEqual(
        Array.from({ length: 88 }, (_, n) => (n % 2 === 0 ? n / 2 : 0 - (n - 1) / 2)),
      );
    },
  );
});

describe("samplesPerFrame", () => {
  it("counts the samples of a frame", () => {
    expect(samplesPerFrame(20, 16_000)).toBe(320);
    expect(samplesPerFrame(20, 44_100)).toBe(882);
  });

  it("gives at least one, and no more than the wire's header can count", () => {
    expect(samplesPerFrame(0.001, 8_000)).toBe(1);
    expect(samplesPerFrame(10_000, 48_000)).toBe(65_535);
  });
});
