import { describe, expect, it } from "vitest";
import { ENCODERS } from "../../src/worklet/encoder.js";

function encode(samples: readonly number[], count = samples.length): number[] {
  const view = new DataView(ENCODERS.pcm_s16le(Float32Array.from(samples), count));
  return Array.from({ length: view.byteLength / 2 }, (_, index) => view.getInt16(2 * index, true));
}

describe("the pcm_s16le encoder", () => {
  // xiph/rnnoise#209: clamp instead of wrapping round, and no sample is ever undefined.
  it.each([
    [1, 32_767],
    [1.5, 32_767],
    [Infinity, 32_767],
    [-1, -32_768],
    [-1.5, -32_768],
    [-Infinity, -32_768],
    [NaN, 0],
    [0, 0],
    [-0, 0],
  ])("makes %d to %d", (sample, expected) => {
    expect(encode([sample])).toEqual([expected]);
  });

  it("gives back every 16-bit value bit for bit", () => {
    const values = Array.from({ length: 65_536 }, (_, index) => index - 32_768);
    expect(encode(values.map((value) => value / 32_768))).toEqual(values);
  });

  it("rounds to the nearest value, halves away from zero on both sides", () => {
    expect(encode([0.49, 0.5, 0.51, 1.49, 1.5].map((value) => value / 32_768))).toEqual([0, 1, 1, 1, 2]);
    expect(encode([-0.49, -0.5, -0.51, -1.49, -1.5].map((value) => value / 32_768))).toEqual([0, -1, -1, -1, -2]);
  });

  it("writes little-endian", () => {
    expect(Array.from(new Uint8Array(ENCODERS.pcm_s16le(Float32Array.of(0x0102 / 32_768), 1)))).toEqual([2, 1]);
  });

  it("encodes only the given count, into a new buffer each time", () => {
    expect(encode([0.5, 0.5, 0.5], 2)).toEqual([16_384, 16_384]);
    const encoder = ENCODERS.pcm_s16le;
    expect(encoder(Float32Array.of(0), 1)).not.toBe(encoder(Float32Array.of(0), 1));
  });
});
