import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AudioCapture, AudioSource } from "../../src/capture/source.js";
import { AudioStreamError } from "../../src/errors.js";
import { opus } from "../../src/frames/opus/opus.js";
import { AudioStream } from "../../src/stream/audio-stream.js";
import type { DropEvent } from "../../src/stream/events/events.js";
import type { Logger } from "../../src/stream/logger.js";
import type { AudioStreamOptions } from "../../src/stream/options/options.js";
import { webSocket } from "../../src/transport/websocket.js";
import { fakeAudioEncoder } from "../support/fake-audio-encoder.js";
import { FakeSource, FRAME } from "../support/fake-source.js";
import { FakeTransport } from "../support/fake-transport.js";
import { observedStream, passTime, rejectionOf, runningStream, settle, stateOf } from "../support/observed-stream.js";
import { expectNoUnhandledRejections } from "../support/unhandled-rejections.js";

expectNoUnhandledRejections();
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const thrower = (): never => {
  throw new Error("the application's own fault");
};

describe("a logger that fails", () => {
  const LOGGERS: Readonly<Record<string, Logger>> = {
    throws: { debug: thrower, warn: thrower },
    rejects: {
      debug: () => Promise.reject(new Error("disk full")) as never,
      warn: () => Promise.reject(new Error("disk full")) as never,
    },
    "never answers": {
      debug: () => new Promise(() => {}) as never,
      warn: () => new Promise(() => {}) as never,
    },
  };

  // Field report 62: close() never settled.
  it.each(Object.entries(LOGGERS))(
    "(%s) costs nothing but its line, also where the source does not stop",
    async (_, logger) => {
      const { stream, source, transport } = await runningStream({ logger });
      transport.last.say("server.error", { code: "engine_slow" });
      await passTime(2_000);
      expect(stream.state).toBe("streaming");
      source.failing.set("stop", new Error("no"));
      const closing = stream.close();
      await passTime(6_000);
      await closing;
      expect(await stream.closed).toEqual({ outcome: "closed" });
      expect(source.live).toBe(false);
    },
  );
});

