import { readFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EngineFormat, Segment } from "../../examples/server/engines/engine.js";
import { Segmenter } from "../../examples/server/engines/segmenter.js";

const MONO_16K: EngineFormat = { sampleRate: 16_000, channels: 1 };

/** Consecutive stretches of a 300 Hz tone over noise, both in dB below full scale, as 16-bit samples. */
function sound(format: EngineFormat, ...stretches: { sec: number; toneDb?: number; noiseDb?: number }[]): Uint8Array {
  const values: number[] = [];
  let seed = 1;
  for (const { sec, toneDb = -200, noiseDb = -70 } of stretches) {
    for (let index = 0; index < Math.round(sec * format.sampleRate); index += 1) {
      seed = (seed * 48_271) % 2_147_483_647;
      const noise = (seed / 1_073_741_823.5 - 1) * Math.sqrt(3) * 10 ** (noiseDb / 20);
      const tone = Math.SQRT2 * Math.sin((2 * Math.PI * 300 * index) / format.sampleRate) * 10 ** (toneDb / 20);
      values.push(Math.round(Math.max(-1, Math.min(0.999, noise + tone)) * 32_768));
    }
  }
  return new Uint8Array(Int16Array.from(values.flatMap((value) => Array(format.channels).fill(value))).buffer);
}

function segmentsOf(samples: Uint8Array, format = MONO_16K, chunks: (index: number) => number = () => 320) {
  const segments: Segment[] = [];
  const run = new Segmenter({ format, startPosition: 0, onSegment: (segment) => segments.push(segment) });
  const frameBytes = 2 * format.channels;
  for (let at = 0, index = 0; at < samples.length; index += 1) {
    const size = chunks(index) * frameBytes;
    run.write(samples.subarray(at, at + size), at / frameBytes);
    at += size;
  }
  run.end();
  return { segments, finals: segments.filter(({ final }) => final) };
}

describe("the segmenter", () => {
  it.each([
    [8_000, 1],
    [16_000, 2],
    [44_100, 1],
    [48_000, 2],
  ])("finds where speech begins and ends at %i Hz with %i channels", (sampleRate, channels) => {
    const format = { sampleRate, channels };
    const quiet = { sec: 1 };
    const loud = { sec: 1.5, toneDb: -20 };
    const { segments, finals } = segmentsOf(sound(format, quiet, loud, quiet, loud, quiet), format);
    expect(finals).toHaveLength(2);
    for (const [index, start] of [1, 3.5].entries()) {
      expect((finals[index]?.from ?? 0) / sampleRate).toBeCloseTo(start, 1);
      expect((finals[index]?.to ?? 0) / sampleRate).toBeCloseTo(start + 1.5, 1);
    }
    expect(finals[0]?.text).toMatch(/^speech (0\.98|1\.00)–2\.5\d s$/);
    const partials = segments.filter(({ final }) => !final);
    expect(partials.length).toBeGreaterThan(4);
    expect(partials[0]?.text).toMatch(/^speech (0\.98|1\.00)–… s$/);
    expect(new Set(partials.map(({ segmentId }) => segmentId))).toEqual(
      new Set(finals.map(({ segmentId }) => segmentId)),
    );
  });

  it("finds the four digits that are spoken a second apart", async () => {
    const wav = await readFile(new URL("../support/fixtures/digits.wav", import.meta.url));
    expect(segmentsOf(wav.subarray(44)).finals).toHaveLength(4);
  });

  it("hears nothing in silence, in the noise of a room or in a click", () => {
    expect(segmentsOf(new Uint8Array(64_000)).segments).toEqual([]);
    expect(segmentsOf(sound(MONO_16K, { sec: 10, noiseDb: -55 })).segments).toEqual([]);
    const click = sound(
      MONO_16K,
      { sec: 1 },
      { sec: 0.03, toneDb: -6 },
      { sec: 1 },
      { sec: 0.03, toneDb: -6 },
      { sec: 1 },
    );
    expect(segmentsOf(click).segments).toEqual([]);
  });

  it("gets used to a noise that stays", () => {
    const fan = { sec: 20, noiseDb: -40 };
    const { finals } = segmentsOf(
      sound(MONO_16K, fan, { sec: 1, toneDb: -18, noiseDb: -40 }, { sec: 2, noiseDb: -40 }),
    );
    const late = finals.filter(({ from }) => from > 10 * 16_000);
    expect(late).toHaveLength(1);
    expect((late[0]?.from ?? 0) / 16_000).toBeCloseTo(20, 1);
  });

  it("does not cut speech at a short pause", () => {
    const word = { sec: 0.4, toneDb: -20 };
    const { finals } = segmentsOf(sound(MONO_16K, { sec: 1 }, word, { sec: 0.3 }, word, { sec: 1 }));
    expect(finals).toHaveLength(1);
  });

  it("ends a segment after half a minute, and goes on with the next", () => {
    const words = Array.from({ length: 80 }, () => [{ sec: 0.7, toneDb: -20 }, { sec: 0.1 }]).flat();
    const { finals } = segmentsOf(sound(MONO_16K, ...words, { sec: 1 }));
    expect(finals.map(({ from, to }) => Math.round((to - from) / 16_000))).toEqual([30, 30, 4]);
    expect(finals[1]?.from).toBe(finals[0]?.to);
    expect(new Set(finals.map(({ segmentId }) => segmentId)).size).toBe(3);
  });

  it("ends a segment where audio is missing, and at the end of the stream", () => {
    const segments: Segment[] = [];
    const run = new Segmenter({
      format: MONO_16K,
      startPosition: 1_000_000,
      onSegment: (segment) => segments.push(segment),
    });
    const second = sound(MONO_16K, { sec: 1, toneDb: -20 });
    run.write(second, 1_000_000);
    run.write(second, 2_000_000);
    run.end();
    expect(segments.filter(({ final }) => final).map(({ from, to }) => [from, to])).toEqual([
      [1_000_000, 1_016_000],
      [2_000_000, 2_016_000],
    ]);
  });

  it("finds the same whatever the size of the chunks", () => {
    const samples = sound(MONO_16K, { sec: 0.5 }, { sec: 0.8, toneDb: -20 }, { sec: 0.7 }, { sec: 0.5, toneDb: -30 });
    const { finals } = segmentsOf(samples);
    expect(finals).toHaveLength(2);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 10 }), (sizes) => {
        const chunked = segmentsOf(samples, MONO_16K, (index) => sizes[index % sizes.length] ?? 1);
        expect(chunked.finals).toEqual(finals);
      }),
      { numRuns: 30 },
    );
  });

  it("reads samples at any byte of a larger buffer", () => {
    const samples = sound(MONO_16K, { sec: 0.5 }, { sec: 0.8, toneDb: -20 }, { sec: 0.7 });
    const odd = new Uint8Array(samples.length + 1);
    odd.set(samples, 1);
    expect(segmentsOf(odd.subarray(1)).finals).toEqual(segmentsOf(samples).finals);
  });
});
