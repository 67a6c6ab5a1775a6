import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { compareAudio } from "../support/audio-compare.js";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { readWav } from "../support/wav.js";
import { PageStream } from "./page-stream.js";
import { TestSite } from "./test-site.js";

const SAMPLES_PER_FRAME = 320;

describe("a sentence spoken into the page", () => {
  let backend: BackendProcess;
  let site: TestSite;

  beforeAll(async () => {
    backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
    site = await TestSite.serve();
  });

  afterAll(async () => {
    await site[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  it("is on the server's disk sample for sample, and the figures say so", async () => {
    await using browser = await ChromiumPage.open({
      executablePath: inject("chromiumPath"),
      microphone: { what: "sentence" },
    });
    const { page, speech } = browser;
    if (speech === undefined) throw new Error("The browser has no speech.");
    await page.goto(site.url());
    const stream = await PageStream.create(page, backend.webSocketUrl);
    await stream.start();
    await stream.captured(speech.durationMs);
    await stream.close();

    const [path, ...others] = await backend.files(".wav");
    expect(others).toEqual([]);
    const recorded = await readWav(path ?? "");
    const comparison = compareAudio(recorded, speech.audio);
    const stats = await stream.stats();
    const record = await stream.record();
    console.log(
      `SNR ${comparison.snrDb.toFixed(1)} dB, ${comparison.audibleBlocks} audible blocks, gain ${comparison.gain.toFixed(5)}, ` +
        `${recorded.samples.length} samples recorded of ${stats.samplesCaptured} captured`,
    );
    expect(recorded.sampleRate).toBe(16_000);
    expect(comparison.faults).toEqual([]);
    expect(comparison.audibleBlocks).toBeGreaterThan(200);
    expect(comparison.snrDb).toBeGreaterThanOrEqual(30);
    expect(comparison.gain).toBeCloseTo(1, 2);
    expect(Math.abs(recorded.samples.length - stats.samplesCaptured)).toBeLessThanOrEqual(SAMPLES_PER_FRAME);
    expect(stats.acknowledgedDurationMs).toBe(stats.capturedDurationMs);
    expect(stats.captureGapCount).toBe(0);
    expect(record.drops).toEqual([]);
    expect(record.warnings).toEqual([]);
    expect(record.states).toEqual(["starting", "streaming", "closing", "closed"]);
    expect(await browser.live()).toMatchObject({ tracks: 0, contexts: 0, sockets: 0 });
    expect(browser.pageErrors).toEqual([]);
    expect(browser.consoleErrors).toEqual([]);
  });
});
