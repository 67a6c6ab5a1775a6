import { describe, expect, it } from "vitest";
import { StampReader, stampedSample } from "../bench/latency/stamps.js";
import { readStamped } from "../soak/stamped-recording.js";

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

describe("a recording of them", () => {
  const said = (from: number, to: number): number[] =>
    Array.from({ length: to - from }, (_, index) => stampedSample(from + index) * 32_768);
  const read = (...parts: readonly number[][]) => readStamped(Int16Array.from(parts.flat()));

  it("is right to the sample, wherever it begins", () => {
    expect(read(said(4_001, 20_000))).toEqual({ right: 15_999, silent: 0, wrong: 0 });
  });

  it("shows silence in the place of samples, and no other fault", () => {
    expect(read(said(0, 640), new Array(320).fill(0), said(960, 1_600))).toEqual({
      right: 1_280,
      silent: 320,
      wrong: 0,
    });
  });

  it("may go on after silence with a later number, and not with one that was there", () => {
    const silence = new Array(320).fill(0);
    expect(read(said(0, 640), silence, said(8_002, 9_000))).toEqual({ right: 1_638, silent: 320, wrong: 0 });
    expect(read(said(0, 640), silence, said(320, 960)).wrong).toBeGreaterThan(0);
  });

  it("shows a frame that is left out, one that comes twice, and one of another place", () => {
    expect(read(said(0, 640), said(960, 1_600)).wrong).toBeGreaterThan(0);
    expect(read(said(0, 640), said(320, 1_600)).wrong).toBeGreaterThan(0);
    expect(read(said(0, 640), said(9_600, 9_920), said(960, 1_600)).wrong).toBeGreaterThan(0);
  });
});
