import { describe, expect, it } from "vitest";
import { ENCODERS } from "../../src/worklet/encoder.js";

const EVERY_16_BITS = Array.from({ length: 65_536 }, (_, index) => index - 32_768);

type Encoding = keyof typeof ENCODERS;

function encode(encoding: Encoding, samples: readonly number[], count = samples.length): DataView {
  return new DataView(ENCODERS[encoding](Float32Array.from(samples), count));
}

function pcm16(samples: readonly number[], count?: number): number[] {
  const view = encode("pcm_s16le", samples, count);
  return Array.from({ length: view.byteLength / 2 }, (_, index) => view.getInt16(2 * index, true));
}

function pcmFloat(samples: readonly number[], count?: number): number[] {
  const view = encode("pcm_f32le", samples, count);
  return Array.from({ length: view.byteLength / 4 }, (_, index) => view.getFloat32(4 * index, true));
}

function mulaw(samples: readonly number[], count?: number): number[] {
  return Array.from(new Uint8Array(encode("mulaw", samples, count).buffer));
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
    expect(pcm16([sample])).toEqual([expected]);
  });

  it("gives back every 16-bit value bit for bit", () => {
    expect(pcm16(EVERY_16_BITS.map((value) => value / 32_768))).toEqual(EVERY_16_BITS);
  });

  it("rounds to the nearest value, halves away from zero on both sides", () => {
    expect(pcm16([0.49, 0.5, 0.51, 1.49, 1.5].map((value) => value / 32_768))).toEqual([0, 1, 1, 1, 2]);
    expect(pcm16([-0.49, -0.5, -0.51, -1.49, -1.5].map((value) => value / 32_768))).toEqual([0, -1, -1, -1, -2]);
  });

  it("writes little-endian", () => {
    expect(Array.from(new Uint8Array(encode("pcm_s16le", [0x0102 / 32_768]).buffer))).toEqual([2, 1]);
  });
});

describe("the pcm_f32le encoder", () => {
  // xiph/rnnoise#209
  it.each([
    [1, 1],
    [1.5, 1],
    [Infinity, 1],
    [-1, -1],
    [-1.5, -1],
    [-Infinity, -1],
    [NaN, 0],
    [0, 0],
    [1e-40, Math.fround(1e-40)],
  ])("makes %d to %d", (sample, expected) => {
    expect(pcmFloat([sample])).toEqual([expected]);
  });

  it("gives back every float within full scale bit for bit", () => {
    const values = Array.from({ length: 20_000 }, (_, index) => Math.fround(Math.sin(index * index)));
    expect(pcmFloat(values)).toEqual(values);
  });

  it("writes IEEE 754 single precision, little-endian", () => {
    expect(Array.from(new Uint8Array(encode("pcm_f32le", [0.15625, -1]).buffer))).toEqual([
      0, 0, 0x20, 0x3e, 0, 0, 0x80, 0xbf,
    ]);
  });
});

/**
 * ITU-T G.711, tables 2a and 2b, on their own scale of 14 bits. Decision values are 1 apart once, then 2 fifteen times,
 * then 4, 8 … 256 sixteen times each; between each two of them lies one code.
 */
const WIDTHS = [
  1,
  ...Array<number>(15).fill(2),
  ...[4, 8, 16, 32, 64, 128, 256].flatMap((width) => Array(16).fill(width)),
];
const DECISION_VALUES = [0];
for (const width of WIDTHS) DECISION_VALUES.push((DECISION_VALUES.at(-1) ?? 0) + width);

/** The value of code `n`: 0 for the first, otherwise the middle between its two decision values. */
const VALUES = WIDTHS.map((width, n) => (n === 0 ? 0 : (DECISION_VALUES[n] ?? 0) + width / 2));

/** By search; a sample on a decision value takes the code above it, on both sides of zero. */
function codeOf(value16: number): number {
  const magnitude = Math.abs(value16) / 4;
  const above = DECISION_VALUES.findIndex((decision) => decision > magnitude);
  const n = above < 0 ? WIDTHS.length - 1 : above - 1;
  return (value16 < 0 ? 0x7f : 0xff) - n;
}

