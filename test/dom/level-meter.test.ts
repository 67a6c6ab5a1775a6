import { afterEach, describe, expect, it, vi } from "vitest";
import type { StreamState } from "../../src/state.js";
import { LevelEvent } from "../../src/stream/events/events.js";
import { showLevel } from "../../src/stream/level-meter.js";

const streams: FakeStream[] = [];

class FakeStream extends EventTarget {
  readonly ending = new AbortController();
  readonly signal = this.ending.signal;
  state: StreamState = "streaming";

  constructor() {
    super();
    streams.push(this);
  }

  level(dbfs: number, timestamp: number): void {
    const peakLevel = 10 ** (dbfs / 20);
    this.dispatchEvent(
      new LevelEvent({ position: 0, timestamp, peakLevel, rmsLevel: peakLevel / 2, mutedPeakLevel: 0 }),
    );
  }

  become(state: StreamState): void {
    this.state = state;
    this.dispatchEvent(new Event("statechange"));
  }
}

afterEach(() => {
  vi.useRealTimers();
  for (const stream of streams.splice(0)) stream.ending.abort();
});

const levelOf = (element: HTMLElement) => Number(element.style.getPropertyValue("--level"));

describe("a level meter", () => {
  it("shows the peak in decibels on a scale from 0 to 1, and falls slowly", () => {
    const stream = new FakeStream();
    const bar = document.createElement("div");
    showLevel(stream, bar);
    stream.level(-6, 0);
    expect(levelOf(bar)).toBeCloseTo(0.9, 6);
    stream.level(-60, 1_000);
    expect(levelOf(bar)).toBeCloseTo(1 - 19 / 60, 6);
    stream.level(-12, 1_100);
    expect(levelOf(bar)).toBeCloseTo(0.8, 6);
    expect(bar.getAttribute("aria-valuenow")).toBe("-12");
    expect(bar.getAttribute("role")).toBe("meter");
  });

  it("gives a meter element its value in dBFS", () => {
    const stream = new FakeStream();
    const meter = document.createElement("meter");
    showLevel(stream, meter, { floorDbfs: -40 });
    stream.level(-10, 0);
    expect([meter.getAttribute("min"), meter.getAttribute("max")]).toEqual(["-40", "0"]);
    expect(Number(meter.getAttribute("value"))).toBeCloseTo(-10, 6);
    stream.level(Number.NEGATIVE_INFINITY, 10_000);
    expect(meter.getAttribute("value")).toBe("-40");
  });

  it("is empty while nothing is captured", () => {
    const stream = new FakeStream();
    const bar = document.createElement("div");
    showLevel(stream, bar);
    for (const state of ["paused", "interrupted", "closing"] as const) {
      stream.level(-6, 0);
      stream.become(state);
      expect(levelOf(bar)).toBe(0);
    }
    stream.level(-6, 0);
    stream.become("reconnecting");
    expect(levelOf(bar)).toBeCloseTo(0.9, 6);
  });

  it("is empty when no level comes any more, as of a microphone that is paused without a connection", () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
    const stream = new FakeStream();
    const bar = document.createElement("div");
    showLevel(stream, bar);
    stream.level(-6, 0);
    vi.advanceTimersByTime(900);
    stream.level(-6, 900);
    vi.advanceTimersByTime(1_800);
    expect(levelOf(bar)).toBeCloseTo(0.9, 6);
    vi.advanceTimersByTime(200);
    expect(levelOf(bar)).toBe(0);
    stream.level(-6, 3_000);
    expect(levelOf(bar)).toBeCloseTo(0.9, 6);
  });

  it.each<[string, (stream: FakeStream, controller: AbortController, end: () => void) => void]>([
    ["the stream", (stream) => stream.ending.abort()],
    ["its signal", (_, controller) => controller.abort()],
    ["the function it returned", (_stream, _controller, end) => end()],
  ])("ends with %s, is empty then, and listens no more", (_, finish) => {
    const stream = new FakeStream();
    const controller = new AbortController();
    const bar = document.createElement("div");
    const end = showLevel(stream, bar, { signal: controller.signal });
    stream.level(-6, 0);
    finish(stream, controller, end);
    expect(levelOf(bar)).toBe(0);
    stream.level(-6, 0);
    expect(levelOf(bar)).toBe(0);
  });

  it("refuses a floor that is none", () => {
    const show = () => showLevel(new FakeStream(), document.createElement("div"), { floorDbfs: 0 });
    expect(show).toThrow("floorDbfs must be from -120 to -10, and is 0.");
  });
});
