import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AudioCapture, AudioFrame, InterruptReason, SourceOpenOptions } from "../../src/capture/source.js";
import { AudioStreamError } from "../../src/errors.js";
import { mix } from "../../src/mix/index.js";
import { FakeSource } from "../support/fake-source.js";

const FORMAT = { encoding: "pcm_f32le", sampleRate: 16_000, channelCount: 2 } as const;
const lost = new AudioStreamError("device-lost", "The microphone was unplugged.", { details: undefined });

let ending: AbortController;
let left: FakeSource;
let right: FakeSource;

beforeEach(() => {
  vi.useFakeTimers();
  ending = new AbortController();
  [left, right] = [new FakeSource(), new FakeSource()];
  left.bytesPerSample = 4;
  right.bytesPerSample = 4;
});

afterEach(() => {
  ending.abort();
  vi.useRealTimers();
});

class Heard {
  readonly frames: AudioFrame[] = [];
  readonly warnings: AudioStreamError[] = [];
  readonly interruptions: (InterruptReason | undefined)[] = [];
  readonly ends: AudioStreamError[] = [];

  get end(): number {
    const last = this.frames.at(-1);
    return last === undefined ? 0 : last.position + last.sampleCount;
  }

  options(more: Partial<SourceOpenOptions> = {}): SourceOpenOptions {
    return {
      signal: ending.signal,
      format: FORMAT,
      frameDurationMs: 20,
      onFrame: (frame) => this.frames.push(frame),
      onInterrupt: (reason) => this.interruptions.push(reason),
      onDeviceChange: () => {},
      onWarning: (error) => this.warnings.push(error),
      onEnd: (error) => this.ends.push(error),
      ...more,
    };
  }
}

async function open(more: Partial<SourceOpenOptions> = {}) {
  const heard = new Heard();
  const source = mix({ left, right });
  const capture: AudioCapture = await source.open(heard.options(more));
  return { heard, source, capture };
}

/** Both speak for so many frames of 20 ms. */
function speak(count: number, ...sources: FakeSource[]): void {
  for (let n = 0; n < count; n += 1) {
    for (const source of sources) source.speak();
    vi.advanceTimersByTime(20);
  }
}

describe("opening", () => {
  it("opens both sources inside the call, each for one channel of floats", () => {
    const heard = new Heard();
    void mix({ left, right }).open(heard.options());
    expect(left.calls).toEqual(["open"]);
    expect(right.calls).toEqual(["open"]);
    expect(right.options.format).toEqual({ encoding: "pcm_f32le", sampleRate: 16_000, channelCount: 1 });
  });

  it.each(["left", "right"] as const)("releases the other if the %s one cannot be opened", async (side) => {
    const refused = new AudioStreamError("permission-denied", "Refused.", { details: undefined });
    const [failing, other] = side === "left" ? [left, right] : [right, left];
    failing.failing.set("open", refused);
    await expect(open()).rejects.toBe(refused);
    expect(other.live).toBe(false);
  });

  it("waits for neither when it is aborted, and stops a source that takes no notice", async () => {
    left.slow.add("open");
    left.deaf = true;
    const opening = open();
    const reason = new Error("changed my mind");
    ending.abort(reason);
    await expect(opening).rejects.toBe(reason);
    expect(right.live).toBe(false);
    left.finish("open");
    await vi.advanceTimersByTimeAsync(1);
    expect(left.live).toBe(false);
  });

  it("says that the stream needs two channels", async () => {
    const format = { ...FORMAT, channelCount: 1 };
    await expect(open({ format })).rejects.toThrow("Set the stream's channelCount to 2.");
    expect(left.calls).toEqual([]);
  });

  it("says what is wrong with its sources", () => {
    expect(() => mix({ left, right: left })).toThrow("left and right are the same source");
    expect(() => mix({ left, right: new Object() as FakeSource })).toThrow("right must be an audio source");
    expect(() => mix(undefined as never)).toThrow("sources");
  });

  it("lets both go that a stream never opened", () => {
    const released: unknown[] = [];
    const releasing = (source: FakeSource) =>
      Object.assign(source, { release: (reason: unknown) => released.push(reason) });
    mix({ left: releasing(left), right: releasing(right) }).release?.("over");
    expect(released).toEqual(["over", "over"]);
  });
});

