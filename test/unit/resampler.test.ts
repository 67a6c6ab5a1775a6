import { describe, expect, it } from "vitest";
import { Resampler } from "../../src/worklet/resampler/resampler.js";
import { RESAMPLER_KERNELS } from "../support/resampler-kernels.js";
import { measureResponse } from "../support/resampler-response.js";
import { decibels, fitTone, noise, rms, sine } from "../support/signals.js";
import { RATE_PAIRS } from "../support/usual-rates.js";

/** Feeds `input` in pieces of the given lengths, over and over, and returns all output with the tail. */
function convert(resampler: Resampler, input: Float32Array, lengths: readonly number[]): Float32Array {
  const pieces: Float32Array[] = [];
  const output = new Float32Array(Math.max(resampler.maxOutputLength(Math.max(...lengths)), resampler.maxTailLength));
  for (let at = 0, turn = 0; at < input.length; turn += 1) {
    const piece = input.subarray(at, at + (lengths[turn % lengths.length] ?? 1));
    const expected = resampler.outputLength(piece.length);
    const written = resampler.push(piece, output);
    expect(written).toBe(expected);
    expect(written).toBeLessThanOrEqual(resampler.maxOutputLength(piece.length));
    pieces.push(output.slice(0, written));
    at += piece.length;
  }
  pieces.push(output.slice(0, resampler.flush(output)));
  return Float32Array.from(pieces.flatMap((piece) => Array.from(piece)));
}

/** Without the filter's transients at both ends. */
function steady(samples: Float32Array, edge: number): Float32Array {
  return samples.subarray(edge, samples.length - edge);
}

/**
 * Tones above half the lower rate, in parts of it: in the first side lobes, far away, and off every whole ratio. Nearer to
 * the edge a tone's alias beats with the output's own rate, so that its level cannot be told from a short piece.
 */
const ABOVE = [1.0125, 1.02, 1.027, 1.31, 1.77, 2.618, 4.236, 7.9, 11.1, 17.7];

