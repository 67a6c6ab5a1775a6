import { readFile } from "node:fs/promises";
import { build, stop } from "esbuild";
import { AudioFrameFlag } from "loquilex/protocol";
import { OpusDecoder } from "opus-decoder";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { ChromiumPage } from "../support/chromium-page.js";
import type { OpusDelivery, OpusOrder } from "../support/fixtures/opus-page.js";
import { parseWav } from "../support/wav.js";
import { html, TestSite } from "./test-site.js";

declare global {
  var encodeOpus: (order: OpusOrder) => Promise<OpusDelivery>;
}

let site: TestSite;
let browser: ChromiumPage;

beforeAll(async () => {
  const entry = new URL("../support/fixtures/opus-page.ts", import.meta.url);
  const bundled = await build({ entryPoints: [entry.pathname], bundle: true, write: false, format: "iife" });
  await stop();
  const code = bundled.outputFiles[0]?.text ?? "";
  site = await TestSite.serve({ "/opus": { html: html(`<script>${code.replaceAll("</", "<\\/")}</script>`) } });
  browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
  await browser.page.goto(site.url("/opus"));
});

afterAll(async () => {
  await browser[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

const encode = (order: OpusOrder): Promise<OpusDelivery> => browser.page.evaluate((order) => encodeOpus(order), order);

interface Heard {
  /** By channel. */
  readonly channels: Float32Array[];
  /** How often each position came. */
  readonly counts: Uint8Array;
}

/** What a server hears: a new decoder at each restart, and of each packet the samples that the frame speaks of. */
async function hear(frames: OpusDelivery["frames"], order: OpusOrder, length: number): Promise<Heard> {
  const { sampleRate, channelCount, frameDurationMs } = order;
  const channels = Array.from({ length: channelCount }, () => new Float32Array(length));
  const counts = new Uint8Array(length);
  let decoder: OpusDecoder<16_000> | undefined;
  for (const { position, sampleCount, flags, packet } of frames) {
    const restart = (flags & AudioFrameFlag.restart) !== 0;
    if (restart) {
      decoder = new OpusDecoder({ sampleRate: sampleRate as 16_000, channels: channelCount });
      await decoder.ready;
    }
    const decoded = decoder?.decodeFrame(Uint8Array.from(packet));
    expect(decoded?.errors).toEqual([]);
    expect(decoded?.samplesDecoded).toBe((frameDurationMs / 1_000) * sampleRate);
    const from = restart ? (decoded?.samplesDecoded ?? 0) - sampleCount : 0;
    for (const [channel, values] of channels.entries()) {
      values.set(decoded?.channelData[channel]?.subarray(from, from + sampleCount) ?? [], position);
    }
    for (let at = position; at < position + sampleCount; at += 1) counts[at] = (counts[at] ?? 0) + 1;
  }
  return { channels, counts };
}

/** Signal to noise when `heard` is `lag` samples late, in dB; `edge` samples at both ends are not looked at. */
function snrDb(source: ArrayLike<number>, heard: ArrayLike<number>, lag: number, edge: number): number {
  let signal = 0;
  let noise = 0;
  for (let index = edge; index < source.length - edge; index += 1) {
    const expected = source[index] ?? 0;
    signal += expected ** 2;
    noise += (expected - (heard[index + lag] ?? 0)) ** 2;
  }
  return 10 * Math.log10(signal / noise);
}

/** By how many samples what is heard is late, and how well it fits there. */
function align(source: ArrayLike<number>, heard: ArrayLike<number>): { readonly lag: number; readonly snr: number } {
  let best = { lag: Number.NaN, snr: Number.NEGATIVE_INFINITY };
  for (let lag = -400; lag <= 400; lag += 1) {
    const snr = snrDb(source, heard, lag, 400);
    if (snr > best.snr) best = { lag, snr };
  }
  return best;
}

/** A tone that rises, another in each channel. */
const sweep = (position: number, channel: number, sampleRate: number): number => {
  const seconds = position / sampleRate;
  return 0.4 * Math.sin(2 * Math.PI * ((channel === 0 ? 300 : 520) * seconds + 400 * seconds * seconds));
};

describe("Opus packets of Chromium's encoder", () => {
  it.each<readonly [sampleRate: number, channelCount: number, frameDurationMs: number, minSnrDb: number]>([
    [8_000, 1, 20, 25],
    [12_000, 1, 40, 20],
    [16_000, 1, 10, 18],
    [16_000, 1, 20, 25],
    [16_000, 2, 60, 22],
    [24_000, 2, 20, 25],
    [48_000, 1, 60, 15],
    [48_000, 2, 20, 25],
  ])(
    "hold every sample once and in its place, at %i Hz with %i channels in packets of %i ms",
    async (sampleRate, channelCount, frameDurationMs, minSnrDb) => {
      // Long, of an odd length after a gap, far shorter than a packet, and just too long for one.
      const packet = (frameDurationMs / 1_000) * sampleRate;
      const stretches = [
        [100, sampleRate],
        [2 * sampleRate, Math.round(sampleRate / 3) + 7],
        [3 * sampleRate, 5],
        [4 * sampleRate, packet - 3],
      ] as const;
      const runs = stretches.map(([position, count]) => ({
        position,
        values: Array.from({ length: count * channelCount }, (_, index) =>
          sweep(position + Math.floor(index / channelCount), index % channelCount, sampleRate),
        ),
      }));
      const order = { sampleRate, channelCount, frameDurationMs, runs, pieceSamples: 0.02 * sampleRate };
      const { supported, frames, errors, late } = await encode(order);
      expect({ supported, errors, late }).toEqual({ supported: true, errors: [], late: 0 });
      const { channels, counts } = await hear(frames, order, 5 * sampleRate);
      const expected = new Uint8Array(5 * sampleRate);
      for (const [position, count] of stretches) expected.fill(1, position, position + count);
      expect(Buffer.compare(counts, expected)).toBe(0);
      expect(
        frames.filter(({ flags }) => (flags & AudioFrameFlag.restart) !== 0).map(({ position }) => position),
      ).toEqual(stretches.map(([position]) => position));
      for (const { position, timestamp } of frames) expect(timestamp).toBeCloseTo((1_000 * position) / sampleRate, 6);
      for (const [channel, heard] of channels.entries()) {
        for (const [position, count] of stretches.slice(0, 2)) {
          const source = Array.from({ length: count }, (_, index) => sweep(position + index, channel, sampleRate));
          const { lag, snr } = align(source, heard.subarray(position, position + count));
          // The codec's part for speech is itself a fraction of a sample late at its own rate, which is 16 kHz at most.
          expect(Math.abs(lag)).toBeLessThanOrEqual(Math.max(1, sampleRate / 16_000));
          expect(snr).toBeGreaterThan(minSnrDb);
        }
      }
    },
  );

  it("hold speech in its place", async () => {
    const { samples, sampleRate } = parseWav(
      await readFile(new URL("../support/fixtures/digits.wav", import.meta.url)),
    );
    const order = {
      ...{ sampleRate, channelCount: 1, frameDurationMs: 20, pieceSamples: 128 },
      runs: [{ position: 0, values: Array.from(samples) }],
    };
    const { frames, errors } = await encode(order);
    expect(errors).toEqual([]);
    const { channels, counts } = await hear(frames, order, samples.length);
    expect(counts.every((count) => count === 1)).toBe(true);
    const { lag, snr } = align(samples, channels[0] ?? []);
    expect(Math.abs(lag)).toBeLessThanOrEqual(1);
    expect(snr).toBeGreaterThan(10);
    const bytes = frames.reduce((sum, { packet }) => sum + packet.length, 0);
    // An eighth of what the samples take, or less.
    expect(bytes).toBeLessThan((2 * samples.length) / 8);
  });
});
