import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SampleInput } from "../../src/capture/samples/sample-reader.js";
import { type SamplesOptions, samples } from "../../src/capture/samples/samples.js";
import type { AudioFrame, SourceOpenOptions } from "../../src/capture/source.js";
import type { AudioStreamError } from "../../src/errors.js";
import { deferred } from "../../src/internal/deferred.js";
import { decibels, fitTone, noise, rms, sine } from "../support/signals.js";

/** Ends what a test has left open. */
let ending: AbortController;

beforeEach(() => {
  vi.useFakeTimers();
  ending = new AbortController();
});

afterEach(() => {
  ending.abort();
  vi.useRealTimers();
});

class Heard {
  readonly frames: AudioFrame[] = [];
  readonly ends: AudioStreamError[] = [];

  get sampleCount(): number {
    return this.frames.reduce((sum, { sampleCount }) => sum + sampleCount, 0);
  }

  /** Values of frames of 32-bit floats. */
  get values(): Float32Array {
    return Float32Array.from(this.frames.flatMap(({ payload }) => Array.from(new Float32Array(payload.buffer))));
  }

  expectNoGap(): void {
    let next = 0;
    for (const { position, sampleCount } of this.frames) {
      expect(position).toBe(next);
      next += sampleCount;
    }
  }
}

async function open(input: SampleInput, options: SamplesOptions, more: Partial<SourceOpenOptions> = {}) {
  const heard = new Heard();
  const source = samples(input, options);
  const capture = await source.open({
    signal: ending.signal,
    format: { encoding: "pcm_f32le", sampleRate: 16_000, channelCount: 1 },
    frameDurationMs: 20,
    onFrame: (frame) => heard.frames.push(frame),
    onInterrupt: () => {},
    onDeviceChange: () => {},
    onWarning: () => {},
    onEnd: (error) => heard.ends.push(error),
    ...more,
  });
  return { heard, source, capture };
}

const FAST = { sampleRate: 16_000, realTime: false };
const REAL = { sampleRate: 16_000 };

/** Lets everything that waits for no more than this much time happen. */
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

function* cut(sound: Float32Array, length: number): Generator<Float32Array> {
  for (let from = 0; from < sound.length; from += length) yield sound.subarray(from, from + length);
}

