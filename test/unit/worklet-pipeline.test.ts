import { describe, expect, it } from "vitest";
import { CapturePipeline } from "../../src/worklet/capture-pipeline.js";
import type { ProcessorFrame, ProcessorMessage, ProcessorSettings } from "../../src/worklet/port-messages.js";
import { Resampler } from "../../src/worklet/resampler/resampler.js";
import { fitTone, noise, sine } from "../support/signals.js";

const QUANTUM = 128;

class Rig {
  readonly messages: ProcessorMessage[] = [];
  readonly pipeline: CapturePipeline;
  frame = 0;

  constructor(inputRate = 48_000, settings: Partial<ProcessorSettings> = {}) {
    this.pipeline = new CapturePipeline(
      inputRate,
      { encoding: "pcm_s16le", channels: "mix", sampleRate: 16_000, frameDurationMs: 20, position: 0, ...settings },
      (message, transfer) => {
        if (message.type === "frame") expect(transfer).toEqual([message.payload]);
        this.messages.push(message);
      },
    );
  }

  /** Renders whole quanta of the channels, from buffers that are overwritten each time, as engines do. */
  feed(...channels: readonly Float32Array[]): void {
    const engineBuffers = channels.map(() => new Float32Array(QUANTUM));
    const length = channels[0]?.length ?? 0;
    for (let at = 0; at + QUANTUM <= length; at += QUANTUM) {
      for (const [index, buffer] of engineBuffers.entries()) {
        buffer.set(channels[index]?.subarray(at, at + QUANTUM) ?? []);
      }
      this.pipeline.process(engineBuffers, this.frame);
      for (const buffer of engineBuffers) buffer.fill(NaN);
      this.frame += QUANTUM;
    }
  }

  get frames(): ProcessorFrame[] {
    return this.messages.filter((message) => message.type === "frame");
  }

  /** Everything emitted, decoded. */
  get signal(): Float32Array {
    return Float32Array.from(
      this.frames.flatMap(({ payload }) => Array.from(new Int16Array(payload), (value) => value / 32_768)),
    );
  }

  expectNoGapFrom(position: number): void {
    let next = position;
    for (const frame of this.frames) {
      expect(frame.position).toBe(next);
      expect(frame.payload.byteLength).toBe(2 * frame.sampleCount);
      next += frame.sampleCount;
    }
  }
}

const second = sine(440, 48_000, 375 * QUANTUM, 0.5);

