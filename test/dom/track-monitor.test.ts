import { describe, expect, it, onTestFinished } from "vitest";
import { ContextClock } from "../../src/capture/graph/context-clock.js";
import { monitorTrack } from "../../src/capture/microphone/devices/track-monitor.js";
import { Scope } from "../../src/internal/scope.js";
import { FakeTrack } from "../support/fake-audio.js";

function watch(track: FakeTrack) {
  const scope = new Scope({ name: "test" });
  onTestFinished(() => void scope.dispose());
  const seen: string[] = [];
  monitorTrack(scope, track.asTrack(), {
    onMuted: (muted) => seen.push(muted ? "muted" : "unmuted"),
    onEnded: () => seen.push("ended"),
  });
  return { scope, seen };
}

describe("the track monitor", () => {
  it("reports what happens to the track", () => {
    const track = new FakeTrack();
    const { seen } = watch(track);
    track.setMuted(true);
    track.setMuted(false);
    track.end();
    expect(seen).toEqual(["muted", "unmuted", "ended"]);
  });

  it("reports a track that is muted already", () => {
    const track = new FakeTrack();
    track.setMuted(true);
    expect(watch(track).seen).toEqual(["muted"]);
  });

  it("reports nothing once its scope has ended", () => {
    const track = new FakeTrack();
    const { scope, seen } = watch(track);
    void scope.dispose();
    track.setMuted(true);
    track.end();
    expect(seen).toEqual([]);
  });
});

const toTimestamp = (clock: ContextClock, contextTime: number): number => clock.read() + contextTime * 1_000;

describe("the context's clock", () => {
  function clockAt() {
    const context = { currentTime: 0 };
    const page = { now: 0 };
    return { context, page, clock: new ContextClock(context, () => page.now) };
  }

  it("maps the context's seconds to the page's milliseconds", () => {
    const { context, page, clock } = clockAt();
    context.currentTime = 2;
    page.now = 5_000;
    expect(toTimestamp(clock, 1.98)).toBeCloseTo(4_980, 6);
  });

  it("is not moved by a page that reads late", () => {
    const { context, page, clock } = clockAt();
    for (let ms = 0; ms < 10_000; ms += 10) {
      context.currentTime = ms / 1_000;
      page.now = 1_000 + ms + (ms % 70 === 0 ? 0 : 9);
      expect(toTimestamp(clock, context.currentTime)).toBeCloseTo(1_000 + ms, 6);
    }
  });

  it("follows the drift between the two clocks", () => {
    const { context, page, clock } = clockAt();
    let timestamp = 0;
    for (let ms = 0; ms <= 600_000; ms += 20) {
      context.currentTime = ms / 1_000;
      page.now = ms * 1.0001;
      timestamp = toTimestamp(clock, context.currentTime);
    }
    expect(Math.abs(timestamp - 600_060)).toBeLessThan(1);
  });

  it("forgets what it measured when the context stood still", () => {
    const { context, page, clock } = clockAt();
    clock.read();
    page.now = 60_000;
    context.currentTime = 0.02;
    clock.reset();
    expect(toTimestamp(clock, 0.02)).toBeCloseTo(60_000, 6);
  });
});
