import { cpus } from "node:os";
import { expect, inject, it } from "vitest";
import { captureSteadily, type SteadyCapture, WIRE_RATE } from "./steady-capture.js";

/** Ten seconds in the suite; `npm run test:ten-minutes` says ten minutes. */
const MINUTES = Number(process.env.LX_CAPTURE_MINUTES ?? 1 / 6);
const DURATION_MS = MINUTES * 60_000;
/** Of a frame that is under way when a figure is taken, and of a device whose clock is not the page's. */
const TOLERANCE_MS = 300 + DURATION_MS * 1e-3;

// WebAudio/web-audio-api#2632: missing quanta are told, and none is missing that the engine gave.
it("a capture without trouble holds every quantum that the engine gave, in time, and tells of each that it did not", {
  timeout: 120_000 + DURATION_MS,
  // What was lost once was lost.
  retry: 0,
}, async () => {
  const capture = await captureSteadily(inject("chromiumPath"), DURATION_MS);
  console.log(report(capture));
  const { count, stats } = capture;
  expect(count.inputSamples).toBeGreaterThan((DURATION_MS / 1_000) * 0.9 * count.contextRate);
  expect(count.spanSamples).toBe(count.inputSamples + count.skippedSamples);
  expect(capture.lostSamples).toBe(0);
  expect(stats.samplesCaptured).toBe(count.postedSamples);
  expect(stats.acknowledgedDurationMs).toBe(stats.capturedDurationMs);
  expect(capture.recordedSamples).toBe(Math.round((stats.capturedDurationMs * WIRE_RATE) / 1_000));
  // What the engine skips is left out of the audio, and nothing else is: each run is rounded by itself.
  const skipped = (count.skippedSamples * WIRE_RATE) / count.contextRate;
  expect(Math.abs(capture.gapSamples - skipped)).toBeLessThanOrEqual(count.skips + 1);
  expect(stats.captureGapCount).toBeLessThanOrEqual(count.skips);
  expect(Math.abs(capture.capturedMs - capture.wallMs)).toBeLessThan(TOLERANCE_MS);
});

function report({ count, stats, ...capture }: SteadyCapture): string {
  const seconds = (samples: number): string => `${(samples / count.contextRate).toFixed(3)} s`;
  return [
    `Chromium ${capture.browserVersion}, Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}`,
    `Quanta counted: ${count.quanta}, of these without input: ${count.withoutInput}`,
    `currentFrame advanced by ${seconds(count.spanSamples)}, counted input makes ${seconds(count.inputSamples)}`,
    `Skipped by the engine: ${count.skips} times, ${seconds(count.skippedSamples)}`,
    `Told as gaps: ${stats.captureGapCount} times, ${(capture.gapSamples / WIRE_RATE).toFixed(3)} s`,
    `Given by the engine and lost: ${capture.lostSamples} samples`,
    `Captured ${capture.capturedMs.toFixed(1)} ms in ${capture.wallMs.toFixed(1)} ms by the page's clock`,
    `Clock drift of the device in ppm: ${capture.clockDriftPpm?.toFixed(1) ?? "not known yet"}`,
    `Samples captured: ${stats.samplesCaptured}, on the server's disk: ${capture.recordedSamples}`,
  ].join("\n");
}
