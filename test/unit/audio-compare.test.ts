import { describe, expect, it } from "vitest";
import { Resampler } from "../../src/worklet/resampler/resampler.js";
import { type AudioComparison, compareAudio } from "../support/audio-compare.js";
import { resample } from "../support/audio-compare-resample.js";
import { speechLike } from "../support/speech-like.js";
import { encodeWav, parseWav } from "../support/wav.js";

const RATE = 16_000;
const BLOCK = 320;

const source = speechLike(2);

/** What a faultless recorder would have written, `delaySamples` after it was started. */
const record = (delaySamples: number, gain = 1): Float64Array => {
  const length = Math.ceil((source.samples.length * RATE) / source.sampleRate);
  return resample(source, RATE, -delaySamples, length + Math.ceil(delaySamples) + 800).map((sample) => sample * gain);
};

const faultless = record(600);

const compare = (samples: Float64Array): AudioComparison => compareAudio({ samples, sampleRate: RATE }, source);

const without = (samples: Float64Array, from: number, count: number): Float64Array =>
  Float64Array.from([...samples.subarray(0, from), ...samples.subarray(from + count)]);

const withRepeated = (samples: Float64Array, from: number, count: number): Float64Array =>
  Float64Array.from([...samples.subarray(0, from + count), ...samples.subarray(from)]);

describe("compareAudio", { timeout: 30_000 }, () => {
  it("measures a faultless recording as faultless, at its fractional delay and gain", () => {
    for (const [delay, gain] of [
      [1_000, 1],
      [1_234.37, 0.5],
      [17.5, 0.25],
    ] as const) {
      const result = compare(record(delay, gain));
      expect(result.offsetSamples).toBeCloseTo(delay, 3);
      expect(result.gain).toBeCloseTo(gain, 4);
      expect(result.snrDb).toBeGreaterThan(70);
      expect(result.faults).toEqual([]);
      expect(result.audibleBlocks).toBeGreaterThan(80);
    }
  });

  it("finds deep tones in their place, though faint noise seems to shift some of their blocks a little", () => {
    const tone = Float64Array.from({ length: RATE * 2 }, (_, i) => 0.5 * Math.sin((2 * Math.PI * 5 * i) / RATE));
    let seed = 1;
    const noisy = tone.map((sample) => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
      return sample + (seed / 0x7fffffff - 0.5) / 500;
    });
    const samples = Float64Array.from([...new Float64Array(600), ...noisy, ...new Float64Array(600)]);
    const result = compareAudio({ samples, sampleRate: RATE }, { samples: tone, sampleRate: RATE });
    expect(result.faults).toEqual([]);
    expect(result.audibleBlocks).toBe(100);
  });

  it("finds a faint block in its place before a click, of which the recorder's own filter leaves another ringing", () => {
    const samples = Float64Array.from({ length: 48_000 }, (_, i) => {
      const loudness = i < 20 * BLOCK * 3 ? 0.006 : i < 45_000 ? 0.3 : 0;
      return loudness * Math.cos((2 * Math.PI * 150 * i) / 48_000);
    });
    const played = { sampleRate: 48_000, samples };
    const recorded = new Float32Array(RATE);
    const resampler = new Resampler(played.sampleRate, RATE);
    const filled = resampler.push(Float32Array.from(samples), recorded);
    resampler.flush(recorded.subarray(filled));
    const result = compareAudio(
      parseWav(encodeWav({ sampleRate: RATE, samples: Float64Array.from(recorded) })),
      played,
    );
    expect(result.faults).toEqual([]);
  });

  it("measures added noise at its level", () => {
    const noisy = record(500);
    const power = noisy.reduce((sum, sample) => sum + sample * sample, 0) / noisy.length;
    let seed = 7;
    const result = compare(
      noisy.map((sample) => {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
        return sample + (seed / 0x3fffffff - 1) * Math.sqrt(3 * power * 10 ** -3.5);
      }),
    );
    expect(result.snrDb).toBeGreaterThan(34);
    expect(result.snrDb).toBeLessThan(36);
  });

  it("finds a missing block and says how much is missing", () => {
    const result = compare(without(faultless, 22_000, BLOCK));
    expect(result.snrDb).toBeLessThan(30);
    expect(result.offsetSamples).toBeCloseTo(600, 2);
    const last = result.faults.at(-1);
    expect(last?.lagSamples).toBeCloseTo(-BLOCK, 1);
    expect(result.faults.every(({ sourceMs }) => sourceMs > ((22_000 - 600 - BLOCK) * 1_000) / RATE)).toBe(true);
  });

  it("finds a repeated block and says how much is repeated", () => {
    const result = compare(withRepeated(faultless, 21_000, BLOCK));
    expect(result.faults.at(-1)?.lagSamples).toBeCloseTo(BLOCK, 1);
    expect(result.faults.length).toBeGreaterThan(10);
  });

  it("finds a block missing in a pause", () => {
    const inPause = Math.round(1.3 * RATE) + 600;
    const result = compare(without(faultless, inPause, BLOCK));
    expect(result.faults.length).toBeGreaterThan(10);
  });

  it("finds a slip of one sample", () => {
    for (const at of [10_000, 16_600, 24_000]) {
      const missing = compare(without(faultless, at, 1)).faults;
      const repeated = compare(withRepeated(faultless, at, 1)).faults;
      expect(missing.length).toBeGreaterThan(10);
      expect(repeated.length).toBeGreaterThan(10);
      const measured = Math.abs(missing.at(at < 16_600 ? 0 : -1)?.lagSamples ?? 0);
      expect(measured).toBeGreaterThan(at === 16_600 ? 0.4 : 0.9);
      expect(measured).toBeLessThan(1.1);
    }
  });

  it("finds a block that was replaced by silence or by another one", () => {
    const samples = faultless;
    expect(compare(samples.slice().fill(0, 8_000, 8_000 + BLOCK)).faults.length).toBeGreaterThan(0);
    expect(compare(samples.slice().copyWithin(8_000, 9_000, 9_000 + BLOCK)).faults.length).toBeGreaterThan(0);
  });

  it("finds a lost beginning and a lost end", () => {
    const samples = faultless;
    expect(compare(samples.subarray(600 + 2 * BLOCK)).faults.length).toBeGreaterThan(0);
    expect(compare(samples.subarray(0, samples.length - 1_400 - 2 * BLOCK)).faults.length).toBeGreaterThan(0);
  });
});

describe("WAV files", () => {
  it("survive a round trip to the last bit", () => {
    const samples = Float64Array.from([0, 1 / 32768, -1, 32767 / 32768, 0.25]);
    const read = parseWav(encodeWav({ samples, sampleRate: 44_100 }));
    expect(read).toEqual({ samples, sampleRate: 44_100 });
  });

  it("are refused when their header claims more or less than there is", () => {
    const bytes = encodeWav({ samples: new Float64Array(100), sampleRate: 16_000 });
    expect(() => parseWav(bytes.subarray(0, 200))).toThrow("The RIFF header says");
    expect(() => parseWav(new Uint8Array(60))).toThrow("Not a WAV file.");
  });
});