function streamOf(pieces: Iterator<Float32Array>): ReadableStream<Float32Array> {
  return new ReadableStream({
    pull(controller) {
      const { done, value } = pieces.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
  });
}

/** An input that says what is done with it. */
class Watched implements AsyncIterable<Float32Array> {
  asked = 0;
  returned = 0;
  pieces: Float32Array[] = [];
  /** Where there is no piece: what is waited for. */
  held = new Promise<IteratorResult<Float32Array>>(() => {});

  [Symbol.asyncIterator](): AsyncIterator<Float32Array> {
    return {
      next: () => {
        this.asked += 1;
        const piece = this.pieces.shift();
        return piece === undefined ? this.held : Promise.resolve({ done: false, value: piece });
      },
      return: async () => {
        this.returned += 1;
        return { done: true, value: undefined };
      },
    };
  }
}

describe("what comes out of samples()", () => {
  it("is what went in, value for value, where the rates are equal, however it was cut", async () => {
    const sound = noise(3_123);
    for (const length of [1, 127, 320, 2_000, 3_123]) {
      const { heard, source, capture } = await open(cut(sound, length), FAST);
      await pass(1_000);
      await source.ended;
      expect(heard.values).toEqual(sound);
      heard.expectNoGap();
      await capture.stop();
    }
  });

  it("begins with the silence that the input begins with", async () => {
    const sound = new Float32Array(1_000);
    const { heard, source } = await open([sound], FAST);
    await pass();
    await source.ended;
    expect(heard.sampleCount).toBe(1_000);
  });

  it("is converted from the input's rate, as long as the input and as pure", async () => {
    const { heard, source } = await open(cut(sine(1_000, 44_100, 44_100, 0.5), 1_024), { ...FAST, sampleRate: 44_100 });
    await pass(100);
    await source.ended;
    expect(heard.sampleCount).toBe(16_000);
    const tone = fitTone(heard.values.subarray(1_000, 15_000), 1_000, 16_000, 1_000);
    expect(tone.amplitude).toBeCloseTo(0.5, 4);
    expect(tone.snrDb).toBeGreaterThan(100);
  });

  it("comes from async iterables and streams as well", async () => {
    const sound = noise(4_000);
    async function* later() {
      for (const piece of cut(sound, 700)) {
        await Promise.resolve();
        yield piece;
      }
    }
    for (const input of [later(), streamOf(cut(sound, 700))]) {
      const { heard, source } = await open(input, FAST);
      await pass(100);
      await source.ended;
      expect(heard.values).toEqual(sound);
    }
  });

  it("is the mean of the input's channels, one of them, or both, as it is told", async () => {
    const [left, right] = [sine(440, 16_000, 1_600, 0.5), sine(440, 16_000, 1_600, 0.25)];
    const both = Float32Array.from({ length: 3_200 }, (_, index) => (index % 2 === 0 ? left : right)[index >> 1] ?? 0);
    const input = { ...FAST, channelCount: 2 };
    const heardWith = async (options: Partial<SamplesOptions>, channelCount = 1) => {
      const { heard, source } = await open(
        cut(both, 500),
        { ...input, ...options },
        {
          format: { encoding: "pcm_f32le", sampleRate: 16_000, channelCount },
        },
      );
      await pass(100);
      await source.ended;
      expect(heard.sampleCount).toBe(1_600);
      return heard.values;
    };
    expect(await heardWith({ channels: "left" })).toEqual(left);
    expect(await heardWith({ channels: "right" })).toEqual(right);
    expect(await heardWith({}, 2)).toEqual(both);
    expect(rms(await heardWith({}))).toBeCloseTo((rms(left) + rms(right)) / 2, 3);
  });

  it("tells the levels and the encoding of each frame", async () => {
    const { heard, source } = await open([sine(400, 16_000, 640, 0.5)], FAST, {
      format: { encoding: "pcm_s16le", sampleRate: 16_000, channelCount: 1 },
    });
    await pass();
    await source.ended;
    expect(heard.frames.map(({ payload }) => payload.byteLength)).toEqual([640, 640]);
    expect(heard.frames[1]?.peakLevel).toBeCloseTo(0.5, 3);
    expect(decibels((heard.frames[1]?.rmsLevel ?? 0) / 0.5)).toBeCloseTo(-3.01, 1);
  });
});

describe("the pace of samples()", () => {
  it("is that of the sound by default: a frame comes when it has sounded, and says when it began", async () => {
    const begun = performance.now();
    const { heard, source } = await open([noise(16_000)], REAL);
    await pass(19);
    expect(heard.sampleCount).toBe(0);
    await pass(1);
    expect(heard.sampleCount).toBe(320);
    await pass(480);
    expect(heard.sampleCount).toBe(8_000);
    await pass(500);
    await source.ended;
    expect(heard.sampleCount).toBe(16_000);
    for (const { position, timestamp } of heard.frames) expect(timestamp).toBeCloseTo(begun + position / 16, 6);
  });

  it("does not ask for the next piece before the last one has sounded", async () => {
    const input = new Watched();
    input.pieces = [noise(1_600), noise(1_600)];
    await open(input, REAL);
    await pass(99);
    expect(input.asked).toBe(1);
    await pass(1);
    expect(input.asked).toBe(2);
    await pass(100);
    expect(input.asked).toBe(3);
  });

  it("catches up after timers that came late, and keeps the time of the sound", async () => {
    const { heard } = await open([noise(160_000)], REAL);
    await pass(100);
    const begun = heard.frames[0]?.timestamp ?? 0;
    // A page in the background gets a turn now and then.
    const now = vi.spyOn(performance, "now").mockReturnValue(performance.now() + 5_000);
    await pass(40);
    expect(heard.sampleCount).toBeGreaterThanOrEqual(16 * 5_100);
    expect(heard.sampleCount).toBeLessThan(16 * 5_200);
    expect(heard.frames.at(-1)?.timestamp).toBeCloseTo(begun + (heard.frames.at(-1)?.position ?? 0) / 16, 6);
    now.mockRestore();
  });

  it("does not hurry after an input that had nothing for a while", async () => {
    const input = new Watched();
    const next = deferred<IteratorResult<Float32Array>>();
    input.pieces = [noise(320)];
    input.held = next.promise;
    const { heard } = await open(input, REAL);
    await pass(10_000);
    expect(heard.sampleCount).toBe(320);
    input.held = new Promise(() => {});
    next.resolve({ done: false, value: noise(16_000) });
    await pass(0);
    expect(heard.sampleCount).toBe(320);
    await pass(500);
    expect(heard.sampleCount).toBe(320 + 8_000);
    heard.expectNoGap();
    const [, second] = heard.frames;
    expect(second?.timestamp).toBeGreaterThan((heard.frames[0]?.timestamp ?? 0) + 9_900);
  });

  it("is as fast as it can be without realTime, and the page gets its turns", async () => {
    const minute = noise(60 * 16_000);
    const { heard, source } = await open(cut(minute, 16_000), FAST);
    let turns = 0;
    const counting = setInterval(() => (turns += 1), 1);
    await pass(60);
    clearInterval(counting);
    await source.ended;
    expect(heard.sampleCount).toBe(minute.length);
    expect(turns).toBeGreaterThanOrEqual(20);
  });

  it("lets the page have its turn, and end it, where the input gives nothing for ever", async () => {
    const empty = (function* () {
      for (;;) yield new Float32Array(0);
    })();
    const { source } = await open(empty, FAST);
    setTimeout(() => ending.abort("enough"), 5);
    await pass(10);
    await expect(source.ended).rejects.toBe("enough");
  });

  it.each([FAST, REAL])(
    "reads nothing while the stream has no room, and goes on where it was ($realTime)",
    async (how) => {
      const input = new Watched();
      const sound = noise(3_200);
      input.pieces = [...cut(sound, 320)];
      let room = deferred<void>();
      const { heard } = await open(input, how, { whenRoom: () => room.promise });
      await pass(5_000);
      expect(input.asked).toBe(0);
      room.resolve();
      await pass(25);
      expect(input.asked).toBeGreaterThan(0);
      room = deferred();
      await pass(25);
      const heardBefore = heard.sampleCount;
      const askedBefore = input.asked;
      await pass(5_000);
      expect([heard.sampleCount, input.asked]).toEqual([heardBefore, askedBefore]);
      room.resolve();
      await pass(200);
      expect(heard.values).toEqual(sound);
    },
  );
});

describe("pausing samples()", () => {
  it("emits what was read, reads nothing, and goes on without a gap or a mark in the sound", async () => {
    const sound = sine(1_000, 48_000, 96_000, 0.5);
    const input = new Watched();
    input.pieces = [...cut(sound, 480)];
    const { heard, capture } = await open(input, { sampleRate: 48_000 });
    await pass(505);
    await capture.pause(false);
    const { asked } = input;
    // All but what the filter looks ahead.
    expect(heard.sampleCount).toBeGreaterThan(0.495 * 16_000);
    const { sampleCount } = heard;
    const pausedAt = heard.frames.length;
    await pass(60_000);
    expect([heard.sampleCount, input.asked]).toEqual([sampleCount, asked]);
    await capture.resume();
    await pass(495);
    expect(heard.sampleCount).toBeLessThan(16_000);
    await pass(1_100);
    heard.expectNoGap();
    await capture.stop();
    expect(heard.sampleCount).toBe(32_000);
    const tone = fitTone(heard.values.subarray(1_000, 31_000), 1_000, 16_000, 1_000);
    expect(tone.snrDb).toBeGreaterThan(100);
    const [before, after] = [heard.frames[pausedAt - 1], heard.frames[pausedAt]];
    expect((after?.timestamp ?? 0) - (before?.timestamp ?? 0)).toBeGreaterThan(59_900);
  });

  it("keeps the piece that came while it paused", async () => {
    const input = new Watched();
    const next = deferred<IteratorResult<Float32Array>>();
    input.held = next.promise;
    const { heard, capture } = await open(input, FAST);
    await pass();
    await capture.pause(true);
    input.held = new Promise(() => {});
    next.resolve({ done: false, value: noise(320) });
    await pass(100);
    expect(heard.sampleCount).toBe(0);
    await capture.resume();
    await pass();
    expect(heard.sampleCount).toBe(320);
  });

  // Field report 86: nothing is delivered while the caller wants nothing.
  it("keeps the end that came while it paused: nothing more is emitted before the resumption", async () => {
    const input = new Watched();
    const end = deferred<IteratorResult<Float32Array>>();
    input.pieces = [noise(48_100)];
    input.held = end.promise;
    const { heard, source, capture } = await open(input, { sampleRate: 48_000, realTime: false });
    const ended = vi.fn();
    source.ended.then(ended, ended);
    await pass();
    await capture.pause(false);
    const before = heard.sampleCount;
    end.resolve({ done: true, value: undefined });
    await pass(60_000);
    expect(heard.sampleCount).toBe(before);
    expect(ended).not.toHaveBeenCalled();
    await capture.resume();
    await pass();
    expect(heard.sampleCount).toBe(Math.round(48_100 / 3));
    expect(ended).toHaveBeenCalledExactlyOnceWith(undefined);
  });

  it("flush() emits the frame that is not full yet, and disturbs nothing", async () => {
    const sound = noise(1_000);
    const input = new Watched();
    input.pieces = [sound.subarray(0, 400), sound.subarray(400)];
    const { heard, capture } = await open(input, REAL);
    await pass(25);
    await capture.flush();
    expect(heard.sampleCount).toBe(400);
    await pass(100);
    await capture.stop();
    expect(heard.values).toEqual(sound);
    heard.expectNoGap();
  });
});

describe("the end of samples()", () => {
  it("comes after the last sample, and leaves the capture open", async () => {
    const { heard, source, capture } = await open([noise(500)], REAL);
    let ended = false;
    void source.ended.then(() => (ended = true));
    await pass(31);
    expect(ended).toBe(false);
    await pass(1);
    expect(ended).toBe(true);
    expect(heard.sampleCount).toBe(500);
    await capture.pause(false);
    await capture.resume();
    await capture.flush();
    await capture.stop();
    expect(heard.sampleCount).toBe(500);
    expect(heard.ends).toEqual([]);
  });

  it("stopping before it emits what was read and lets the input go", async () => {
    const input = new Watched();
    input.pieces = [noise(400), noise(400)];
    const { heard, source, capture } = await open(input, FAST);
    await pass();
    const stopped = capture.stop();
    expect(heard.sampleCount).toBe(800);
    expect(input.returned).toBe(1);
    await stopped;
    await expect(source.ended).rejects.toMatchObject({ name: "AbortError" });
  });

  it("aborting lets the input go inside the call, and nothing comes any more", async () => {
    const input = new Watched();
    input.pieces = [noise(16_000), noise(16_000)];
    const { heard, source } = await open(input, REAL);
    await pass(100);
    ending.abort("over");
    expect(input.returned).toBe(1);
    const { sampleCount } = heard;
    await pass(1_000);
    expect(heard.sampleCount).toBe(sampleCount);
    expect(input.asked).toBe(1);
    await expect(source.ended).rejects.toBe("over");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("aborting from within a frame stops right there", async () => {
    let frames = 0;
    const { source } = await open([noise(16_000)], FAST, {
      frameDurationMs: 5,
      onFrame: () => {
        frames += 1;
        if (frames === 3) ending.abort("enough");
      },
    });
    await pass(10);
    await expect(source.ended).rejects.toBe("enough");
    expect(frames).toBe(3);
  });

  it("aborting cancels a stream with the reason, also while it is being read", async () => {
    const cancelled: unknown[] = [];
    const stream = new ReadableStream<Float32Array>({ cancel: (reason) => void cancelled.push(reason) });
    await open(stream, REAL);
    await pass();
    ending.abort("over");
    await pass();
    expect(cancelled).toEqual(["over"]);
  });

  it("aborting does not wait for a generator that is stuck, which ends as soon as it can", async () => {
    const stuck = deferred<void>();
    let left = false;
    const input = (async function* () {
      try {
        await stuck.promise;
        yield noise(10);
      } finally {
        left = true;
      }
    })();
    const { capture } = await open(input, REAL);
    await pass();
    await capture.stop();
    expect(left).toBe(false);
    stuck.resolve();
    await pass();
    expect(left).toBe(true);
  });

  it("opening with an aborted signal rejects with its reason and touches nothing", async () => {
    const input = new Watched();
    const source = samples(input, REAL);
    const signal = AbortSignal.abort("before");
    const opening = source.open({ signal } as SourceOpenOptions);
    await expect(opening).rejects.toBe("before");
    await expect(source.ended).rejects.toBe("before");
    expect(input.asked).toBe(0);
  });
});

describe("what samples() refuses", () => {
  const good: Float32Array[] = [];

  it.each<readonly [string, unknown, RegExp]>([
    ["nothing", undefined, /iterable.*undefined/],
    ["a number", 5, /iterable.*5/],
    ["an object that gives nothing", {}, /iterable.*Object/],
    ["one piece alone", new Float32Array(5), /\[piece\]/],
  ])("an input that is %s", (_, input, message) => {
    expect(() => samples(input as SampleInput, REAL)).toThrow(TypeError);
    expect(() => samples(input as SampleInput, REAL)).toThrow(message);
  });

  it("a stream that somebody reads already", () => {
    const stream = new ReadableStream<Float32Array>();
    stream.getReader();
    expect(() => samples(stream, REAL)).toThrow(/reads already/);
  });

  it.each<readonly [string, object, RegExp]>([
    ["no rate", {}, /sampleRate.*undefined/],
    ["a rate too low", { sampleRate: 999 }, /sampleRate.*999/],
    ["a rate too high", { sampleRate: 800_000 }, /sampleRate.*800000/],
    ["a rate that is none", { sampleRate: Number.NaN }, /sampleRate.*NaN/],
    ["no channels", { sampleRate: 8_000, channelCount: 0 }, /channelCount.*0/],
    ["half a channel", { sampleRate: 8_000, channelCount: 1.5 }, /channelCount.*1\.5/],
    ["an unknown policy", { sampleRate: 8_000, channels: "up" }, /channels.*up/],
    ["a pace that is neither", { sampleRate: 8_000, realTime: 2 }, /realTime.*2/],
  ])("%s", (_, options, message) => {
    expect(() => samples(good, options as SamplesOptions)).toThrow(message);
  });

  it.each<readonly [string, unknown, number, RegExp]>([
    ["an array of numbers", [0.1, 0.2], 1, /Array where a Float32Array/],
    ["16-bit samples", new Int16Array(4), 1, /Int16Array where a Float32Array/],
    ["nothing", null, 1, /null where a Float32Array/],
    ["what is not a number", Float32Array.of(0.5, Number.NaN), 1, /NaN as sample 321,/],
    ["what is not finite", Float32Array.of(0.5, Infinity), 1, /Infinity as sample 321,/],
  ])("%s, once it comes: after what came before it, with a sentence", async (_, piece, channelCount, message) => {
    const input = new Watched();
    input.pieces = [noise(320), piece as Float32Array];
    const { heard, source } = await open(input, { ...FAST, channelCount });
    await pass(10);
    expect(heard.sampleCount).toBe(320);
    expect(heard.ends).toHaveLength(1);
    expect(heard.ends[0]).toMatchObject({ code: "capture-failed", message: expect.stringMatching(message) });
    expect(input.returned).toBe(1);
    await expect(source.ended).rejects.toBe(heard.ends[0]);
  });

  it("a piece that ends in the middle of a sample", async () => {
    const { heard } = await open([noise(321)], { ...FAST, channelCount: 2 });
    await pass();
    expect(heard.ends[0]?.message).toMatch(/321 values.*2 channels/);
  });

  it("an input without a sample, which nothing could be streamed of", async () => {
    const { heard, source } = await open([], FAST);
    await pass();
    expect(heard.ends[0]?.message).toMatch(/without a sample/);
    await expect(source.ended).rejects.toBe(heard.ends[0]);
  });

  it("to go on after the input threw: what came before it is delivered, the cause is told", async () => {
    const cause = new Error("The disk is gone.");
    const input = (async function* () {
      yield noise(500);
      throw cause;
    })();
    const { heard, source } = await open(input, FAST);
    await pass(10);
    expect(heard.sampleCount).toBe(500);
    expect(heard.ends[0]).toMatchObject({ code: "capture-failed", cause });
    await expect(source.ended).rejects.toBe(heard.ends[0]);
  });

  it("a format that it cannot make, and a second stream", async () => {
    const format = { encoding: "opus", sampleRate: 16_000, channelCount: 1 } as const;
    await expect(open(good, FAST, { format })).rejects.toMatchObject({ code: "unsupported" });
    const source = samples([noise(10)], FAST);
    const options: SourceOpenOptions = {
      signal: ending.signal,
      format: { encoding: "pcm_s16le", sampleRate: 16_000, channelCount: 1 },
      frameDurationMs: 20,
      onFrame: () => {},
      onInterrupt: () => {},
      onDeviceChange: () => {},
      onWarning: () => {},
      onEnd: () => {},
    };
    await source.open(options);
    await expect(source.open(options)).rejects.toThrow(/one for each stream/);
  });
});
