import type { StreamStats } from "loquilex";
import { expect, inject } from "vitest";
import { type AudioComparison, compareAudio } from "../support/audio-compare.js";
import { resample } from "../support/audio-compare-resample.js";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import type { Speech } from "../support/speech.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { type MonoAudio, readWav } from "../support/wav.js";
import { PageStream, type PageStreamOptions, type StreamRecord } from "./page-stream.js";
import { expectReleased } from "./released.js";
import { TestSite } from "./test-site.js";

const ATTEMPTS = 3;
/** For a test that speaks, on a machine so busy that it has to speak as often as it may. */
export const SPEECH_TIMEOUT_MS = 300_000;
const SAMPLES_PER_FRAME = 320;

/** A page whose microphone is about to speak, and the way from it to a server. */
export interface Stage {
  readonly browser: ChromiumPage;
  readonly speech: Speech;
  readonly proxy: TcpProxy;
  /** Starts a stream through the proxy. */
  startStream(options?: PageStreamOptions): Promise<PageStream>;
}

/** What can be said of a stream after its end. */
export interface Aftermath {
  readonly stats: StreamStats;
  readonly record: StreamRecord;
  readonly consoleErrors: readonly string[];
}

/**
 * Speaks a sentence into a page, lets `scene` do with the connection what it likes until it has closed the stream, and
 * demands the whole sentence of the server's file: without a fault, at 30 dB or better, as long as the figures say, and
 * with nothing left behind in the page.
 *
 * Where the file differs from the sentence in a way the browser's microphone already did, the sentence is spoken again.
 */
export async function speakSentence(scene: (stage: Stage) => Promise<PageStream>): Promise<Aftermath> {
  for (let attempt = 1; ; attempt++) {
    await using backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
    await using proxy = await TcpProxy.listen({ targetPort: backend.port });
    await using site = await TestSite.serve();
    await using browser = await ChromiumPage.launch({
      executablePath: inject("chromiumPath"),
      microphone: { what: "sentence" },
      tap: true,
    });
    const { page, speech } = browser;
    if (speech === undefined) throw new Error("The browser has no speech.");
    await page.goto(site.url());
    const startStream = async (options?: PageStreamOptions): Promise<PageStream> => {
      const stream = await PageStream.create(page, `ws://127.0.0.1:${proxy.port}/v1/stream`, options);
      await stream.start();
      return stream;
    };
    const stream = await scene({ browser, speech, proxy, startStream });
    const stats = await stream.stats();
    const record = await stream.record();

    const files = await backend.files(".wav");
    expect(files).toHaveLength(1);
    const recorded = await readWav(files[0] ?? "");
    expect(recorded.sampleRate).toBe(16_000);
    const heard = atRate(await browser.tapped(), recorded.sampleRate);
    // Holds however the microphone stumbled: all that came out of it is on the disk.
    expectWhole(compareAudio(recorded, heard));
    const comparison = compareAudio(recorded, speech.audio);
    if (comparison.faults.length > 0 && attempt < ATTEMPTS && compareAudio(heard, speech.audio).faults.length > 0) {
      console.warn("The browser's own microphone left something out, which this machine was too busy for: once more.");
      continue;
    }
    console.log(
      `SNR ${comparison.snrDb.toFixed(1)} dB over ${comparison.audibleBlocks} audible blocks, ` +
        `${stats.framesRetransmitted} of ${stats.framesSent} frames sent again, ` +
        `${recorded.samples.length} samples recorded of ${stats.samplesCaptured} captured`,
    );
    expectWhole(comparison);
    expect(comparison.gain).toBeCloseTo(1, 2);
    expect(Math.abs(recorded.samples.length - stats.samplesCaptured)).toBeLessThanOrEqual(SAMPLES_PER_FRAME);
    expect(stats.acknowledgedDurationMs).toBe(stats.capturedDurationMs);
    expect(stats.captureGapCount).toBe(0);
    expect(record.drops).toEqual([]);
    await expectReleased(browser);
    expect(browser.pageErrors).toEqual([]);
    return { stats, record, consoleErrors: browser.consoleErrors };
  }
}

function expectWhole({ faults, snrDb, audibleBlocks }: AudioComparison): void {
  expect(faults).toEqual([]);
  expect(snrDb).toBeGreaterThanOrEqual(30);
  expect(audibleBlocks).toBeGreaterThan(200);
}

const atRate = (audio: MonoAudio, sampleRate: number): MonoAudio => ({
  samples: resample(audio, sampleRate, 0, Math.floor((audio.samples.length * sampleRate) / audio.sampleRate)),
  sampleRate,
});