describe("while it is open", () => {
  it("delivers what both have, interleaved", async () => {
    left.sound = 0x3d;
    const { heard, source } = await open();
    speak(50, left, right);
    expect(heard.end).toBeGreaterThan(15_000);
    const values = new Float32Array(heard.frames[20]?.payload.buffer ?? new ArrayBuffer(0));
    expect(values).toHaveLength(640);
    expect(values[100]).toBeCloseTo(new Float32Array(new Uint8Array(4).fill(0x3d).buffer)[0] ?? 0, 4);
    expect(values[101]).toBe(0);
    expect(source.figures?.driftPpm).toBeCloseTo(0, 0);
  });

  it("goes on with one side while the other delivers nothing, and warns", async () => {
    const { heard } = await open();
    speak(50, left, right);
    right.options.onInterrupt("device-lost");
    speak(50, left);
    expect(heard.end).toBeGreaterThan(32_000 - 0.4 * 16_000);
    expect(heard.warnings.map(({ message }) => message)).toEqual([
      "The right source of mix() delivers nothing for now (device-lost). Its channel is silent until it does; the other one goes on.",
    ]);
    expect(heard.interruptions).toEqual([]);
  });

  it.each([
    ["gives", 0],
    ["gave", 50],
  ] as const)("warns once of a side that %s nothing and says nothing", async (_, before) => {
    const { heard } = await open();
    speak(before, left, right);
    speak(200, left);
    expect(heard.warnings).toEqual([]);
    speak(150, left);
    expect(heard.warnings.map(({ message }) => message)).toEqual([
      "The right source of mix() delivers nothing for now (context-stalled). Its channel is silent until it does; the other one goes on.",
    ]);
    speak(50, left, right);
    speak(350, left);
    expect(heard.warnings).toHaveLength(2);
  });

  it("takes a sample that is no number for silence, which spoils neither its neighbours nor the level", async () => {
    const { heard } = await open();
    const values = new Float32Array(320).fill(0.5);
    values[100] = Number.NaN;
    values[200] = Number.POSITIVE_INFINITY;
    const payload = new Uint8Array(values.buffer);
    for (let n = 0; n < 50; n += 1) {
      const frame = {
        payload,
        position: 320 * n,
        sampleCount: 320,
        timestamp: performance.now(),
        peakLevel: 1,
        rmsLevel: 1,
      };
      left.options.onFrame(frame);
      right.speak();
      vi.advanceTimersByTime(20);
    }
    expect(heard.frames.length).toBeGreaterThan(40);
    for (const { peakLevel, rmsLevel, payload } of heard.frames) {
      expect(peakLevel).toBeLessThanOrEqual(1);
      expect(rmsLevel).toBeGreaterThan(0.2);
      const heardValues = new Float32Array(payload.buffer).filter((_, at) => at % 2 === 0);
      expect(heardValues.filter((value) => Math.abs(value) < 0.1).length).toBeLessThan(10);
    }
  });

  it("flushes what one side has while the other delivers nothing, and waits for both otherwise", async () => {
    const { heard, capture } = await open();
    speak(50, left, right);
    await capture.flush();
    const { end } = heard;
    expect(end).toBeGreaterThan(left.captured - 64);
    left.speak(5);
    await capture.flush();
    expect(heard.end).toBeLessThan(end + 64);
    right.options.onInterrupt("device-lost");
    await capture.flush();
    expect(heard.end).toBeGreaterThan(left.captured - 64);
  });

  it("is interrupted only while both are", async () => {
    const { heard } = await open();
    left.options.onInterrupt("device-muted");
    right.options.onInterrupt("context-suspended");
    left.options.onInterrupt(undefined);
    right.options.onInterrupt(undefined);
    expect(heard.interruptions).toEqual(["context-suspended", undefined]);
  });

  it("does not take a side for late whose frames only wait behind those of the other", async () => {
    const { heard } = await open();
    speak(50, left, right);
    left.speak(50);
    right.speak(50);
    expect(heard.warnings).toEqual([]);
    expect(heard.end).toBeGreaterThan(31_000);
  });

  it("ends with a sentence if a source does not keep the pace of a clock", async () => {
    const { heard } = await open();
    speak(50, left, right);
    right.speak(600);
    expect(heard.ends.map(({ message }) => message)).toEqual([
      "The right source of mix() does not deliver at the pace of a clock. Give a live source; for samples(), set realTime to true.",
    ]);
    expect(left.live).toBe(false);
  });

  it("ends with a sentence if a source gives what is no frame", async () => {
    const { heard } = await open();
    right.bytesPerSample = 2;
    right.speak();
    expect(heard.ends[0]?.message).toContain("The right source of mix() cannot be used: The audio source gave a frame");
    expect(right.live).toBe(false);
  });
});

