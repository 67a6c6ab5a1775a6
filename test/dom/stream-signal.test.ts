import { describe, expect, it } from "vitest";
import { AudioStreamError } from "../../src/errors.js";
import { AudioFrameFlag } from "../../src/protocol/audio-frame.js";
import type { DeviceChangeEvent, LevelEvent, WarningEvent } from "../../src/stream/events/events.js";
import { FRAME } from "../support/fake-source.js";
import {
  observedStream,
  passTime,
  rejectionOf,
  runningStream,
  settle,
  watchStreams,
} from "../support/observed-stream.js";

const watched = watchStreams();

describe("muting", () => {
  it("sends marked silence in place of sound, and keeps the device and the positions", async () => {
    const { stream, source, transport } = watched(await runningStream());
    source.sound = 7;
    stream.muted = true;
    source.speak(2);
    await passTime(10);
    stream.muted = false;
    await passTime(10);
    source.speak(1);
    await settle();
    expect(source.live).toBe(true);
    const frames = transport.last.audio.slice(1);
    expect(frames.map(({ position }) => position)).toEqual([FRAME, 2 * FRAME, 3 * FRAME]);
    expect(frames.map(({ flags }) => flags)).toEqual([AudioFrameFlag.muted, AudioFrameFlag.muted, 0]);
    expect(frames.map(({ payload }) => new Set(payload))).toEqual([new Set([0]), new Set([0]), new Set([7])]);
    expect((await stream.getStats()).captureGapCount).toBe(0);
  });

  it("holds from before the first frame", async () => {
    const observed = watched(observedStream());
    observed.stream.muted = true;
    const started = observed.stream.start();
    await settle();
    observed.source.sound = 7;
    observed.source.speak();
    await started;
    expect(observed.transport.last.audio.map(({ flags }) => flags)).toEqual([AudioFrameFlag.muted]);
  });

  it("holds through a reconnection, a pause and a change of device", async () => {
    // elevenlabs/packages#675, livekit/client-sdk-js#65
    const { stream, source, transport } = watched(await runningStream());
    source.sound = 7;
    stream.muted = true;
    transport.acknowledges = false;
    source.speak(1);
    await settle();
    transport.last.lose();
    source.speak(1);
    await passTime(1_000);
    await stream.pause({ releaseDevice: true });
    await stream.resume();
    source.options.onDeviceChange(source.track, "device-lost");
    source.speak(1);
    await passTime(100);
    expect(stream.muted).toBe(true);
    const later = transport.last.audio.filter(({ position }) => position >= FRAME);
    expect(later.map(({ position }) => position)).toEqual([2 * FRAME, 3 * FRAME]);
    for (const { flags, payload } of later) {
      expect(flags & AudioFrameFlag.muted).toBe(AudioFrameFlag.muted);
      expect(new Set(payload)).toEqual(new Set([0]));
    }
  });
});

describe("warming up", () => {
  it("opens the source, sends nothing, and keeps the newest audio for the start", async () => {
    const { stream, source, transport, states } = watched(observedStream({ preRollMs: 60 }));
    await stream.warmUp();
    expect(stream.state).toBe("warm");
    expect(source.live).toBe(true);
    source.speak(10);
    await passTime(60_000);
    expect(transport.connections).toEqual([]);
    await stream.start();
    source.speak(1);
    await passTime(0);
    expect(transport.last.audio.map(({ position }) => position)).toEqual([0, FRAME, 2 * FRAME, 3 * FRAME]);
    expect(source.calls).toEqual(["open"]);
    expect(states).toEqual(["idle", "warm", "starting", "streaming"]);
  });

  it("may be overtaken by the start", async () => {
    const { stream, source, states } = watched(observedStream());
    source.slow.add("open");
    const warm = stream.warmUp();
    const started = stream.start();
    source.finish("open");
    await warm;
    source.speak(1);
    await settle();
    await started;
    expect(source.calls).toEqual(["open"]);
    expect(states).toEqual(["idle", "starting", "streaming"]);
  });

  it.each(["abort", "close"] as const)("is undone by %s(), which releases the source inside the call", async (end) => {
    const { stream, source, transport } = watched(observedStream());
    await stream.warmUp();
    const ended = stream[end]();
    expect(source.live).toBe(false);
    await ended;
    await stream.closed;
    expect(transport.connections).toEqual([]);
  });

  it("is bounded by the stream's own signal", async () => {
    const controller = new AbortController();
    const { stream, source } = watched(observedStream({ signal: controller.signal }));
    source.slow.add("open");
    const warming = rejectionOf(stream.warmUp());
    controller.abort("enough");
    expect(await warming).toBe("enough");
    expect(source.live).toBe(false);
  });

  it("fails with the source's error, which ends the stream", async () => {
    const { stream, source } = watched(observedStream());
    const refused = new AudioStreamError("permission-denied", "No.", { details: undefined });
    source.failing.set("open", refused);
    expect(await rejectionOf(stream.warmUp())).toBe(refused);
    expect(await stream.closed).toEqual({ outcome: "failed", error: refused });
    expect(await rejectionOf(stream.start())).toBe(refused);
  });

  it("is not possible after the end", async () => {
    const { stream } = watched(observedStream());
    await stream.close();
    expect(await rejectionOf(stream.warmUp())).toMatchObject({ code: "invalid-state" });
  });
});

