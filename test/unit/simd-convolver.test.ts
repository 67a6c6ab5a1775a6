import { runInNewContext } from "node:vm";
import { afterEach, describe, expect, it, vi } from "vitest";
import { CapturePipeline } from "../../src/worklet/capture-pipeline.js";
import type { ChannelPolicy } from "../../src/worklet/port-messages.js";
import type { OpenConvolver } from "../../src/worklet/resampler/convolver.js";
import { designLowPass } from "../../src/worklet/resampler/low-pass-filter.js";
import { Resampler } from "../../src/worklet/resampler/resampler.js";
import { openScalarConvolver } from "../../src/worklet/resampler/scalar-convolver.js";
import { openFastestConvolver } from "../../src/worklet/resampler/simd-convolver.js";
import { noise } from "../support/signals.js";
import { RATE_PAIRS } from "../support/usual-rates.js";

/** Sums of single precision differ by so much; half a 16-bit step is 1.5e-5. */
const CLOSE = 1e-6;
const PAIRS = RATE_PAIRS.filter(({ from, to }) => from !== to);

afterEach(() => {
  vi.unstubAllGlobals();
});

/** All output of one stretch of input in pieces of the given lengths, over and over. */
function convert(resampler: Resampler, input: Float32Array, lengths: readonly number[], flush: boolean): Float32Array {
  const output = new Float32Array(resampler.maxOutputLength(input.length) + resampler.maxTailLength);
  let written = 0;
  for (let at = 0, turn = 0; at < input.length; turn += 1) {
    const piece = input.subarray(at, at + (lengths[turn % lengths.length] ?? 1));
    written += resampler.push(piece, output.subarray(written));
    at += piece.length;
  }
  if (flush) written += resampler.flush(output.subarray(written));
  return output.subarray(0, written);
}

/** The largest difference between two signals of one length. */
function difference(a: Float32Array, b: Float32Array): number {
  expect(a).toHaveLength(b.length);
  return a.reduce((most, sample, index) => Math.max(most, Math.abs(sample - (b[index] ?? 0))), 0);
}

const inSimd = (from: number, to: number): Resampler => new Resampler(from, to, openFastestConvolver);

const kernelOf = (from: number, to: number, up: number, down: number) =>
  openFastestConvolver(designLowPass(from, to, up), { up, down }, 5_000).kernel;

describe.each(PAIRS)("the SIMD kernel from $from to $to Hz", ({ from, to }) => {
  it.each([
    { name: "render quanta of 128", lengths: [128] },
    { name: "single samples", lengths: [1] },
    { name: "odd lengths", lengths: [1, 127, 333, 7, 1_024, 61, 5_000] },
    { name: "more than the history holds", lengths: [20_000] },
  ])("gives for $name what TypeScript gives, but for the rounding of single precision", ({ lengths }) => {
    const input = noise(from / 5 + 13);
    const expected = convert(new Resampler(from, to), input, lengths, true);
    const got = convert(inSimd(from, to), input, lengths, true);
    expect(expected.some((sample) => Math.abs(sample) > 0.1)).toBe(true);
    expect(difference(got, expected)).toBeLessThan(CLOSE);
  });

  it("starts anew after a flush and after a reset", () => {
    const resampler = inSimd(from, to);
    const input = noise(3_000);
    const first = convert(resampler, input, [128], true);
    expect(convert(resampler, input, [128], false)).toEqual(first.subarray(0, first.length - resampler.tailLength));
    resampler.reset();
    expect(convert(resampler, input, [128], true)).toEqual(first);
  });

  it("has a twin that hears nothing of it", () => {
    const [left, right] = [noise(3_000, 2), noise(3_000, 3)];
    const resampler = inSimd(from, to);
    const twin = resampler.twin();
    const room = new Float32Array(resampler.maxOutputLength(128));
    const heard: number[] = [];
    for (let at = 0; at < left.length; at += 128) {
      resampler.push(left.subarray(at, at + 128), room);
      heard.push(...room.subarray(0, twin.push(right.subarray(at, at + 128), room)));
    }
    expect(Float32Array.from(heard)).toEqual(convert(inSimd(from, to), right, [128], false));
  });
});

