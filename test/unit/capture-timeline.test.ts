import { beforeEach, describe, expect, it } from "vitest";
import { CaptureTimeline } from "../../src/capture/inlet/capture-timeline.js";

let timeline: CaptureTimeline;

beforeEach(() => {
  timeline = new CaptureTimeline(16_000);
});

describe("a capture's timeline", () => {
  it("begins at nought, whenever that is", () => {
    expect(timeline.positionAt(123_456)).toBe(0);
  });

  it("makes the time that passed since the last sample a gap", () => {
    timeline.advance(1_600, 320, 1_000);
    expect(timeline.positionAt(1_020 + 500)).toBe(1_920 + 8_000);
  });

  it("never goes back where the clocks disagree", () => {
    timeline.advance(1_600, 320, 1_000);
    expect(timeline.positionAt(1_010)).toBe(1_920);
  });

  it("lets no time pass in a pause", () => {
    timeline.advance(0, 320, 1_000);
    timeline.pause();
    expect(timeline.positionAt(99_000)).toBe(320);
  });

  it("keeps the time that was missed before a pause", () => {
    timeline.advance(0, 320, 1_000);
    timeline.pause(1_520);
    expect(timeline.positionAt(99_000)).toBe(320 + 8_000);
  });
});