describe("a source of the application's own", () => {
  const frame = { payload: new Uint8Array(640), sampleCount: FRAME, timestamp: 0, peakLevel: 0, rmsLevel: 0 };
  const capture: AudioCapture = {
    track: undefined,
    pause: async () => {},
    resume: async () => {},
    flush: async () => {},
    stop: async () => {},
  };
  const start = async (changes: Partial<AudioCapture>, options: AudioStreamOptions = {}) => {
    const transport = new FakeTransport();
    const source: AudioSource = {
      open: async ({ onFrame }) => {
        onFrame({ ...frame, position: 0 });
        return { ...capture, ...changes };
      },
    };
    const stream = new AudioStream({ source, transport }, options);
    const started = stream.start();
    await passTime(100);
    await started;
    return { stream, transport };
  };

  it.each<readonly [string, unknown]>([
    ["throws", thrower],
    ["returns nothing", () => undefined],
    ["resolves with nothing", async () => undefined],
    ["resolves with what is no capture", async () => ({ pause: 1 })],
  ])("that %s when it is opened ends the stream with a sentence about it", async (_, open) => {
    const stream = new AudioStream({ source: { open } as AudioSource, transport: new FakeTransport() });
    const error = await rejectionOf(stream.start());
    expect(error).toMatchObject({
      code: "capture-failed",
      message: expect.stringContaining("The audio source failed"),
    });
    expect(stream.resources()).toEqual([]);
  });

  it("that returns its capture without a promise is taken as it is", async () => {
    const source = { open: () => capture } as unknown as AudioSource;
    const stream = new AudioStream({ source, transport: new FakeTransport() });
    await stream.warmUp();
    expect(stream.state).toBe("warm");
    await stream.close();
  });

  it("that opens too late, with what cannot be stopped, harms nobody", async () => {
    let finish: (capture: unknown) => void = () => {};
    const source = { open: () => new Promise((resolve) => (finish = resolve)) } as unknown as AudioSource;
    for (const late of [undefined, {}, { ...capture, stop: thrower }]) {
      const stream = new AudioStream({ source, transport: new FakeTransport() });
      const started = rejectionOf(stream.start());
      stream.abort("left");
      finish(late);
      expect(await started).toBe("left");
    }
  });

  it("that throws in every call leaves the stream running, and each caller gets what it threw", async () => {
    const { stream } = await start({
      pause: thrower,
      resume: thrower,
      flush: thrower,
      setDevice: thrower,
      stop: thrower,
    });
    await expect(stream.pause()).rejects.toThrow("own fault");
    await expect(stream.flush()).rejects.toThrow("own fault");
    await expect(stream.setDevice("other")).rejects.toThrow("own fault");
    expect(stream.state).toBe("streaming");
    const closing = stream.close();
    await passTime(6_000);
    await closing;
  });

  it("that calls back after the end is not heard", async () => {
    const { stream, source, heard, transport } = await runningStream();
    const { options } = source;
    await stream.close();
    const before = heard.length;
    const sent = transport.last.audio.length;
    source.speak(3);
    options.onInterrupt("device-lost");
    options.onDeviceChange(source.track, "device-lost");
    options.onWarning(new AudioStreamError("capture-failed", "late", { details: undefined }));
    options.onEnd(new AudioStreamError("device-lost", "late", { details: undefined }));
    await settle();
    expect(heard.slice(before)).toEqual([]);
    expect(transport.last.audio).toHaveLength(sent);
    // Nobody hears of a drop any more, so that none is counted.
    expect((await stream.getStats()).droppedDurationMs).toBe(0);
    expect(await stream.closed).toEqual({ outcome: "closed" });
  });

  it("that ends by itself while the stream closes changes nothing about the close", async () => {
    const { stream, source } = await runningStream();
    source.slow.add("stop");
    const closing = stream.close();
    source.end(new AudioStreamError("device-lost", "gone", { details: undefined }));
    source.finish("stop");
    await settle();
    await closing;
    expect(await stream.closed).toEqual({ outcome: "closed" });
  });
});

describe("what is asked before each connection", () => {
  const answers: Readonly<Record<string, () => never>> = {
    throws: thrower,
    rejects: () => Promise.reject(new Error("no token today")) as never,
    "gives what is none": () => 7 as never,
    "gives nothing": () => undefined as never,
    "never answers": () => new Promise(() => {}) as never,
  };

  it.each(Object.entries(answers))(
    "getToken that %s costs the attempt, and the next one has another chance",
    async (_, fail) => {
      let asked = 0;
      const { stream, source, transport } = observedStream({
        getToken: () => {
          asked += 1;
          return asked === 1 ? fail() : "token";
        },
      });
      const started = stream.start();
      await settle();
      source.speak();
      await passTime(15_000);
      await started;
      expect(asked).toBe(2);
      expect(transport.connections).toHaveLength(1);
      await stream.close();
    },
  );

  it.each(Object.entries(answers))(
    "an address function that %s does the same, and the stream can be closed",
    async (_, fail) => {
      const source = new FakeSource();
      const reasons: string[] = [];
      const stream = new AudioStream({ source, transport: webSocket(() => fail()) }, { reconnect: { jitterRatio: 0 } });
      stream.addEventListener("reconnecting", ({ error }) => reasons.push(error.code));
      const started = rejectionOf(stream.start());
      await passTime(25_000);
      expect(reasons.length).toBeGreaterThan(0);
      stream.abort("enough");
      expect(await started).toBe("enough");
      expect(stream.resources()).toEqual([]);
    },
  );
});