describe("a capture with the SIMD kernel", () => {
  const samplesOf = (
    channels: ChannelPolicy,
    inputs: readonly Float32Array[],
    openConvolver: OpenConvolver,
  ): Int16Array => {
    const samples: number[] = [];
    const settings = { encoding: "pcm_s16le", channels, sampleRate: 16_000, frameDurationMs: 20, position: 0 } as const;
    const pipeline = new CapturePipeline(
      44_100,
      settings,
      (message) => {
        if (message.type === "frame") samples.push(...new Int16Array(message.payload));
      },
      openConvolver,
    );
    const length = inputs[0]?.length ?? 0;
    for (let at = 0; at < length; at += 128) {
      // A jump ends a run of input and begins the next.
      const frame = at < length / 2 ? at : at + 4_410;
      pipeline.process(
        inputs.map((input) => input.subarray(at, at + 128)),
        frame,
      );
    }
    pipeline.command({ type: "stop", id: 1 });
    return Int16Array.from(samples);
  };

  it.each([
    { channels: "mix", count: 1 },
    { channels: "mix", count: 2 },
    { channels: "left", count: 2 },
    { channels: "right", count: 2 },
    { channels: "stereo", count: 1 },
    { channels: "stereo", count: 2 },
  ] as const)("of $count channels, $channels, is within one 16-bit step of one without", ({ channels, count }) => {
    const inputs = Array.from({ length: count }, (_, index) => noise(128 * 300, index + 1));
    const expected = samplesOf(channels, inputs, openScalarConvolver);
    const got = samplesOf(channels, inputs, openFastestConvolver);
    expect(got).toHaveLength(expected.length);
    expect(expected.length).toBeGreaterThan(10_000);
    expect(got.every((sample, index) => Math.abs(sample - (expected[index] ?? 0)) <= 1)).toBe(true);
  });
});

describe("the kernel is", () => {
  it.each([
    { from: 48_000, to: 16_000, up: 1, down: 3 },
    { from: 44_100, to: 16_000, up: 160, down: 441 },
  ])("SIMD from $from to $to Hz", ({ from, to, up, down }) => {
    expect(kernelOf(from, to, up, down)).toBe("simd");
  });

  it("TypeScript between rates with more phases than a table has", () => {
    expect(kernelOf(44_099, 16_000, 16_000, 44_099)).toBe("scalar");
  });

  it.each<{ readonly where: string; readonly available: () => unknown }>([
    { where: "there is no WebAssembly", available: () => undefined },
    {
      where: "the page's policy forbids WebAssembly",
      available: () => runInNewContext("WebAssembly", {}, { contextCodeGeneration: { wasm: false } }),
    },
    {
      where: "the engine has no SIMD",
      available: () => ({ Module: refusing(new WebAssembly.CompileError("Wasm SIMD unsupported @+0")) }),
    },
    {
      where: "there is no memory for an instance",
      available: () => ({
        Module: WebAssembly.Module,
        Instance: refusing(new RangeError("WebAssembly.Instance(): Out of memory")),
      }),
    },
  ])("TypeScript where $where", ({ available }) => {
    vi.stubGlobal("WebAssembly", available());
    expect(kernelOf(48_000, 16_000, 1, 3)).toBe("scalar");
    const input = noise(5_000);
    expect(convert(inSimd(48_000, 16_000), input, [128], true)).toEqual(
      convert(new Resampler(48_000, 16_000), input, [128], true),
    );
  });
});

/** A class that cannot be instantiated. */
function refusing(error: Error): new () => object {
  return class {
    constructor() {
      throw error;
    }
  };
}
