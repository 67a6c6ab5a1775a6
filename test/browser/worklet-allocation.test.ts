import { expect, inject, it } from "vitest";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import type { Allocation } from "../support/sample-heap.js";
import { WorkletHeap } from "../support/worklet-heap.js";
import { PageStream } from "./page-stream.js";
import { TestSite } from "./test-site.js";

/** More than it takes until everything is compiled. */
const WARM_UP_MS = 6_000;
/** The engine may still compile something anew; what is steady shows in the calmest window as well. */
const WINDOWS = 3;
const WINDOW_MS = 2_000;
/**
 * The message, its list of buffers, and what stands for the payload. In frames of 200 ms this leaves five bytes for each
 * quantum of 128 samples, and the smallest object has twelve.
 */
const BYTES_PER_FRAME = 400;

const FRAME_DURATIONS_MS = [20, 200] as const;

interface Window extends Allocation {
  readonly frames: number;
}

/** In a browser of its own. @returns its calmest window. */
async function capture(frameDurationMs: number): Promise<Window> {
  await using backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
  await using site = await TestSite.serve();
  await using browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
  const { page } = browser;
  await page.goto(site.url());
  const heap = await WorkletHeap.watch(page);
  const stream = await PageStream.create(page, backend.webSocketUrl, { frameDurationMs });
  await stream.start();
  await stream.captured(WARM_UP_MS);
  const windows: Window[] = [];
  for (let count = 0; count < WINDOWS; count += 1) {
    const before = await stream.stats();
    const allocation = await heap.sample(() => page.waitForTimeout(WINDOW_MS));
    windows.push({ ...allocation, frames: (await stream.stats()).framesCaptured - before.framesCaptured });
  }
  await stream.close();
  return windows.reduce((calmest, window) => (window.bytes < calmest.bytes ? window : calmest));
}

// WebAudio/web-audio-api#2632: garbage on the audio thread is collected on the audio thread, and a quantum is missed.
it("a capture allocates on Chromium's audio thread one small message for each frame, and nothing per quantum", async () => {
  // Side by side: what they allocate does not depend on how fast they run.
  const windows = await Promise.all(FRAME_DURATIONS_MS.map(capture));
  for (const [index, { bytes, frames, places }] of windows.entries()) {
    const perFrame = (bytes / frames).toFixed(0);
    console.log(`${perFrame} bytes of heap for each of ${frames} frames of ${FRAME_DURATIONS_MS[index]} ms`);
    expect(bytes).toBeGreaterThan(0);
    expect(bytes, places.join("\n")).toBeLessThanOrEqual(frames * BYTES_PER_FRAME);
  }
});