/** What any G.711 decoder makes of a byte, in 16 bits. */
function decode(byte: number): number {
  const n = 0x7f - (byte & 0x7f);
  return (byte & 0x80 ? 4 : -4) * (VALUES[n] ?? 0);
}

describe("the mulaw encoder", () => {
  it("is held to the standard's own figures", () => {
    expect(DECISION_VALUES).toHaveLength(129);
    // The ends of the standard's segments, and the virtual decision value above the last.
    expect([16, 32, 48, 64, 80, 96, 112, 128].map((n) => DECISION_VALUES[n])).toEqual([
      31, 95, 223, 479, 991, 2_015, 4_063, 8_159,
    ]);
    expect([0, 1, 16, 32, 48, 64, 80, 96, 112, 127].map((n) => VALUES[n])).toEqual([
      0, 2, 33, 99, 231, 495, 1_023, 2_079, 4_191, 8_031,
    ]);
  });

  it("gives every 16-bit value the code of G.711", () => {
    expect(mulaw(EVERY_16_BITS.map((value) => value / 32_768))).toEqual(EVERY_16_BITS.map(codeOf));
  });

  it("gives back every code that a decoder makes into a sample", () => {
    // Two bytes are zero, of which the positive one is sent.
    const bytes = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== 0x7f);
    expect(mulaw(bytes.map((byte) => decode(byte) / 32_768))).toEqual(bytes);
  });

  it("is never further off than half the step at that level", () => {
    const decoded = mulaw(EVERY_16_BITS.map((value) => value / 32_768)).map(decode);
    for (const [index, value] of EVERY_16_BITS.entries()) {
      const magnitude = Math.min(Math.abs(value), 32_635);
      const halfStep = Math.max(4, 2 ** Math.max(0, Math.floor(Math.log2(magnitude + 132)) - 4) / 2);
      expect(Math.abs(Math.sign(value) * magnitude - (decoded[index] ?? 0))).toBeLessThanOrEqual(halfStep);
    }
  });

  it("keeps a voice 35 dB above what the coding adds, over 40 dB of loudness", () => {
    for (const amplitude of [1, 0.3, 0.1, 0.03, 0.01]) {
      const samples = Array.from({ length: 4_001 }, (_, n) => Math.fround(amplitude * Math.sin(n * 0.7321)));
      const decoded = mulaw(samples).map((byte) => decode(byte) / 32_768);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0);
      const error = samples.reduce((sum, sample, n) => sum + (sample - (decoded[n] ?? 0)) ** 2, 0);
      expect(10 * Math.log10(power / error), `amplitude ${amplitude}`).toBeGreaterThan(35);
    }
  });

  // xiph/rnnoise#209
  it.each([
    [1, 0x80],
    [1.5, 0x80],
    [Infinity, 0x80],
    [-1, 0x00],
    [-1.5, 0x00],
    [-Infinity, 0x00],
    [NaN, 0xff],
    [0, 0xff],
    [-0, 0xff],
    [-0.4 / 32_768, 0xff],
    [-1 / 32_768, 0x7f],
  ])("makes %d to the byte %d", (sample, expected) => {
    expect(mulaw([sample])).toEqual([expected]);
  });
});

it.each(Object.keys(ENCODERS) as Encoding[])(
  "the %s encoder takes the given count, into a new buffer each time",
  (encoding) => {
    const encoder = ENCODERS[encoding];
    const samples = Float32Array.of(0.5, -0.25, 0.75);
    const two = encoder(samples, 2);
    expect(new Uint8Array(two)).toEqual(new Uint8Array(encoder(samples, 3)).subarray(0, two.byteLength));
    expect(two.byteLength * 3).toBe(encoder(samples, 3).byteLength * 2);
    expect(encoder(samples, 2)).not.toBe(two);
  },
);
