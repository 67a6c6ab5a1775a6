import { describe, expect, it } from "vitest";
import { EngineEar, type StreamFormat } from "../../examples/server/engines/hearing/engine-ear.js";
import { EngineResampler } from "../../examples/server/engines/hearing/engine-resampler.js";
import { toMono } from "../../examples/server/engines/hearing/mono-samples.js";
import { ENCODERS } from "../../src/worklet/encoder.js";

const tone = (hertz: number, sampleRate: number, count: number): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: count }, (_, index) => 0.5 * Math.sin((2 * Math.PI * hertz * index) / sampleRate));

/** What is left of `heard` beside the tone, in dB below it, edges not counted. */
function noiseDb(heard: Float32Array, hertz: number, sampleRate: number): number {
  const expected = tone(hertz, sampleRate, heard.length);
  let signal = 0;
  let noise = 0;
  for (let index = 200; index < heard.length - 200; index += 1) {
    signal += (expected[index] ?? 0) ** 2;
    noise += ((heard[index] ?? 0) - (expected[index] ?? 0)) ** 2;
  }
  return 10 * Math.log10(noise / signal);
}

/** All that comes out for input in pieces of `piece` samples. */
function convert(resampler: EngineResampler, input: Float32Array, piece: number): Float32Array {
  const output: number[] = [];
  for (let at = 0; at < input.length; at += piece) output.push(...resampler.push(input.subarray(at, at + piece)));
  return Float32Array.from([...output, ...resampler.flush()]);
}

describe("the resampler of the engines", () => {
  it.each([8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 47_999, 48_000])(
    "brings %i Hz to 16 kHz in time and in tune, in pieces of any length",
    (rate) => {
      for (const piece of [1, 7, rate / 50, 10_000]) {
        const input = tone(1_000, rate, Math.round(rate / 4));
        const heard = convert(new EngineResampler(rate, 16_000), input, Math.ceil(piece));
        expect(heard).toHaveLength(Math.round((input.length * 16_000) / rate));
        expect(noiseDb(heard, 1_000, 16_000)).toBeLessThan(-50);
      }
    },
  );

  it("lets nothing through that 16 kHz cannot carry", () => {
    const heard = convert(new EngineResampler(48_000, 16_000), tone(10_000, 48_000, 12_000), 960);
    expect(Math.max(...heard.subarray(200, -200).map(Math.abs))).toBeLessThan(0.5 * 10 ** (-50 / 20));
  });

  it("begins anew after its end", () => {
    const resampler = new EngineResampler(44_100, 16_000);
    const input = tone(440, 44_100, 4_410);
    const first = convert(resampler, input, 441);
    expect(convert(resampler, input, 100)).toEqual(first);
  });
});

describe("mono samples", () => {
  it("are the values of µ-law as G.711 has them: those that the encoder keeps come back", () => {
    for (let byte = 0; byte < 256; byte += 1) {
      // 0x7f is −0, which the encoder does not tell from 0.
      const value = toMono(Uint8Array.of(byte), "mulaw", 1);
      expect(new Uint8Array(ENCODERS.mulaw(value, 1))).toEqual(Uint8Array.of(byte === 0x7f ? 0xff : byte));
    }
    expect(Array.from(toMono(Uint8Array.of(0xff, 0x80, 0x00), "mulaw", 1), (value) => value * 32_768)).toEqual([
      0, 32_124, -32_124,
    ]);
  });

  it("are the mean of the channels, and silence where there is no number", () => {
    const floats = new Uint8Array(Float32Array.of(0.5, -0.25, NaN, 1, Infinity, 0, 3, 3).buffer);
    expect(Array.from(toMono(floats, "pcm_f32le", 2))).toEqual([0.125, 0, 0, 1]);
    const integers = new Uint8Array(Int16Array.of(16_384, 0, -32_768, -32_768).buffer);
    expect(Array.from(toMono(integers, "pcm_s16le", 2))).toEqual([0.25, -1]);
  });
});

describe("the ear of the engines", () => {
  const frame = (position: number, payload: Uint8Array<ArrayBuffer>, sampleCount: number) => ({
    flags: 0,
    position,
    payload,
    sampleCount,
  });

  it("gives audio that engines hear as it is", () => {
    const ear = new EngineEar({ encoding: "pcm_s16le", sampleRate: 16_000, channels: 1 }, 640);
    const payload = Uint8Array.of(1, 2, 3, 4);
    expect(ear.hear(frame(640, payload, 2))).toEqual({ samples: payload, position: 640 });
    expect(ear.position).toBe(642);
    expect(ear.rest().samples).toHaveLength(0);
  });

  it.each<StreamFormat>([
    { encoding: "pcm_f32le", sampleRate: 48_000, channels: 2 },
    { encoding: "mulaw", sampleRate: 8_000, channels: 1 },
    { encoding: "pcm_s16le", sampleRate: 44_100, channels: 2 },
  ])("keeps the positions of $encoding at $sampleRate Hz, over a gap as well", (format) => {
    const { sampleRate, channels, encoding } = format;
    const bytes = { pcm_s16le: 2, pcm_f32le: 4, mulaw: 1 }[encoding] * channels;
    const ear = new EngineEar(format, sampleRate);
    const frameSamples = sampleRate / 50;
    let heard = 0;
    for (let index = 0; index < 50; index += 1) {
      const at = sampleRate + index * frameSamples;
      const { samples, position } = ear.hear(frame(at, new Uint8Array(bytes * frameSamples), frameSamples));
      expect(position).toBe(16_000 + heard);
      heard += samples.byteLength / 2;
    }
    heard += ear.rest().samples.byteLength / 2;
    expect(heard).toBe(16_000);
    expect(ear.skipTo(4 * sampleRate)).toEqual({ from: 32_000, to: 64_000 });
    expect(ear.hear(frame(4 * sampleRate, new Uint8Array(bytes * frameSamples), frameSamples)).position).toBe(64_000);
    expect(ear.toStream(64_000)).toBe(4 * sampleRate);
  });
});