describe("a reconnect function", () => {
  // Field report 89: the audio that was held vanished, without a drop.
  it("that throws ends the stream, and what was held is told as lost", async () => {
    const { stream, source, transport } = await runningStream({ reconnect: thrower });
    const drops: DropEvent[] = [];
    stream.addEventListener("drop", (event) => drops.push(event));
    transport.acknowledges = false;
    source.speak(50);
    transport.last.lose();
    await passTime(1_000);
    expect(await stream.closed).toMatchObject({ outcome: "failed" });
    expect(drops.map(({ from, to }) => ({ from, to }))).toEqual([{ from: FRAME, to: source.captured }]);
    expect((await stream.getStats()).droppedDurationMs).toBe(1_000);
  });
});

describe("an encoder that stalls", () => {
  const speaking = async () => {
    const Encoder = fakeAudioEncoder();
    const observed = observedStream({ encoding: opus() });
    const drops: DropEvent[] = [];
    observed.stream.addEventListener("drop", (event) => drops.push(event));
    observed.source.bytesPerSample = 4;
    observed.transport.encoding = "opus";
    const started = observed.stream.start();
    await settle();
    observed.source.speak(5);
    await passTime(100);
    await started;
    await observed.stream.flush();
    Encoder.behaviour.stalled = true;
    observed.source.speak(10);
    return { ...observed, drops };
  };
  const sums = async (drops: readonly DropEvent[], observed: { stream: AudioStream; transport: FakeTransport }) => {
    const { capturedDurationMs, droppedDurationMs } = await observed.stream.getStats();
    const told = drops.reduce((sum, { durationMs }) => sum + durationMs, 0);
    return {
      lost: droppedDurationMs,
      told,
      rest: capturedDurationMs - droppedDurationMs - observed.transport.expected / 16,
    };
  };

  // Field report 90: close() was fine, and half of the samples were missing without a word.
  it("costs a close() what it held back, and that is told", async () => {
    const observed = await speaking();
    const closing = observed.stream.close();
    await passTime(6_000);
    await closing;
    expect(await sums(observed.drops, observed)).toEqual({ lost: 200, told: 200, rest: 0 });
  });

  it("costs an abort() what it held back, in the same drop as what was not acknowledged", async () => {
    const observed = await speaking();
    observed.stream.abort();
    await observed.stream.closed;
    expect(observed.drops).toHaveLength(1);
    expect(await sums(observed.drops, observed)).toEqual({ lost: 200, told: 200, rest: 0 });
  });

  it("does not keep a pause() waiting, nor lets a flush() claim what is not true", async () => {
    const observed = await speaking();
    const flushing = observed.stream.flush();
    const pausing = observed.stream.pause();
    await passTime(5_000);
    await pausing;
    expect(observed.stream.state).toBe("paused");
    expect(await stateOf(flushing)).toBe("pending");
    observed.stream.abort("over");
    expect(await rejectionOf(flushing)).toBe("over");
  });

  it("ends the stream by name if it brings nothing out for half a minute, also while nothing new comes", async () => {
    const observed = await speaking();
    const refusal = rejectionOf(observed.stream.flush());
    await Promise.all([observed.stream.pause(), passTime(40_000)]);
    expect(await refusal).toMatchObject({ code: "encoder-failed" });
    expect(await observed.stream.closed).toMatchObject({ outcome: "failed", error: { code: "encoder-failed" } });
    expect(await sums(observed.drops, observed)).toEqual({ lost: 200, told: 200, rest: 0 });
  });

  it("ends the start by name if the browser never says whether it can encode, and releases the source", async () => {
    vi.spyOn(fakeAudioEncoder(), "isConfigSupported").mockReturnValue(new Promise(() => {}));
    const { stream, source, heard } = observedStream({ encoding: opus() });
    const refusal = rejectionOf(stream.start());
    await passTime(4_000);
    expect(stream.state).toBe("starting");
    await passTime(2_000);
    expect(await refusal).toMatchObject({
      code: "encoder-failed",
      message: expect.stringContaining("5 seconds"),
    });
    expect({ live: source.live, heard }).toEqual({ live: false, heard: ["starting", "closed", "close"] });
  });
});