describe("the level", () => {
  it("is told once in every interval while somebody listens, linear and in decibels", async () => {
    const observed = watched(await runningStream({ levelIntervalMs: 100 }));
    const levels: LevelEvent[] = [];
    observed.stream.addEventListener("level", (event) => levels.push(event));
    await settle();
    observed.source.speak(14);
    await settle();
    expect(levels).toHaveLength(2);
    expect(levels[0]).toMatchObject({ position: 320, peakLevel: 0.5, rmsLevel: 0.25 });
    expect(levels[0]?.peakDbfs).toBeCloseTo(-6.02, 2);
    expect(levels[0]?.rmsDbfs).toBeCloseTo(-12.04, 2);
  });

  it("is none while muted and while nothing is captured", async () => {
    const { stream, source } = watched(await runningStream());
    stream.muted = true;
    source.speak(1);
    expect(await stream.getStats()).toMatchObject({ audioLevel: 0, rmsLevel: 0 });
    stream.muted = false;
    await passTime(1);
    source.speak(1);
    expect(await stream.getStats()).toMatchObject({ audioLevel: 0.5, rmsLevel: 0.25 });
    source.options.onInterrupt("device-lost");
    expect(await stream.getStats()).toMatchObject({ audioLevel: 0, rmsLevel: 0 });
    source.options.onInterrupt(undefined);
    source.speak(1);
    await stream.pause();
    expect(await stream.getStats()).toMatchObject({ audioLevel: 0, rmsLevel: 0 });
  });
});

describe("what goes wrong with the device", () => {
  it("is warned about with its reason, once for each", async () => {
    // WebAudio/web-audio-api#2392
    const { stream, source } = watched(await runningStream());
    const warnings: unknown[] = [];
    stream.addEventListener("warning", ({ error }: WarningEvent) => warnings.push([error.code, error.details]));
    source.options.onInterrupt("device-muted");
    source.options.onInterrupt("device-muted");
    source.options.onInterrupt("context-interrupted");
    source.options.onInterrupt(undefined);
    expect(warnings).toEqual([
      ["capture-interrupted", { reason: "device-muted" }],
      ["capture-interrupted", { reason: "context-interrupted" }],
    ]);
  });

  it("is advice, and costs no audio, where the device only seems dead", async () => {
    // livekit/client-sdk-js#584
    const { stream, source, transport } = watched(await runningStream());
    const warnings: string[] = [];
    stream.addEventListener("warning", ({ error }: WarningEvent) => warnings.push(error.code));
    source.options.onDeviceChange(source.track, "requested");
    source.peak = 0;
    source.speak(300);
    await passTime(10_000);
    expect(warnings).toEqual(["device-silent"]);
    expect(stream.state).toBe("streaming");
    expect(transport.last.audio).toHaveLength(301);
  });

  it("may lead to another one, which is told", async () => {
    const { stream, source } = watched(await runningStream());
    const changes: unknown[] = [];
    stream.addEventListener("devicechange", ({ track, reason }: DeviceChangeEvent) => changes.push([track, reason]));
    source.options.onDeviceChange(source.track, "device-lost");
    expect(changes).toEqual([[source.track, "device-lost"]]);
  });

  it("cannot be helped by another device where the source has none", async () => {
    const { stream } = watched(await runningStream());
    expect(await rejectionOf(stream.setDevice("other"))).toMatchObject({
      code: "unsupported",
      details: { feature: "setDevice" },
    });
    expect(stream.state).toBe("streaming");
  });
});

describe("a position", () => {
  it("is tied to the page's clock", async () => {
    const { stream, source } = watched(observedStream());
    expect(stream.toPageTime(0)).toBeUndefined();
    const started = stream.start();
    await settle();
    const before = performance.now();
    source.speak(1);
    await started;
    expect(stream.toPageTime(0)).toBeCloseTo(before, 3);
    expect(stream.toPageTime(160)).toBeCloseTo(before + 10, 3);
  });
});