describe.each(RESAMPLER_KERNELS)("in $kernel,", ({ open }) => {
  const openResampler = (inputRate: number, outputRate: number) => new Resampler(inputRate, outputRate, open);
  const resample = (inputRate: number, outputRate: number, input: Float32Array) =>
    convert(openResampler(inputRate, outputRate), input, [input.length]);

  describe.each([48_000, 44_100])("the resampler from %i Hz to 16 kHz", (from) => {
    // xiph/rnnoise#209: the output must not depend on how the input was cut.
    it.each([
      { name: "in render quanta of 128", lengths: [128] },
      { name: "in odd lengths", lengths: [1, 127, 333, 7, 1024, 61, 5000] },
      { name: "sample by sample", lengths: [1] },
    ])("gives the same to the last bit $name as whole", ({ lengths }) => {
      const input = noise(from / 2 + 13);
      const whole = resample(from, 16_000, input);
      const cut = convert(openResampler(from, 16_000), input, lengths);
      expect(Buffer.from(cut.buffer).equals(Buffer.from(whole.buffer))).toBe(true);
    });

    // xiph/rnnoise#209: what lies above the wire's band must not fold back into it.
    it("silences every tone from 8.05 kHz up to −100 dB", { timeout: 60_000 }, () => {
      let worst = { frequency: 0, level: -Infinity };
      for (let frequency = 8_050; frequency <= from / 2; frequency += frequency < 8_400 ? 5 : 50) {
        const output = resample(from, 16_000, sine(frequency, from, 8_192));
        const level = decibels(rms(steady(output, 200)) * Math.SQRT2);
        if (level > worst.level) worst = { frequency, level };
      }
      expect(worst.level, `worst at ${worst.frequency} Hz`).toBeLessThan(-100);
    });

    it("keeps the band up to 7.2 kHz within 0.02 dB", () => {
      for (let frequency = 100; frequency <= 7_200; frequency += 100) {
        const output = steady(resample(from, 16_000, sine(frequency, from, 16_384, 0.5)), 200);
        const { amplitude } = fitTone(output, frequency, 16_000);
        expect(Math.abs(decibels(amplitude / 0.5)), `${frequency} Hz`).toBeLessThan(0.02);
      }
    });

    it("delays nothing by more than 4.2 ms", () => {
      expect(openResampler(from, 16_000).delaySeconds).toBeLessThan(0.0042);
    });
  });

  it.each([
    { from: 48_000, snrDb: 130 },
    { from: 44_100, snrDb: 120 },
  ])("1 kHz at $from Hz comes out with an SNR above $snrDb dB", ({ from, snrDb }) => {
    const output = steady(resample(from, 16_000, sine(1_000, from, from)), 400);
    expect(fitTone(output, 1_000, 16_000).snrDb).toBeGreaterThan(snrDb);
  });

  describe.each(RATE_PAIRS)("the resampler from $from to $to Hz", ({ from, to }) => {
    it.each([0, 1, 2, 100, 1_001, 20_011])("makes of %i samples as many as last the same time", (length) => {
      expect(convert(openResampler(from, to), noise(length), [128])).toHaveLength(Math.round((length * to) / from));
    });

    it("keeps every sample at its time, with an SNR above 110 dB", () => {
      const frequency = 1_234;
      const output = resample(from, to, sine(frequency, from, from / 2, 0.9));
      const edge = Math.ceil(0.02 * to);
      const fit = fitTone(steady(output, edge), frequency, to, edge);
      expect(fit.amplitude).toBeCloseTo(0.9, 4);
      expect(Math.abs(fit.phase)).toBeLessThan(1e-4);
      expect(fit.snrDb).toBeGreaterThan(110);
    });
  });

  describe.each(RATE_PAIRS.filter(({ from, to }) => from !== to))(
    "the resampler from $from to $to Hz",
    ({ from, to }) => {
      const lower = Math.min(from, to);

      // xiph/rnnoise#209: what lies above the wire's band must not fold back into it.
      it("leaves of no tone an image or alias above −100 dB, and keeps the band up to 0.9 within 0.02 dB", () => {
        const { rejectionDb, worstFrequency, rippleDb } = measureResponse(from, to, open);
        expect(rejectionDb, `worst at ${worstFrequency} Hz`).toBeLessThan(-100);
        expect(rippleDb).toBeLessThan(0.02);
      });

      it("lets nothing above −100 dB through of tones beyond the lower band", () => {
        for (const frequency of ABOVE.map((part) => (part * lower) / 2).filter((frequency) => frequency < from / 2)) {
          const output = steady(resample(from, to, sine(frequency, from, Math.ceil(0.1 * from))), Math.ceil(0.02 * to));
          expect(decibels(rms(output) * Math.SQRT2), `${frequency} Hz`).toBeLessThan(-100);
        }
      });

      it("adds no more than −100 dB to tones within the lower band, and changes them by less than 0.02 dB", () => {
        for (const part of [0.013, 0.31, 0.618, 0.85, 0.9]) {
          const frequency = (part * lower) / 2;
          const output = steady(resample(from, to, sine(frequency, from, Math.ceil(0.2 * from))), Math.ceil(0.02 * to));
          const { amplitude, snrDb } = fitTone(output, frequency, to);
          expect(snrDb, `${frequency} Hz`).toBeGreaterThan(100);
          expect(Math.abs(decibels(amplitude)), `${frequency} Hz`).toBeLessThan(0.02);
        }
      });

      it("waits for no more than 67 samples of the lower rate: 4.2 ms where speech is heard at 16 kHz", () => {
        const { delaySeconds } = openResampler(from, to);
        expect(delaySeconds * lower).toBeLessThanOrEqual(67);
        if (lower >= 16_000) expect(delaySeconds).toBeLessThan(0.0042);
      });
    },
  );

  describe("the resampler between rates without a small common ratio", () => {
    it.each([
      { from: 44_056, to: 16_000 },
      { from: 47_999, to: 16_000 },
      { from: 8_001, to: 48_000 },
      { from: 44_099.5, to: 16_000 },
      { from: 100_000 / Math.PI, to: 16_000 },
      { from: 191_999, to: 22_051 },
    ])("from $from to $to Hz stays in time and above 100 dB", ({ from, to }) => {
      const seconds = 1.5;
      const length = Math.round(from * seconds);
      const output = convert(openResampler(from, to), sine(1_000, from, length), [128, 77]);
      expect(Math.abs(output.length - (length * to) / from)).toBeLessThan(1);
      const edge = Math.ceil(0.02 * to);
      const fit = fitTone(steady(output, edge), 1_000, to, edge);
      expect(Math.abs(fit.phase)).toBeLessThan(1e-4);
      expect(fit.snrDb).toBeGreaterThan(100);
    });

    it.each([
      { from: 44_056, to: 16_000 },
      { from: 16_001, to: 48_000 },
    ])(
      "keeps the error of interpolating between phases below −110 dB near the band's edge, from $from to $to Hz",
      ({ from, to }) => {
        const output = steady(resample(from, to, sine(7_000, from, from)), 1_000);
        expect(fitTone(output, 7_000, to).snrDb).toBeGreaterThan(110);
      },
    );

    it("does not depend on how the input was cut either", () => {
      const input = noise(30_000);
      const whole = resample(44_056, 16_000, input);
      expect(convert(openResampler(44_056, 16_000), input, [128, 1, 57])).toEqual(whole);
    });
  });

  describe("the resampler", () => {
    it("passes equal rates through exactly and without delay", () => {
      const input = noise(1_000);
      const resampler = openResampler(16_000, 16_000);
      const output = new Float32Array(1_000);
      expect(resampler.push(input, output)).toBe(1_000);
      expect(output).toEqual(input);
      expect(resampler.flush(output)).toBe(0);
      expect(resampler.delaySeconds).toBe(0);
    });

    it("carries nothing over a flush", () => {
      const resampler = openResampler(44_100, 16_000);
      const input = noise(5_000);
      const first = convert(resampler, input, [128]);
      expect(convert(resampler, input, [128])).toEqual(first);
    });

    it("carries nothing over a reset", () => {
      const resampler = openResampler(48_000, 16_000);
      const input = noise(5_000);
      const expected = convert(resampler, input, [128]);
      resampler.push(noise(777, 9), new Float32Array(300));
      resampler.reset();
      expect(convert(resampler, input, [128])).toEqual(expected);
    });

    // xiph/rnnoise#209: one bad sample must not spread over the filter's length.
    it("takes what is not finite as silence", () => {
      const bad = noise(4_000);
      const good = bad.slice();
      for (const [index, value] of [NaN, Infinity, -Infinity].entries()) {
        bad[1_000 + index] = value;
        good[1_000 + index] = 0;
      }
      expect(resample(48_000, 16_000, bad)).toEqual(resample(48_000, 16_000, good));
    });

    it("passes a constant unchanged", () => {
      for (const from of [48_000, 44_100, 44_056]) {
        const output = steady(resample(from, 16_000, new Float32Array(10_000).fill(0.5)), 200);
        for (const sample of output) expect(sample).toBeCloseTo(0.5, 6);
      }
    });

    it.each([0, -1, NaN, Infinity, 999, 800_000])("refuses a rate of %d", (rate) => {
      expect(() => openResampler(rate, 16_000)).toThrow(RangeError);
      expect(() => openResampler(48_000, rate)).toThrow(RangeError);
    });

    it("refuses an output without room, before it takes anything", () => {
      const resampler = openResampler(48_000, 16_000);
      const input = noise(2_000);
      expect(() => resampler.push(input, new Float32Array(10))).toThrow(RangeError);
      expect(convert(resampler, input, [2_000])).toEqual(resample(48_000, 16_000, input));
      resampler.push(input, new Float32Array(1_000));
      expect(() => resampler.flush(new Float32Array(3))).toThrow(RangeError);
    });
  });
});
