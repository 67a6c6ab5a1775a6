import { build, stop } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { html, TestSite } from "../browser/test-site.js";
import type { EnginePage } from "../support/engines/engine-page.js";
import { launchEngine } from "../support/engines/engines.js";
import { findEngine } from "../support/engines/find-engines.js";
import type { RecordingDelivery, RecordingOrder, tone } from "../support/fixtures/recording-page.js";
import { readOpusFile } from "../support/opus-tools.js";

declare global {
  var record: (order: RecordingOrder) => Promise<RecordingDelivery>;
}

/** At which Opus decodes. */
const RATE = 48_000;
/** The ends of what was captured are not looked at: there the codec rings. */
const EDGE = RATE / 50;

let site: TestSite;

beforeAll(async () => {
  const entry = new URL("../support/fixtures/recording-page.ts", import.meta.url);
  const bundled = await build({ entryPoints: [entry.pathname], bundle: true, write: false, format: "iife" });
  await stop();
  const code = bundled.outputFiles[0]?.text ?? "";
  site = await TestSite.serve({ "/recording": { html: html(`<script>${code.replaceAll("</", "<\\/")}</script>`) } });
});

afterAll(() => site[Symbol.asyncDispose]());

const bytesOf = (base64: string | undefined): Uint8Array => new Uint8Array(Buffer.from(base64 ?? "", "base64"));

/** The page's, which has to use nothing from outside itself. */
const toneAt: typeof tone = (position, channel, sampleRate) => {
  const seconds = position / sampleRate;
  return 0.4 * Math.sin(2 * Math.PI * (channel === 0 ? 300 : 520) * seconds + 200 * Math.sin(seconds));
};

/** By how many samples what is heard is late, and the signal to the noise in dB if that is taken into account. */
function align(heard: Float32Array, from: number, to: number, channel: number): { lag: number; snr: number } {
  let best = { lag: Number.NaN, snr: Number.NEGATIVE_INFINITY };
  for (let lag = -24; lag <= 24; lag += 1) {
    let signal = 0;
    let noise = 0;
    for (let at = from + EDGE; at < to - EDGE; at += 1) {
      const expected = toneAt(at, channel, RATE);
      signal += expected ** 2;
      noise += (expected - (heard[at + lag] ?? 0)) ** 2;
    }
    const snr = 10 * Math.log10(signal / noise);
    if (snr > best.snr) best = { lag, snr };
  }
  return best;
}

describe.each(["chromium", "firefox"] as const)("a recording in Opus by %s", (name) => {
  let page: EnginePage;

  beforeAll(async () => {
    const engine = await findEngine(name);
    if (engine === undefined) throw new Error(`This machine has no ${name}.`);
    page = await launchEngine(engine, process.env as Readonly<Record<string, string>>);
    await page.open(site.url("/recording"));
  });

  afterAll(() => page?.[Symbol.asyncDispose]());

  it.each<readonly [RecordingOrder["encoding"], sampleRate: number, channelCount: 1 | 2]>([
    ["pcm_s16le", 16_000, 1],
    ["pcm_s16le", 48_000, 2],
    ["mulaw", 8_000, 1],
    ["pcm_f32le", 24_000, 2],
    ["pcm_s16le", 44_100, 1],
    ["pcm_f32le", 22_050, 2],
    ["pcm_s16le", 11_025, 1],
  ])("has each sample at its time, in %s at %i Hz with %i channels", async (encoding, sampleRate, channelCount) => {
    // Long; after a short gap, of an odd length; and after one of which most is silence that no encoder made.
    const stretches = [
      [50, 3 * sampleRate],
      [4 * sampleRate + 11, Math.round(sampleRate / 3) + 7],
      [12 * sampleRate + 123, 2 * sampleRate + 1],
    ] as const;
    const end = 14 * sampleRate + 124;
    const order = { sampleRate, channelCount, encoding, stretches, frameSamples: Math.round(sampleRate / 50) };
    const { file, early, decodedLength, ...delivery } = await page.evaluate((order: RecordingOrder) => record(order), {
      ...order,
      askAt: 2 * sampleRate,
    });
    expect(delivery).toMatchObject({ type: "audio/ogg; codecs=opus", warnings: [] });
    expect(delivery.gaps).toHaveLength(3);
    expect(delivery.durationMs).toBeCloseTo((1_000 * end) / sampleRate, 6);
    const inFile = (position: number): number => Math.round((position * RATE) / sampleRate);
    const { info, channels } = await readOpusFile(bytesOf(file), channelCount);
    expect(info).not.toMatch(/warning|error/i);
    expect(channels.map(({ length }) => length)).toEqual(Array(channelCount).fill(inFile(end)));
    const figures: string[] = [];
    for (const [channel, heard] of channels.entries()) {
      for (const [from, count] of stretches) {
        const { lag, snr } = align(heard, inFile(from), inFile(from + count), channel);
        figures.push(`${lag} ${snr.toFixed(1)}`);
        // The codec's part for speech is itself a fraction of a sample late at its own rate, which is 16 kHz at most.
        expect(Math.abs(lag)).toBeLessThanOrEqual(6);
        expect(snr).toBeGreaterThan(12);
      }
      let loudest = 0;
      for (let at = inFile(4.5 * sampleRate); at < inFile(11.9 * sampleRate); at += 1)
        loudest = Math.max(loudest, Math.abs(heard[at] ?? 0));
      expect(loudest).toBeLessThan(0.001);
    }
    const before = await readOpusFile(bytesOf(early), channelCount);
    expect(before.info).not.toMatch(/warning|error/i);
    // Asked for with the frame that reaches the second second.
    const asked = 50 + Math.ceil((2 * sampleRate - 50) / order.frameSamples) * order.frameSamples;
    expect(before.channels[0]?.length).toBe(inFile(asked));
    for (const [channel, heard] of before.channels.entries()) {
      const { snr } = align(heard, inFile(50), inFile(asked), channel);
      const { snr: tail } = align(heard, inFile(asked) - 4 * EDGE, inFile(asked), channel);
      figures.push(`early ${snr.toFixed(1)} ${tail.toFixed(1)}`);
      expect(snr).toBeGreaterThan(12);
      expect(tail).toBeGreaterThan(8);
    }
    expect(decodedLength).toBe(inFile(end));
    console.log(
      `${name} ${encoding} ${sampleRate} ${channelCount}: ${figures.join(", ")}; ${delivery.byteLength} bytes`,
    );
  });
});
