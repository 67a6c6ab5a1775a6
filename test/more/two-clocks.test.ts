import { expect, inject, it } from "vitest";
import { expectReleased } from "../browser/released.js";
import { html, TestSite } from "../browser/test-site.js";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { PulseFinder } from "../support/pulse-times.js";
import { wavChannels } from "../support/wav-channels.js";
import { readWavChunks } from "../support/wav-chunks.js";

declare global {
  var mix: typeof import("loquilex/mix").mix;
}

/** Half a minute with the other long tests; `npm run test:two-clocks` says ten minutes. */
const MINUTES = Number(process.env.LX_TWO_CLOCKS_MINUTES ?? 1 / 2);
const DURATION_MS = MINUTES * 60_000;
const RATE = 16_000;
/**
 * The clock of one of the devices runs as if it made so many samples a second: 312 millionths too fast, or in less than two
 * minutes 1,500, so that without correction they come apart by far more than they may.
 */
const FAST_RATE = MINUTES < 2 ? 16_024 : 16_005;
const FAST_PPM = (FAST_RATE / RATE - 1) * 1e6;
/**
 * How far pulses may be from where most of them are. How far apart the two are from the beginning is up to the engine, whose
 * buffers hold up to 10 ms of either, and so is when it moves sound by as much.
 */
const STEADY_MS = 10;
const PULSE_EVERY_MS = 500;

it("two devices whose clocks drift apart stay together in the server's recording", {
  timeout: 120_000 + DURATION_MS,
  retry: 2,
}, async () => {
  await using backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
  const scripts = ["sdk", "mix"].map((name) => `<script type="module" src="/${name}.js"></script>`);
  await using site = await TestSite.serve({ "/": { html: html(scripts.join("")) } });
  await using browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
  await browser.page.goto(site.url("/"));
  const figures = await browser.page.evaluate(
    async ({ url, durationMs, fastRate, everyMs }) => {
      while (!("sdk" in globalThis && "mix" in globalThis)) await new Promise((resolve) => setTimeout(resolve, 10));
      // Both devices hear the same pulses.
      const room = new AudioContext();
      const pulses = room.createBuffer(1, (room.sampleRate * everyMs) / 1_000, room.sampleRate);
      const width = Math.round(room.sampleRate * 0.005);
      const channel = pulses.getChannelData(0);
      for (let n = 0; n < width; n += 1) channel[1_000 + n] = 0.4 - 0.4 * Math.cos((2 * Math.PI * n) / width);
      const player = new AudioBufferSourceNode(room, { buffer: pulses, loop: true });
      const outlets = [0, 1].map(() => {
        const outlet = new MediaStreamAudioDestinationNode(room);
        player.connect(outlet);
        return outlet;
      }) as [MediaStreamAudioDestinationNode, MediaStreamAudioDestinationNode];
      player.start();
      const left = sdk.mediaStream(outlets[0].stream);
      const inner = sdk.mediaStream(outlets[1].stream);
      // Samples at another rate than they are said to have are those of a device whose clock is wrong.
      const right = {
        open: (options: Parameters<typeof inner.open>[0]) =>
          inner.open({ ...options, format: { ...options.format, sampleRate: fastRate } }),
      };
      const source = globalThis.mix({ left, right });
      const stream = new sdk.AudioStream({ source, transport: sdk.webSocket(url) }, { channelCount: 2 });
      const warnings: string[] = [];
      stream.addEventListener("warning", ({ error }) => warnings.push(error.message));
      stream.addEventListener("drop", () => warnings.push("drop"));
      await stream.start();
      await new Promise((resolve) => setTimeout(resolve, durationMs));
      const figures = source.figures;
      await stream.close();
      const { samplesCaptured } = await stream.getStats();
      for (const outlet of outlets) for (const track of outlet.stream.getTracks()) track.stop();
      await room.close();
      return { figures, warnings, samplesCaptured };
    },
    { url: backend.webSocketUrl, durationMs: DURATION_MS, fastRate: FAST_RATE, everyMs: PULSE_EVERY_MS },
  );
  await expectReleased(browser);
  const [file = ""] = await backend.files(".wav");
  const channels = wavChannels(await readWavChunks(file));
  expect(channels.map(({ samples }) => samples.length)).toEqual([figures.samplesCaptured, figures.samplesCaptured]);
  const [left = [], right = []] = channels.map(({ samples }) => {
    const finder = new PulseFinder();
    for (const [place, value] of samples.entries()) finder.take(value, place);
    return finder.places;
  });
  const skews = left.flatMap((place) => {
    const other = right.reduce(
      (best, next) => (Math.abs(next - place) < Math.abs(best - place) ? next : best),
      Infinity,
    );
    const skewMs = ((other - place) * 1_000) / RATE;
    // A pulse that only one of them heard, before the other was open.
    return Math.abs(skewMs) < PULSE_EVERY_MS / 2 ? [skewMs] : [];
  });
  const usual = skews.toSorted((a, b) => a - b)[skews.length >> 1] ?? Number.NaN;
  const inOrder = skews.map(Math.abs).sort((a, b) => a - b);
  const share = (isRight: (skewMs: number) => boolean): number => skews.filter(isRight).length / skews.length;
  const within = share((skewMs) => Math.abs(skewMs) < 5);
  const uncorrected = DURATION_MS * (FAST_RATE / RATE - 1);
  console.log(
    `${skews.length} pulses; apart by ${inOrder[inOrder.length >> 1]?.toFixed(2)} ms in the middle, by at most ` +
      `${inOrder.at(-1)?.toFixed(2)} ms, uncorrected by ${uncorrected.toFixed(1)} ms; ${(within * 100).toFixed(1)} % within 5 ms; ` +
      `drift measured: ${figures.figures?.driftPpm.toFixed(0)} ppm of ${FAST_PPM.toFixed(0)}`,
  );
  expect(figures.warnings).toEqual([]);
  expect(skews.length).toBeGreaterThan((DURATION_MS / PULSE_EVERY_MS) * 0.95);
  // On a machine that is busy, an engine's audio thread misses its time, and its clock stands still for that moment.
  expect(share((skewMs) => Math.abs(skewMs - usual) < STEADY_MS)).toBeGreaterThan(0.75);
  expect(inOrder.at(-1)).toBeLessThan(100);
});