describe("the capture pipeline", () => {
  it("makes frames of 20 ms whose positions have no gap", () => {
    const rig = new Rig();
    rig.feed(second);
    expect(rig.frames.map(({ sampleCount }) => sampleCount)).toEqual(Array(49).fill(320));
    rig.expectNoGapFrom(0);
  });

  // alphacep/vosk-server#254: the last words are not missing.
  it("delivers on stop all that was heard, to the sample, then confirms, then ends", () => {
    const rig = new Rig();
    rig.feed(second);
    rig.pipeline.command({ type: "stop", id: 7 });
    expect(rig.messages.at(-1)).toEqual({ type: "done", id: 7 });
    expect(rig.signal).toHaveLength(16_000);
    rig.expectNoGapFrom(0);
    expect(fitTone(rig.signal.subarray(200, 15_800), 440, 16_000, 200).snrDb).toBeGreaterThan(80);
    expect(rig.pipeline.process([new Float32Array(QUANTUM)], rig.frame)).toBe(false);
    expect(rig.signal).toHaveLength(16_000);
  });

  it("gives exactly what the resampler gives", () => {
    const rig = new Rig(44_100);
    const input = noise(44 * QUANTUM).map((sample) => sample * 0.5);
    rig.feed(input);
    rig.pipeline.command({ type: "stop", id: 1 });
    const resampler = new Resampler(44_100, 16_000);
    const expected = new Float32Array(10_000);
    let length = resampler.push(input, expected);
    length += resampler.flush(expected.subarray(length));
    expect(Array.from(rig.signal)).toEqual(
      Array.from(
        expected.subarray(0, length),
        (sample) => (Math.sign(sample) * Math.round(Math.abs(sample) * 32_768)) / 32_768,
      ),
    );
  });

  it("takes the silent quantum before a starting context's jump for no sound, and its jump for no gap", () => {
    const rig = new Rig();
    rig.feed(new Float32Array(QUANTUM));
    rig.frame += 43 * QUANTUM;
    rig.feed(second);
    rig.pipeline.command({ type: "stop", id: 1 });
    rig.expectNoGapFrom(0);
    expect(rig.signal).toHaveLength(16_000);
  });

  it("counts a jump behind a first quantum that carries sound as missing", () => {
    const rig = new Rig();
    rig.feed(second.subarray(QUANTUM, 2 * QUANTUM));
    rig.frame += 42 * QUANTUM;
    rig.feed(second);
    expect(rig.frames[1]?.position).toBe(Math.round((43 * QUANTUM) / 3));
  });

  // GoogleChromeLabs/web-audio-samples#477: one bad quantum must not end the capture.
  it.each([
    { name: "no channels", channels: [] },
    { name: "an empty channel", channels: [new Float32Array(0)] },
  ])("survives $name and counts the time as missing", ({ channels }) => {
    const rig = new Rig();
    rig.feed(second);
    for (let quantum = 0; quantum < 3; quantum += 1) {
      expect(rig.pipeline.process(channels, rig.frame)).toBe(true);
      rig.frame += QUANTUM;
    }
    rig.feed(second);
    rig.pipeline.command({ type: "stop", id: 1 });
    const late = rig.frames.find(({ position }) => position >= 16_000);
    expect(late?.position).toBe(16_128);
    expect(rig.frames.reduce((sum, { sampleCount }) => sum + sampleCount, 0)).toBe(32_000);
  });

  it("starts at position 0 with the first input, however late it comes", () => {
    const rig = new Rig();
    for (let quantum = 0; quantum < 50; quantum += 1) {
      rig.pipeline.process([], rig.frame);
      rig.frame += QUANTUM;
    }
    rig.feed(second);
    rig.expectNoGapFrom(0);
    expect(rig.frames[0]?.contextTime).toBeCloseTo((50 * QUANTUM) / 48_000, 9);
  });

  // WebAudio/web-audio-api#2632: blocks that the engine dropped are gaps in time, and are reported as such.
  it("moves the position over missing blocks by exactly the missing time, however often", () => {
    const rig = new Rig(44_100);
    const piece = noise(10 * QUANTUM);
    for (let turn = 0; turn < 200; turn += 1) {
      rig.feed(piece);
      rig.frame += QUANTUM;
    }
    const start = rig.frame;
    rig.feed(piece);
    rig.pipeline.command({ type: "stop", id: 1 });
    const last = rig.frames.filter(({ contextTime }) => contextTime >= start / 44_100 - 1e-9);
    expect(last[0]?.position).toBe(Math.round((start * 16_000) / 44_100));
    for (const [index, frame] of rig.frames.entries()) {
      const before = rig.frames[index - 1];
      if (before !== undefined) expect(frame.position).toBeGreaterThanOrEqual(before.position + before.sampleCount);
    }
  });

  it("does not mix what was said before a gap into what comes after it", () => {
    const rig = new Rig();
    rig.feed(new Float32Array(20 * QUANTUM).fill(0.9));
    rig.frame += 10 * QUANTUM;
    rig.feed(new Float32Array(20 * QUANTUM));
    rig.pipeline.command({ type: "stop", id: 1 });
    const gap = Math.round((20 * QUANTUM) / 3);
    const after = rig.frames.filter(({ position }) => position > gap);
    expect(after.length).toBeGreaterThan(0);
    for (const { peak } of after) expect(peak).toBe(0);
  });

  it("stays silent while paused and goes on without a gap, with nothing of the time before", () => {
    const rig = new Rig();
    rig.feed(new Float32Array(40 * QUANTUM).fill(0.9));
    rig.pipeline.command({ type: "pause", id: 1 });
    expect(rig.messages.at(-1)).toEqual({ type: "done", id: 1 });
    const heard = Math.round((40 * QUANTUM) / 3);
    expect(rig.signal).toHaveLength(heard);
    rig.feed(second);
    expect(rig.signal).toHaveLength(heard);
    const resumedAt = rig.frame;
    rig.pipeline.command({ type: "resume", id: 2 });
    rig.feed(new Float32Array(60 * QUANTUM));
    rig.pipeline.command({ type: "stop", id: 3 });
    rig.expectNoGapFrom(0);
    const after = rig.frames.filter(({ position }) => position >= heard);
    expect(after[0]?.contextTime).toBeCloseTo(resumedAt / 48_000, 9);
    for (const { peak } of after) expect(peak).toBe(0);
  });

  it("flushes the unfinished frame without disturbing the signal", () => {
    const undisturbed = new Rig();
    undisturbed.feed(second);
    const rig = new Rig();
    rig.feed(second.subarray(0, 100 * QUANTUM));
    rig.pipeline.command({ type: "flush", id: 4 });
    expect(rig.messages.at(-1)).toEqual({ type: "done", id: 4 });
    expect(rig.frames.at(-1)?.sampleCount).toBeLessThan(320);
    rig.feed(second.subarray(100 * QUANTUM));
    rig.pipeline.command({ type: "stop", id: 5 });
    undisturbed.pipeline.command({ type: "stop", id: 5 });
    rig.expectNoGapFrom(0);
    expect(rig.signal).toEqual(undisturbed.signal);
  });

  it("confirms every command, also when there is nothing to emit", () => {
    const rig = new Rig();
    for (const [id, type] of (["flush", "pause", "pause", "flush", "resume", "stop"] as const).entries()) {
      rig.pipeline.command({ type, id });
    }
    expect(rig.messages).toEqual(Array.from({ length: 6 }, (_, id) => ({ type: "done", id })));
  });

  it("says when each frame's first sample came in", () => {
    const rig = new Rig();
    rig.frame = 4_800;
    rig.feed(second);
    for (const { contextTime, position } of rig.frames) expect(contextTime).toBeCloseTo(0.1 + position / 16_000, 9);
  });

  it("measures each frame before encoding", () => {
    const rig = new Rig();
    rig.feed(sine(1_000, 48_000, 100 * QUANTUM, 0.5));
    const frame = rig.frames[3];
    expect(frame?.peak).toBeCloseTo(0.5, 3);
    expect(frame?.rms).toBeCloseTo(0.5 / Math.SQRT2, 3);
  });

  it("tells a level above full scale as what it is, and passes over what is no number", () => {
    const rig = new Rig(16_000);
    const samples = new Float32Array(5 * QUANTUM).fill(3);
    samples[10] = NaN;
    samples[11] = Infinity;
    rig.feed(samples);
    expect(rig.frames[0]?.peak).toBe(3);
    expect(rig.frames[0]?.rms).toBeCloseTo(3 * Math.sqrt(318 / 320), 5);
    expect(Array.from(rig.signal.subarray(9, 13), (value) => value * 32_768)).toEqual([32_767, 0, 32_767, 32_767]);
  });

  it("goes on from the position it is given", () => {
    const rig = new Rig(48_000, { position: 1_000_000 });
    rig.feed(second);
    rig.expectNoGapFrom(1_000_000);
  });

  it("takes the engine's own quantum size", () => {
    const rig = new Rig();
    for (let quantum = 0; quantum < 100; quantum += 1) {
      rig.pipeline.process([new Float32Array(480).fill(0.5)], quantum * 480);
    }
    rig.pipeline.command({ type: "stop", id: 1 });
    expect(rig.signal).toHaveLength(16_000);
    rig.expectNoGapFrom(0);
  });

  it("mixes stereo to mono", () => {
    const mono = new Rig();
    mono.feed(second);
    const stereo = new Rig();
    stereo.feed(second, second);
    expect(stereo.signal).toEqual(mono.signal);
  });
});

