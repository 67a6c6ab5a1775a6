import { describe, expect, it } from "vitest";
import { LevelWindow } from "../../src/frames/level-window.js";

const frame = (position: number, peakLevel: number, rmsLevel: number, sampleCount = 320) => ({
  payload: new Uint8Array(0),
  position,
  sampleCount,
  timestamp: position / 16,
  peakLevel,
  rmsLevel,
  flags: 0,
});

describe("the level of a stretch", () => {
  it("is the loudest peak and the mean power of its frames, and bears the place of the first", () => {
    const levels = new LevelWindow(640);
    expect(levels.push(frame(0, 0.2, 0.1))).toBeUndefined();
    const level = levels.push(frame(320, 0.8, 0.3));
    expect(level).toMatchObject({ position: 0, timestamp: 0, peakLevel: 0.8 });
    expect(level?.rmsLevel).toBeCloseTo(Math.sqrt((0.01 + 0.09) / 2), 12);
    levels.push(frame(640, 0.1, 0.1));
    expect(levels.push(frame(960, 0.1, 0.1))).toMatchObject({ position: 640, timestamp: 40, peakLevel: 0.1 });
  });

  it("weighs short frames by their length", () => {
    const levels = new LevelWindow(400);
    levels.push(frame(0, 1, 1, 100));
    expect(levels.push(frame(100, 0, 0, 300))?.rmsLevel).toBeCloseTo(0.5, 12);
  });

  it("is each frame's own where the stretch has no length", () => {
    const levels = new LevelWindow(0);
    expect(levels.push(frame(0, 0.2, 0.1))?.peakLevel).toBe(0.2);
    expect(levels.push(frame(320, 0.4, 0.1))?.peakLevel).toBe(0.4);
  });
});
