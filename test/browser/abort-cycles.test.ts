import type { CDPSession } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { abortAtRandomMoments } from "../support/abort-cycles.js";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { eventually } from "./eventually.js";
import { HOST } from "./page-stream.js";
import { TestSite } from "./test-site.js";

/** A longer run has a command of its own. */
const CYCLES = Number(process.env.LX_ABORT_CYCLES ?? 400);
const SEED = 20_251_125;
const MEBIBYTE = 1_048_576;

// ricky0123/vad#43, WebAudio/web-audio-api#2658: memory climbs, the seventh start fails. mozmorris/react-webcam#238,
// livekit/components-js#851: the microphone stays on after a cancelled start.
describe("streams that are aborted at random moments", () => {
  let backend: BackendProcess;
  let site: TestSite;
  let browser: ChromiumPage;
  let devtools: CDPSession;

  beforeAll(async () => {
    backend = await BackendProcess.start({
      env: { LX_ENGINE: "segmenter", LX_MAX_SESSIONS: "500", LX_WS_RESUME_TTL: "0" },
    });
    site = await TestSite.serve();
    browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
    devtools = await browser.page.context().newCDPSession(browser.page);
  });

  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  async function heapBytes(): Promise<number> {
    for (let round = 0; round < 3; round++) {
      await devtools.send("HeapProfiler.collectGarbage");
      await browser.page.waitForTimeout(50);
    }
    return (await devtools.send("Runtime.getHeapUsage")).usedSize;
  }

  it("leave nothing behind: no track, context, worker, socket or listener, and no memory", async () => {
    await browser.page.goto(site.url());
    await browser.page.waitForFunction(() => "sdk" in globalThis);
    // The first ones compile the code and fill the browser's caches.
    const options = { url: backend.webSocketUrl, stream: { host: HOST } };
    await abortAtRandomMoments(browser, { ...options, count: 30, seed: SEED + 1 });
    const before = { heap: await heapBytes(), live: await browser.live() };

    const cycles = await abortAtRandomMoments(browser, { ...options, count: CYCLES, seed: SEED });
    await eventually(() => browser.live()).toMatchObject({ tracks: 0, contexts: 0, sockets: 0, workers: 0 });
    const after = { heap: await heapBytes(), live: await browser.live() };

    const at = (sorted: readonly number[], share: number): string =>
      `${sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]?.toFixed(1)} ms`;
    console.log(
      [
        `${CYCLES} streams, seed ${SEED}, aborted while ${JSON.stringify(cycles.states)}`,
        `abort() took ${at(cycles.abortMs, 0.5)} (median), ${at(cycles.abortMs, 0.99)} (p99)`,
        `everything released after ${at(cycles.releaseMs, 0.5)} (median), ${at(cycles.releaseMs, 0.99)} (p99), ${at(cycles.releaseMs, 1)} (longest)`,
        `timers of the page late by ${at(cycles.lateMs, 0.5)} (median), ${at(cycles.lateMs, 0.99)} (p99)`,
        `heap ${(before.heap / MEBIBYTE).toFixed(2)} MiB before, ${(after.heap / MEBIBYTE).toFixed(2)} MiB after`,
        `listeners ${before.live.listeners} before, ${after.live.listeners} after`,
      ].join("\n"),
    );
    expect(cycles.liveAfterAbort).toBe(0);
    // On a machine that is busy with other things the page stands still as long as its timers show.
    const p99 = (sorted: readonly number[]): number => sorted[Math.floor(CYCLES * 0.99)] ?? Infinity;
    expect(p99(cycles.releaseMs)).toBeLessThan(250);
    const workers = after.live.everOpened.workers - before.live.everOpened.workers;
    // A stream that is aborted at once makes none.
    expect(workers).toBeGreaterThanOrEqual(HOST === "page" ? 0 : 0.7 * CYCLES);
    expect(workers).toBeLessThanOrEqual(HOST === "page" ? 0 : CYCLES);
    expect(after.live.listeners).toBe(before.live.listeners);
    expect(after.heap - before.heap).toBeLessThan(MEBIBYTE);
    expect(after.live.everOpened.contexts - before.live.everOpened.contexts).toBe(CYCLES);
    expect(after.live.everOpened.sockets - before.live.everOpened.sockets).toBeGreaterThanOrEqual(CYCLES / 25);
    expect(Object.keys(cycles.states).sort()).toEqual(["starting", "streaming"]);
    expect(browser.pageErrors).toEqual([]);
  }, 300_000);
});
