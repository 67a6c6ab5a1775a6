import { describe, expect, it } from "vitest";
import { Timeline } from "../../src/frames/timeline.js";
import { TimelinePoints } from "../../src/frames/timeline-points.js";

const RATE = 16_000;
const FRAME = 320;

/** A timeline beside the frames that it does not see. */
class Played extends Timeline {
  readonly #points = new TimelinePoints(RATE);

  note(position: number, sampleCount: number, timestamp: number): void {
    const point = this.#points.note(position, sampleCount, timestamp);
    if (point !== undefined) this.add(point);
  }
}

/** Frames of 20 ms whose clock runs `ppm` too fast, from `position` at `startMs`. */
function play(timeline: Played, frames: number, { position = 0, startMs = 0, ppm = 0, jitterMs = 0 } = {}): number {
  const frameMs = 20 / (1 + ppm / 1e6);
  for (let index = 0; index < frames; index += 1) {
    const jitter = jitterMs * Math.sin(index * 12.9898);
    timeline.note(position + index * FRAME, FRAME, startMs + index * frameMs + jitter);
  }
  return position + frames * FRAME;
}

describe("a position", () => {
  it("has no time before the first frame", () => {
    expect(new Timeline(RATE).toPageTime(0)).toBeUndefined();
  });

  it("has the time of its sample, between frames as well, and beyond the newest", () => {
    const timeline = new Played(RATE);
    play(timeline, 200, { startMs: 1_000 });
    expect(timeline.toPageTime(0)).toBeCloseTo(1_000, 6);
    expect(timeline.toPageTime(16_000)).toBeCloseTo(2_000, 6);
    expect(timeline.toPageTime(16_100)).toBeCloseTo(2_006.25, 6);
    expect(timeline.toPageTime(160_000)).toBeCloseTo(11_000, 6);
  });

  it("after a pause has the time after the pause, though it follows without a gap", () => {
    const timeline = new Played(RATE);
    const end = play(timeline, 100);
    play(timeline, 100, { position: end, startMs: 60_000 });
    expect(timeline.toPageTime(end - 1)).toBeCloseTo(2_000 - 1 / 16, 3);
    expect(timeline.toPageTime(end)).toBeCloseTo(60_000, 6);
  });

  it("after a gap has its own time, and one inside the gap the time that it would have had", () => {
    const timeline = new Played(RATE);
    play(timeline, 100);
    play(timeline, 100, { position: 48_000, startMs: 3_000 });
    expect(timeline.toPageTime(48_000)).toBeCloseTo(3_000, 6);
    expect(timeline.toPageTime(40_000)).toBeCloseTo(2_500, 6);
  });

  it("keeps its time over hours of audio, to a millisecond", () => {
    const timeline = new Played(RATE);
    play(timeline, 3 * 3_600 * 50, { ppm: 80 });
    const second = 1_000 / (1 + 80e-6);
    for (const at of [1, 60, 3_000, 7_200, 10_799]) {
      expect(Math.abs((timeline.toPageTime(at * RATE) ?? 0) - at * second)).toBeLessThan(1);
    }
  });
});

describe("the drift between the clocks", () => {
  it("is not told before ten seconds", () => {
    const timeline = new Played(RATE);
    play(timeline, 480, { ppm: 100 });
    expect(timeline.driftPpm).toBeUndefined();
  });

  it.each([-200, 0, 50, 300])(
    "of %d ppm is measured within 5 ppm in a minute, through the jitter of timestamps",
    (ppm) => {
      const timeline = new Played(RATE);
      play(timeline, 3_000, { ppm, jitterMs: 0.3 });
      expect(Math.abs((timeline.driftPpm ?? Number.NaN) - ppm)).toBeLessThan(5);
    },
  );

  it("foretells what comes", () => {
    const timeline = new Played(RATE);
    play(timeline, 3_000, { ppm: 1_000 });
    const hour = 3_600 * RATE;
    expect(Math.abs((timeline.toPageTime(hour) ?? 0) - 3_600_000 / 1.001)).toBeLessThan(1);
  });
});
