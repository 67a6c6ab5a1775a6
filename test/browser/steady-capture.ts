import type { StreamStats } from "loquilex";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { type QuantumCount, witnessQuanta } from "../support/quantum-witness.js";
import { readWav } from "../support/wav.js";
import { PageStream } from "./page-stream.js";
import { TestSite } from "./test-site.js";

export const WIRE_RATE = 16_000;

/** A capture without any trouble, seen from the audio thread, from the page's clock and from the server's disk. */
export interface SteadyCapture {
  readonly count: QuantumCount;
  /**
   * Samples at the wire's rate that the engine gave and the SDK's processor did not post: none may be. What the engine
   * itself skipped is in {@link QuantumCount.skippedSamples}.
   */
  readonly lostSamples: number;
  /** Of the stream's positions, samples that capture says it left out. */
  readonly gapSamples: number;
  /** From the end of `start()` to the end of `pause()`, by the page's clock. */
  readonly wallMs: number;
  /** What was captured in that time. */
  readonly capturedMs: number;
  /** Samples on the server's disk, the gaps in it filled with silence included. */
  readonly recordedSamples: number;
  /** Before the end. */
  readonly clockDriftPpm: number | undefined;
  /** After the end. */
  readonly stats: StreamStats;
  readonly browserVersion: string;
}

/** Captures Chromium's fake microphone for so long, pauses, and takes the figures. */
export async function captureSteadily(executablePath: string, durationMs: number): Promise<SteadyCapture> {
  await using backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
  await using site = await TestSite.serve();
  await using browser = await ChromiumPage.launch({ executablePath });
  const { page } = browser;
  await page.addInitScript(witnessQuanta, WIRE_RATE);
  await page.goto(site.url());
  const stream = await PageStream.create(page, backend.webSocketUrl);
  await stream.start();
  const { wallMs, capturedMs } = await page.evaluate(async (durationMs) => {
    const captured = async (): Promise<number> => (await globalThis.stream.getStats()).capturedDurationMs;
    const [startedAt, before] = [performance.now(), await captured()];
    await new Promise((resolve) => setTimeout(resolve, durationMs));
    await globalThis.stream.pause();
    return { wallMs: performance.now() - startedAt, capturedMs: (await captured()) - before };
  }, durationMs);
  const count = await page.evaluate(() => quantumCount());
  const { clockDriftPpm } = await stream.stats();
  await stream.close();
  const stats = await stream.stats();
  const [file = ""] = await backend.files(".wav");
  return {
    count,
    lostSamples: count.expectedSamples - count.postedSamples,
    gapSamples: Math.round((stats.capturedDurationMs * WIRE_RATE) / 1_000) - stats.samplesCaptured,
    wallMs,
    capturedMs,
    recordedSamples: (await readWav(file)).samples.length,
    clockDriftPpm,
    stats,
    browserVersion: page.context().browser()?.version() ?? "unknown",
  };
}
