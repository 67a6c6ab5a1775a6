import { setTimeout as delay } from "node:timers/promises";
import { HEAP_PARTS, type HeapPart, Heaps } from "../bench/heaps.js";
import { stampInput } from "../bench/latency/stamp-input.js";
import { PageStream } from "../browser/page-stream.js";
import { TestSite } from "../browser/test-site.js";
import { Rng } from "../simulation/rng.js";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { ensureChromium } from "../support/find-chromium.js";
import { readSamples } from "../support/stamped-audio.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { readStamped } from "./stamped-recording.js";
import { climbs, trendOf } from "./trend.js";
import { makeTrouble } from "./troubles.js";

const RATE = 16_000;
const SAMPLE_MS = 10_000;
const WARM_UP_MS = 20_000;
/** For what is left to send, however bad the network was last. */
const CLOSE_MS = 30_000;
/** What each heap may grow by over the whole time, beyond which a steady growth is a leak. */
const TOLERATED_BYTES = 400_000;

type Readings = (readonly [atSec: number, used: Partial<Record<HeapPart, number>>])[];

/** Reads the heaps until the signal. */
async function watchHeaps(heaps: Heaps, stream: PageStream, signal: AbortSignal): Promise<Readings> {
  const began = performance.now();
  const readings: Readings = [];
  while (!signal.aborted) {
    await stream.forget();
    const used = await heaps.used({ collected: true });
    readings.push([(performance.now() - began) / 1_000, used]);
    const figures = HEAP_PARTS.map((part) => `${part} ${((used[part] ?? 0) / 1e3).toFixed(1)} kB`);
    console.log(`${String(Math.round(readings.at(-1)?.[0] ?? 0)).padStart(5)}s  ${figures.join("  ")}`);
    await delay(SAMPLE_MS, undefined, { signal }).catch(() => {});
  }
  return readings;
}

function findGrowth(readings: Readings): string[] {
  return HEAP_PARTS.flatMap((part) => {
    const trend = trendOf(readings.map(([at, used]) => [at, used[part] ?? 0]));
    const growth = `${(trend.growth / 1e3).toFixed(1)} kB over the whole time, steadiness ${trend.steadiness.toFixed(2)}`;
    console.log(`Heap of the ${part}: ${growth}`);
    return climbs(trend, TOLERATED_BYTES) ? [`The heap of the ${part} climbs: ${growth}.`] : [];
  });
}

/** Streams from a worker of a real Chromium while the network is cut, and compares each sample. @returns what is wrong. */
export async function soakBrowser(minutes: number, seed: number): Promise<string[]> {
  const rng = new Rng(seed);
  await using backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
  await using proxy = await TcpProxy.listen({ targetPort: backend.port });
  await using site = await TestSite.serve();
  await using browser = await ChromiumPage.launch({ executablePath: await ensureChromium() });
  const { page } = browser;
  await page.addInitScript(stampInput(RATE, { timed: false }));
  await page.goto(site.url());
  const heaps = await Heaps.watch({ newDevtools: () => page.context().newCDPSession(page) });
  const stream = await PageStream.create(page, `ws://127.0.0.1:${proxy.port}/v1/stream`, { host: "worker" });
  await stream.start();
  console.log(`Seed ${seed}, ${minutes} minutes after ${WARM_UP_MS / 1_000} s to warm up.`);
  await makeTrouble(proxy, backend.pid, { rng, signal: AbortSignal.timeout(WARM_UP_MS) });

  const signal = AbortSignal.timeout(minutes * 60_000);
  const [readings, troubles] = await Promise.all([
    watchHeaps(heaps, stream, signal),
    makeTrouble(proxy, backend.pid, { rng, signal }),
  ]);
  await stream.close({ timeoutMs: CLOSE_MS });
  const [stats, record, end] = [await stream.stats(), await stream.record(), await stream.ended()];
  const recordings = await Promise.all((await backend.files(".wav")).map(readSamples));
  const [recording = new Int16Array(0)] = recordings;
  const { right, silent, wrong } = readStamped(recording);
  const captured = Math.round((stats.capturedDurationMs / 1_000) * RATE);
  const dropped = record.drops.reduce((sum, { from, to }) => sum + to - from, 0);
  console.log(`Troubles: ${Array.from(troubles, ([name, count]) => `${count} × ${name}`).join(", ")}.`);
  console.log(
    `${record.reconnections.length} reconnections, ${stats.framesRetransmitted} of ${stats.framesSent} frames sent again. ` +
      `${captured} positions: ${right} samples right, ${silent} silent, ${wrong} wrong; ` +
      `${captured - stats.samplesCaptured} never given by the engine, ${dropped} dropped.`,
  );

  const faults = findGrowth(readings);
  if (end.outcome !== "closed")
    faults.push(`The stream has not closed, but ${end.outcome}: ${end.code} ${end.message}`);
  if (recordings.length !== 1) faults.push(`There are ${recordings.length} recordings, and not one.`);
  if (wrong > 0) faults.push(`${wrong} samples are not what was said there.`);
  if (recording.length !== captured) faults.push(`The recording has ${recording.length} samples, and not ${captured}.`);
  if (silent !== captured - stats.samplesCaptured + dropped)
    faults.push("What is silent was not announced, or not silent.");
  if (stats.host !== "worker") faults.push(`It ran on the ${stats.host}.`);
  if (record.reconnections.length === 0) faults.push("No connection was ever made again.");
  const { tracks, contexts, workers, sockets } = await browser.live();
  if (tracks + contexts + workers + sockets > 0)
    faults.push(`The page still holds ${JSON.stringify(await browser.live())}.`);
  if (browser.pageErrors.length > 0) faults.push(`The page had errors:\n${browser.pageErrors.join("\n")}`);
  return faults;
}