describe("a side that ends", () => {
  it("leaves the stream to the other, which is not delayed by it", async () => {
    const { heard } = await open();
    speak(50, left, right);
    right.end(lost);
    speak(50, left);
    expect(heard.ends).toEqual([]);
    expect(heard.warnings.map(({ message }) => message)).toEqual([
      "The right source of mix() has ended, and its channel stays silent: The microphone was unplugged. The other one goes on.",
    ]);
    expect(heard.end).toBeGreaterThan(32_000 - 2 * 320);
    expect(left.live).toBe(true);
  });

  it("ends the stream if the other has ended too, after the last of both", async () => {
    const { heard } = await open();
    speak(50, left, right);
    right.end(lost);
    speak(10, left);
    left.end(lost);
    expect(heard.ends).toEqual([lost]);
    expect(heard.end).toBe(60 * 320);
  });

  it.each([undefined, "gone", { reason: 4 }])("may say anything about its end, such as %j", async (error) => {
    const { heard } = await open();
    right.end(error as never);
    expect(heard.warnings.map(({ message }) => message)).toEqual([
      expect.stringMatching(
        /^The right source of mix\(\) has ended, and its channel stays silent: .+\. The other one goes on\.$/,
      ),
    ]);
    right.options.onInterrupt("device-lost");
    expect(heard.warnings).toHaveLength(1);
    speak(50, left);
    expect(heard.end).toBeGreaterThan(15_000);
  });

  it("is asked for nothing any more", async () => {
    const { capture } = await open();
    right.end(lost);
    await capture.pause(false);
    await capture.resume();
    await capture.stop();
    expect(right.calls).toEqual(["open"]);
    expect(left.calls).toEqual(["open", "pause", "resume", "stop"]);
  });
});

describe("calls", () => {
  it("pause both, let out the last sample, and take no time", async () => {
    left.tail = 100;
    right.tail = 60;
    const { heard, capture, source } = await open();
    speak(50, left, right);
    const { figures } = source;
    expect(figures).toBeDefined();
    await capture.pause(true);
    expect(source.figures).toEqual(figures);
    expect(left.calls).toContain("pause, release");
    expect(right.calls).toContain("pause, release");
    expect(heard.end).toBe(16_100);
    vi.advanceTimersByTime(60_000);
    await capture.resume();
    speak(50, left, right);
    await capture.stop();
    for (const [index, { position }] of heard.frames.entries()) {
      const before = heard.frames[index - 1];
      expect(position).toBe(before === undefined ? 0 : before.position + before.sampleCount);
    }
    expect(heard.end).toBeGreaterThanOrEqual(32_200);
    expect(left.live || right.live).toBe(false);
  });

  it("leave both paused if one does not resume", async () => {
    const { capture } = await open();
    await capture.pause(false);
    right.failing.set("resume", lost);
    await expect(capture.resume()).rejects.toBe(lost);
    expect(left.calls).toEqual(["open", "pause", "resume", "pause"]);
  });

  it("release the devices again if one does not resume, and say why it did not", async () => {
    const { capture } = await open();
    await capture.pause(true);
    right.failing.set("resume", lost);
    left.failing.set("pause", new Error("Not now."));
    await expect(capture.resume()).rejects.toBe(lost);
    expect(left.calls).toEqual(["open", "pause, release", "resume", "pause, release"]);
  });

  it("resume both inside the call", async () => {
    const { capture } = await open();
    await capture.pause(false);
    void capture.resume();
    expect([left.calls.at(-1), right.calls.at(-1)]).toEqual(["resume", "resume"]);
  });

  it("choose the device of the first source that has any", async () => {
    right.hasDevices = true;
    const { capture } = await open();
    await capture.setDevice?.("usb");
    expect(right.calls).toContain("setDevice usb");
  });

  it("say so if neither source has devices", async () => {
    const { capture } = await open();
    await expect(capture.setDevice?.("usb")).rejects.toThrow("Neither source of mix() has devices");
  });

  it("stop both though one fails, and release everything", async () => {
    const { capture } = await open();
    left.failing.set("stop", lost);
    await expect(capture.stop()).rejects.toBe(lost);
    expect(left.live || right.live).toBe(false);
    expect(vi.getTimerCount()).toBe(0);
  });
});

it("releases both inside abort()", async () => {
  const { heard } = await open();
  speak(50, left, right);
  ending.abort();
  expect(left.live || right.live).toBe(false);
  const count = heard.frames.length;
  left.speak();
  expect(heard.frames).toHaveLength(count);
  expect(vi.getTimerCount()).toBe(0);
});
