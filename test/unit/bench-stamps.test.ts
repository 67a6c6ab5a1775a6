import { describe, expect, it } from "vitest";
import { STAMPED_SAMPLE, StampReader } from "../bench/latency/stamps.js";

const stampedSample = new Function(`${STAMPED_SAMPLE} return stampedSample;`)() as (position: number) => number;

/** As a page that scales by 32767 and truncates writes them. */
function message(from: number, to: number): Uint8Array {
  const samples = Int16Array.from({ length: to - from }, (_, index) => stampedSample(from + index) * 32_767);
  return new Uint8Array(samples.buffer);
}

describe("samples that number themselves", () => {
  it("tell where a message ends, also if it begins and ends inside a group", () => {
    const reader = new StampReader();
    expect(reader.push(message(0, 320))).toBe(320);
    expect(reader.push(message(320, 449))).toBe(449);
    expect(reader.push(message(449, 451))).toBeUndefined();
    expect(reader.push(message(451, 100_002))).toBe(100_002);
  });

  it("show what never came and what came twice", () => {
    const reader = new StampReader();
    reader.push(message(40_000_000, 40_000_320));
    reader.push(message(40_000_323, 40_000_640));
    reader.push(message(40_000_636, 40_000_640));
    const first = 10_000_000;
    const groups = Array.from({ length: 160 }, (_, index) => first + index);
    expect(groups.filter((group) => !reader.groups.has(group))).toEqual([first + 80]);
    expect(reader.groups.get(first + 159)).toBe(2);
  });
});
