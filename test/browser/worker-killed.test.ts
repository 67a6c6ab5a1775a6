import { expect, inject, it } from "vitest";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { readWav } from "../support/wav.js";
import { eventually } from "./eventually.js";
import { PageStream } from "./page-stream.js";
import { expectReleased } from "./released.js";
import { TestSite } from "./test-site.js";

declare global {
  /** Workers that the page has made. */
  var madeWorkers: Worker[];
}

const RATE = 16_000;

/** Keeps the page's workers at hand, so that a test can end one behind the back of whoever made it. */
function keepWorkers(): void {
  globalThis.madeWorkers = [];
  const { Worker: Made } = globalThis;
  globalThis.Worker = class extends Made {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      globalThis.madeWorkers.push(this);
    }
  };
}

it("a worker that is killed in mid-speech is replaced: the session goes on, and one drop says what is lost", async () => {
  await using backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
  await using site = await TestSite.serve();
  await using browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
  const { page } = browser;
  await page.addInitScript(keepWorkers);
  await page.goto(site.url());
  const stream = await PageStream.create(page, backend.webSocketUrl, { host: "worker" });
  await stream.start();
  await stream.captured(1_500);
  await page.evaluate(() => globalThis.madeWorkers[0]?.terminate());
  await eventually(async () => (await stream.record()).warnings).toContain("worker-failed");
  await eventually(async () => (await stream.record()).reconnections).toHaveLength(1);
  const before = (await stream.stats()).capturedDurationMs;
  await eventually(async () => (await stream.stats()).capturedDurationMs).toBeGreaterThan(before + 1_000);
  await stream.close();
  expect(await stream.ended()).toMatchObject({ outcome: "closed" });

  const { drops, reconnections } = await stream.record();
  expect(reconnections).toMatchObject([{ resumed: true }]);
  expect(drops).toHaveLength(1);
  const [{ from, to } = { from: 0, to: 0 }] = drops;
  expect(from).toBeGreaterThanOrEqual(RATE);
  const stats = await stream.stats();
  expect(stats.host).toBe("worker");
  expect(stats.droppedDurationMs).toBeCloseTo(((to - from) / RATE) * 1_000, 3);
  const [file = ""] = await backend.files(".wav");
  const { samples } = await readWav(file);
  expect(samples.length).toBe(Math.round((stats.capturedDurationMs / 1_000) * RATE));
  // What was lost is silence on the disk, to the sample, and beside it there is the sound of the fake microphone.
  expect(samples.subarray(from, to).every((sample) => sample === 0)).toBe(true);
  expect(samples.subarray(0, from).some((sample) => sample !== 0)).toBe(true);
  expect(samples.subarray(to).some((sample) => sample !== 0)).toBe(true);
  await expectReleased(browser, { workers: 0 });
  expect(browser.pageErrors).toEqual([]);
}, 90_000);