// mattdiamond/Recorderjs#115: what becomes of the channels is the application's choice.
describe("the pipeline's channel policy", () => {
  const low = second;
  const high = sine(1_330, 48_000, second.length, 0.25);

  const signalOf = (settings: Partial<ProcessorSettings>, ...channels: Float32Array[]): Float32Array => {
    const rig = new Rig(44_100, settings);
    rig.feed(...channels);
    rig.pipeline.command({ type: "stop", id: 1 });
    return rig.signal;
  };
  const everyOther = (values: Float32Array, from: number): Float32Array => values.filter((_, n) => n % 2 === from);

  it("takes the left or the right channel alone, as the device gives it", () => {
    expect(signalOf({ channels: "left" }, low, high)).toEqual(signalOf({}, low));
    expect(signalOf({ channels: "right" }, low, high)).toEqual(signalOf({}, high));
  });

  it("interleaves both for stereo, each as it would be alone", () => {
    const stereo = signalOf({ channels: "stereo" }, low, high);
    expect(everyOther(stereo, 0)).toEqual(signalOf({}, low));
    expect(everyOther(stereo, 1)).toEqual(signalOf({}, high));
  });

  it.each(["left", "right"] as const)("takes the only channel of a mono device for %s", (channels) => {
    expect(signalOf({ channels }, low)).toEqual(signalOf({}, low));
  });

  it("doubles the only channel of a mono device for stereo", () => {
    const stereo = signalOf({ channels: "stereo" }, low);
    expect(everyOther(stereo, 0)).toEqual(signalOf({}, low));
    expect(everyOther(stereo, 1)).toEqual(everyOther(stereo, 0));
  });

  it("takes the first two channels of a device with more", () => {
    const more = noise(second.length);
    expect(signalOf({ channels: "stereo" }, low, high, more)).toEqual(signalOf({ channels: "stereo" }, low, high));
  });

  it("goes on in time when a device with another number of channels takes over", () => {
    const rig = new Rig(48_000, { channels: "stereo" });
    rig.feed(low, high);
    rig.feed(high);
    rig.pipeline.command({ type: "stop", id: 1 });
    expect(rig.signal).toHaveLength(2 * 32_000);
    expect(fitTone(everyOther(rig.signal, 1).subarray(200), 1_330, 16_000, 200).snrDb).toBeGreaterThan(60);
  });

  it.each([
    ["pcm_s16le", 2],
    ["pcm_f32le", 4],
    ["mulaw", 1],
  ] as const)("counts time in stereo frames of %s, whose payload has both channels' samples", (encoding, bytes) => {
    const rig = new Rig(48_000, { channels: "stereo", encoding });
    rig.feed(low, high);
    rig.frame += 5 * QUANTUM;
    rig.feed(low.subarray(0, 30 * QUANTUM), high.subarray(0, 30 * QUANTUM));
    rig.pipeline.command({ type: "flush", id: 1 });
    rig.pipeline.command({ type: "stop", id: 2 });
    const frames = rig.frames.slice();
    expect(frames.slice(0, 49).map(({ sampleCount }) => sampleCount)).toEqual(Array(49).fill(320));
    for (const { payload, sampleCount } of frames) expect(payload.byteLength).toBe(2 * bytes * sampleCount);
    expect(frames.find(({ position }) => position >= 16_000)?.position).toBe(Math.round((380 * QUANTUM) / 3));
    expect(frames.reduce((sum, { sampleCount }) => sum + sampleCount, 0)).toBe(16_000 + 1_280);
  });

  it("measures the louder of two channels, and the power of both", () => {
    const rig = new Rig(48_000, { channels: "stereo" });
    rig.feed(sine(1_000, 48_000, 100 * QUANTUM, 0.5), new Float32Array(100 * QUANTUM));
    expect(rig.frames[3]?.peak).toBeCloseTo(0.5, 3);
    expect(rig.frames[3]?.rms).toBeCloseTo(0.5 / 2, 3);
  });

  it("tells clipping that a device did at its own rate", () => {
    const rig = new Rig(48_000);
    rig.feed(sine(440, 48_000, 100 * QUANTUM, 1.5).map((sample) => Math.max(-1, Math.min(sample, 1))));
    for (const { peak } of rig.frames.slice(1)) expect(peak).toBeGreaterThan(0.9999);
  });
});
