import { describe, expect, it } from "vitest";
import { samples } from "../../src/capture/samples/samples.js";
import type { AudioCapture, AudioSource } from "../../src/capture/source.js";
import { AudioStreamError } from "../../src/errors.js";
import { AudioStream } from "../../src/stream/audio-stream.js";
import type { DropEvent } from "../../src/stream/events/events.js";
import { FakeTransport } from "../support/fake-transport.js";
import {
  type ObservedStream,
  observedStream,
  passTime,
  rejectionOf,
  runningStream,
  settle,
  stateOf,
  watchStreams,
} from "../support/observed-stream.js";

const watched = watchStreams();
const overtaken = (by: string) => ({ name: "AbortError", message: expect.stringContaining(by) });

describe("the last call decides", () => {
  // Field report 86: resume() and pause() in one go both fulfilled, and the stream said "streaming" without a frame.
  it("resume() and then pause() in one go leave the stream paused, and the resumption is told that it was overtaken", async () => {
    const { stream, source } = watched(await runningStream());
    await stream.pause();
    const resuming = rejectionOf(stream.resume());
    const pausing = stream.pause();
    expect(await resuming).toMatchObject(overtaken("pause()"));
    await pausing;
    expect(stream).toMatchObject({ state: "paused", paused: true });
    expect(source.calls.at(-1)).toBe("pause");
  });

  it("pause() and then resume() in one go leave the stream streaming", async () => {
    const { stream, source } = watched(await runningStream());
    const pausing = rejectionOf(stream.pause());
    await stream.resume();
    expect(await pausing).toMatchObject(overtaken("resume()"));
    expect(stream).toMatchObject({ state: "streaming", paused: false });
    expect(source.calls.at(-1)).toBe("resume");
  });

  it("a pause that releases the device is enough for one that does not, and a release stays one", async () => {
    const { stream, source } = watched(await runningStream());
    await Promise.all([stream.pause(), stream.pause({ releaseDevice: true }), stream.pause()]);
    expect(source.calls).toEqual(["open", "pause", "pause, release"]);
    await stream.pause();
    expect(source.calls).toHaveLength(3);
  });

  it("a call for what holds already is done at once and asks the source for nothing", async () => {
    const { stream, source } = watched(await runningStream());
    await stream.resume();
    await stream.pause();
    await stream.pause();
    expect(source.calls).toEqual(["open", "pause"]);
  });

  it("40 random push-to-talk runs end as the last call asked, whatever the source needs for each step", async () => {
    let seed = 11;
    const random = (): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed / 2_147_483_648;
    };
    for (let run = 0; run < 40; run += 1) {
      const device = new SlowDevice(() => Math.floor(random() * 30));
      const stream = new AudioStream({ source: device, transport: new FakeTransport() });
      const started = stream.start();
      await passTime(40);
      await started;
      let last = "resume";
      for (let press = 0; press < 12; press += 1) {
        last = random() < 0.5 ? "resume" : "pause";
        const call = last === "resume" ? stream.resume() : stream.pause({ releaseDevice: random() < 0.5 });
        call.catch(() => {});
        if (random() < 0.6) await passTime(Math.floor(random() * 20));
      }
      await passTime(500);
      expect({ run, paused: stream.paused, state: stream.state, capturing: device.capturing }).toEqual({
        run,
        paused: last === "pause",
        state: last === "pause" ? "paused" : "streaming",
        capturing: last !== "pause",
      });
      stream.abort();
      await stream.closed;
    }
  });
});

describe("a call whose signal aborts is undone", () => {
  // Field report 85: the resumption had rejected, yet the track was live while the state was "paused".
  it("a resume() that is aborted leaves the source paused and released, also where the source takes no notice", async () => {
    const device = new SlowDevice(() => 100);
    const stream = new AudioStream({ source: device, transport: new FakeTransport() });
    const started = stream.start();
    await passTime(200);
    await started;
    const pausing = stream.pause({ releaseDevice: true });
    await passTime(200);
    await pausing;
    const controller = new AbortController();
    const resuming = rejectionOf(stream.resume({ signal: controller.signal }));
    await passTime(50);
    controller.abort("changed my mind");
    expect(await resuming).toBe("changed my mind");
    await passTime(1_000);
    expect(stream).toMatchObject({ state: "paused", paused: true });
    expect(device).toMatchObject({ capturing: false, held: false });
    stream.abort();
    await stream.closed;
  });

  it("a resume() hands its signal's abort to the source", async () => {
    const { stream, source } = watched(await runningStream());
    await stream.pause({ releaseDevice: true });
    source.slow.add("resume");
    const controller = new AbortController();
    const resuming = rejectionOf(stream.resume({ signal: controller.signal }));
    await settle();
    expect(source.signals.at(-1)?.aborted).toBe(false);
    controller.abort("enough");
    expect(source.signals.at(-1)?.aborted).toBe(true);
    expect(await resuming).toBe("enough");
    expect(stream.paused).toBe(true);
  });

  it("a pause() that is aborted leaves the source running", async () => {
    const { stream, source } = watched(await runningStream());
    source.slow.add("pause");
    const controller = new AbortController();
    const pausing = rejectionOf(stream.pause({ signal: controller.signal }));
    controller.abort("enough");
    expect(await pausing).toBe("enough");
    await settle();
    expect(source.calls).toEqual(["open", "pause", "resume"]);
    source.finish("pause");
    await settle();
    expect(stream).toMatchObject({ state: "streaming", paused: false });
  });

  it("an abort gives way to the call before it that still stands", async () => {
    const { stream, source } = watched(await runningStream());
    source.slow.add("pause");
    const pausing = stream.pause();
    const controller = new AbortController();
    const releasing = rejectionOf(stream.pause({ releaseDevice: true, signal: controller.signal }));
    controller.abort("no");
    expect(await releasing).toBe("no");
    source.finish("pause");
    await pausing;
    expect(stream.paused).toBe(true);
    expect(source.calls.at(-1)).toBe("pause");
  });

  it("an abort brings no call back that was told that it was overtaken", async () => {
    const { stream, source } = watched(await runningStream());
    source.slow.add("pause");
    const pausing = rejectionOf(stream.pause());
    const controller = new AbortController();
    source.slow.add("resume");
    const resuming = rejectionOf(stream.resume({ signal: controller.signal }));
    expect(await pausing).toMatchObject(overtaken("resume()"));
    controller.abort("no");
    expect(await resuming).toBe("no");
    source.finish("pause");
    source.finish("resume");
    await settle();
    expect(stream).toMatchObject({ state: "streaming", paused: false });
  });

  it("a warmUp() that is aborted gives the device back, and the stream can still be started", async () => {
    const { stream, source } = watched(observedStream());
    source.slow.add("open");
    const controller = new AbortController();
    const warming = rejectionOf(stream.warmUp({ signal: controller.signal }));
    await settle();
    controller.abort("not now");
    expect(await warming).toBe("not now");
    expect(source.live).toBe(false);
    expect(stream.state).toBe("idle");
    source.slow.clear();
    const started = stream.start();
    await settle();
    source.speak();
    await started;
    expect(stream.state).toBe("streaming");
    expect(source.calls).toEqual(["open", "open"]);
  });

  it("a warmUp() that is aborted takes nothing from another one, nor from the start", async () => {
    const { stream, source } = watched(observedStream());
    source.slow.add("open");
    const controller = new AbortController();
    const warming = rejectionOf(stream.warmUp({ signal: controller.signal }));
    const started = stream.start();
    controller.abort("not now");
    expect(await warming).toBe("not now");
    source.finish("open");
    await settle();
    source.speak();
    await started;
    expect(source.calls).toEqual(["open"]);
  });

  it("a call whose signal had aborted before changes nothing", async () => {
    const { stream, source } = watched(await runningStream());
    const signal = AbortSignal.abort("gone");
    for (const call of ["pause", "resume", "flush"] as const) {
      expect(await rejectionOf(stream[call]({ signal }))).toBe("gone");
    }
    expect(source.calls).toEqual(["open"]);
    expect(stream.state).toBe("streaming");
    const idle = watched(observedStream());
    expect(await rejectionOf(idle.stream.warmUp({ signal }))).toBe("gone");
    expect(idle.source.calls).toEqual([]);
  });
});

describe("the choice of a device", () => {
  const withDevices = async (): Promise<ObservedStream> => {
    const observed = watched(observedStream());
    observed.source.hasDevices = true;
    const started = observed.stream.start();
    await settle();
    observed.source.speak();
    await started;
    return observed;
  };

  it("outlasts a pause that comes while it is under way", async () => {
    const { stream, source } = await withDevices();
    source.slow.add("setDevice");
    const switching = stream.setDevice("other");
    await settle();
    const pausing = stream.pause({ releaseDevice: true });
    source.slow.clear();
    await pausing;
    await switching;
    expect(source.calls).toEqual(["open", "setDevice other", "pause, release", "setDevice other"]);
    expect(source.signals.at(0)?.aborted).toBe(true);
    expect(stream.paused).toBe(true);
  });

  it("comes before a resumption, which takes the chosen one", async () => {
    const { stream, source } = await withDevices();
    await stream.pause({ releaseDevice: true });
    await Promise.all([stream.setDevice("other"), stream.resume()]);
    expect(source.calls.slice(2)).toEqual(["setDevice other", "resume"]);
    expect(stream.state).toBe("streaming");
  });

  it("that never comes keeps no resumption and no pause waiting", async () => {
    const { stream, source } = await withDevices();
    await stream.pause();
    source.slow.add("setDevice");
    void stream.setDevice("other").catch(() => {});
    const resuming = stream.resume();
    await passTime(5_000);
    await resuming;
    expect(stream.state).toBe("streaming");
    await stream.pause();
    expect(stream.state).toBe("paused");
  });

  it("that was given up and is made all the same is taken back, also if the one that overtook it fails", async () => {
    const { stream, source } = await withDevices();
    await stream.setDevice("one");
    source.slow.add("setDevice");
    const second = rejectionOf(stream.setDevice("two"));
    source.finish("setDevice");
    source.slow.add("setDevice");
    const third = rejectionOf(stream.setDevice("three"));
    await settle();
    source.failing.set("setDevice", "gone");
    source.finish("setDevice");
    await settle();
    source.failing.clear();
    expect(await second).toMatchObject(overtaken("setDevice()"));
    expect(await third).toBe("gone");
    expect(source.calls.slice(1)).toEqual(["setDevice one", "setDevice two", "setDevice three", "setDevice one"]);
  });

  it("that was given up and is made all the same, and cannot be taken back, is told in a warning", async () => {
    const { stream, source, heard } = await withDevices();
    await stream.setDevice("one");
    source.slow.add("setDevice");
    const off = new AbortController();
    const second = rejectionOf(stream.setDevice("two", { signal: off.signal }));
    off.abort("no");
    expect(await second).toBe("no");
    source.finish("setDevice");
    source.slow.add("setDevice");
    await settle();
    source.failing.set("setDevice", new AudioStreamError("device-not-found", "Gone.", { details: undefined }));
    source.finish("setDevice");
    await settle();
    expect(source.calls.slice(1)).toEqual(["setDevice one", "setDevice two", "setDevice one"]);
    expect(heard).toContain("warning");
  });

  it("is overtaken by another one, and undone by its signal", async () => {
    const { stream, source } = await withDevices();
    source.slow.add("setDevice");
    const first = rejectionOf(stream.setDevice("one"));
    const controller = new AbortController();
    const second = rejectionOf(stream.setDevice("two", { signal: controller.signal }));
    expect(await first).toMatchObject(overtaken("setDevice()"));
    expect(source.signals.map((signal) => signal?.aborted)).toEqual([true, false]);
    controller.abort("no");
    expect(await second).toBe("no");
    expect(source.signals.map((signal) => signal?.aborted)).toEqual([true, true]);
    expect(stream.state).toBe("streaming");
  });
});

describe("a logger that calls", () => {
  /** Runs once, when the stream lets go of the next listener. */
  function whenReleased(call: (stream: AudioStream) => Promise<void>) {
    let isDue = false;
    let made: Promise<void> | undefined;
    const debug = (message: string): void => {
      if (!isDue || !message.endsWith("released listener abort.")) return;
      isDue = false;
      made = call(observed.stream);
      made.catch(() => {});
    };
    const observed = watched(observedStream({ logger: { debug, warn: () => {} } }));
    const arm = (): void => {
      isDue = true;
    };
    return { ...observed, arm, made: () => made };
  }

  async function begin({ stream, source }: ObservedStream): Promise<void> {
    source.hasDevices = true;
    const started = stream.start();
    await settle();
    source.speak();
    await started;
  }

  // The release was confirmed at once, while the device was held.
  it("while another call is being answered is answered by what it asks for itself", async () => {
    const logged = whenReleased((stream) => stream.pause({ releaseDevice: true }));
    const { stream, source } = logged;
    await begin(logged);
    source.slow.add("pause");
    const pausing = stream.pause({ signal: new AbortController().signal });
    logged.arm();
    source.slow.clear();
    source.finish("pause");
    source.slow.add("pause");
    await pausing;
    expect(source.calls.at(-1)).toBe("pause, release");
    expect(await stateOf(logged.made() ?? Promise.resolve())).toBe("pending");
    source.finish("pause");
    await logged.made();
  });

  it("while a call overtakes another one is the last, and wins", async () => {
    const logged = whenReleased((stream) => stream.pause({ releaseDevice: true }));
    const { stream, source } = logged;
    await begin(logged);
    source.slow.add("pause");
    const pausing = rejectionOf(stream.pause({ signal: new AbortController().signal }));
    logged.arm();
    const resuming = rejectionOf(stream.resume());
    source.slow.clear();
    source.finish("pause");
    expect(await pausing).toMatchObject(overtaken("resume()"));
    expect(await resuming).toMatchObject(overtaken("pause()"));
    await logged.made();
    expect(stream.paused).toBe(true);
    expect(source.calls.at(-1)).toBe("pause, release");
  });

  it("while a choice overtakes another one chooses last, and every choice is answered", async () => {
    const logged = whenReleased((stream) => stream.setDevice("three"));
    const { stream, source } = logged;
    await begin(logged);
    source.slow.add("setDevice");
    const first = rejectionOf(stream.setDevice("one", { signal: new AbortController().signal }));
    logged.arm();
    const second = rejectionOf(stream.setDevice("two"));
    source.finish("setDevice");
    expect(await first).toMatchObject(overtaken("setDevice()"));
    expect(await second).toMatchObject(overtaken("setDevice()"));
    await logged.made();
    expect(source.calls.at(-1)).toBe("setDevice three");
  });
});

describe("what has ended acquires nothing more", () => {
  it("close() is known to a source that is being opened inside the call", async () => {
    let wasAborted: boolean | undefined;
    const open: AudioSource["open"] = ({ scope, signal }) => {
      scope?.defer("probe", () => {});
      wasAborted = signal.aborted;
      return new Promise(() => {});
    };
    const debug = (message: string): void => void (message.endsWith("acquired probe.") && stream.close());
    const parts = { source: { open }, transport: new FakeTransport() };
    const stream = new AudioStream(parts, { logger: { debug, warn: () => {} } });
    stream.start().catch(() => {});
    expect(wasAborted).toBe(true);
    await stream.closed;
  });

  // Field report 88.
  it.each(["close", "abort"] as const)("%s() in a listener for the start opens no source", async (end) => {
    const { stream, source, transport } = watched(observedStream());
    stream.addEventListener("statechange", () => {
      if (stream.state === "starting") void Promise.resolve(stream[end]()).catch(() => {});
    });
    const started = rejectionOf(stream.start());
    await started;
    await stream.closed;
    expect(source.calls).toEqual([]);
    expect(transport.connections).toEqual([]);
    expect(stream.state).toBe("closed");
  });

  it.each(["close", "abort"] as const)("%s() from a logger that hears of the start opens no source", async (end) => {
    const holder: { stream?: AudioStream } = {};
    const logger = {
      debug: () => void Promise.resolve(holder.stream?.[end]()).catch(() => {}),
      warn: () => {},
    };
    const { stream, source, transport } = watched(observedStream({ logger }));
    holder.stream = stream;
    await rejectionOf(stream.start());
    await stream.closed;
    expect(source.live).toBe(false);
    expect(transport.live).toEqual([]);
  });

  it.each(["warm", "streaming"])("close() in a listener for %s releases the source", async (state) => {
    const { stream, source } = watched(observedStream());
    stream.addEventListener("statechange", () => stream.state === state && void stream.close());
    const opened = state === "warm" ? stream.warmUp() : stream.start();
    opened.catch(() => {});
    await settle();
    if (state === "streaming") source.speak();
    await stream.closed;
    expect(source.live).toBe(false);
  });

  it("close() ends a resumption that is under way, whose device is asked for no longer", async () => {
    const { stream, source } = watched(await runningStream());
    await stream.pause({ releaseDevice: true });
    source.slow.add("resume");
    const resuming = rejectionOf(stream.resume());
    await settle();
    const closing = stream.close();
    expect(source.signals.at(-1)?.aborted).toBe(true);
    expect(await resuming).toMatchObject(overtaken("close()"));
    await closing;
    expect(source.live).toBe(false);
  });
});

describe("a source that never answers", () => {
  it.each(["pause", "resume", "setDevice", "flush", "stop"] as const)(
    "to %s() keeps no other call from its end",
    async (step) => {
      const { stream, source } = watched(observedStream());
      source.hasDevices = true;
      const started = stream.start();
      await settle();
      source.speak();
      await started;
      source.slow.add(step);
      const calls = [stream.flush(), stream.pause(), stream.setDevice("one"), stream.resume(), stream.setDevice("two")];
      for (const call of calls) call.catch(() => {});
      await passTime(10_000);
      const flushing = stream.flush();
      await passTime(5_000);
      await flushing;
      const closing = stream.close();
      await passTime(10_000);
      await closing;
      expect(source.live).toBe(false);
    },
  );

  it("a pause that it has not answered is asked for again when the resumption that overtook it fails", async () => {
    const { stream, source } = watched(await runningStream());
    const refusal = new AudioStreamError("permission-denied", "No.", { details: undefined });
    source.slow.add("pause");
    source.failing.set("resume", refusal);
    const pausing = rejectionOf(stream.pause());
    source.slow.delete("pause");
    expect(await rejectionOf(stream.resume())).toBe(refusal);
    expect(await pausing).toMatchObject(overtaken("resume()"));
    await passTime(100);
    // Only what the source confirms is true: it may have gone on capturing.
    expect(source.calls).toEqual(["open", "pause", "resume", "pause"]);
    expect(stream).toMatchObject({ state: "paused", paused: true });
  });

  it("a source that goes on delivering while it is paused is not heard", async () => {
    const { stream, source, transport } = watched(await runningStream());
    await stream.pause();
    source.speak(5);
    await passTime(1_000);
    expect(transport.last.audio).toHaveLength(1);
    await stream.resume();
    source.speak(1);
    await passTime(1_000);
    expect(transport.last.audio).toHaveLength(2);
  });
});

// A resampler keeps a few milliseconds through a pause, so that the signal goes on without a break.
describe("what a paused source still holds when it is stopped", () => {
  it("is sent, and is not told as lost", async () => {
    const { stream, source, transport } = watched(await runningStream());
    const drops: DropEvent[] = [];
    stream.addEventListener("drop", (event) => drops.push(event));
    await stream.pause();
    source.tail = 67;
    const closing = stream.close();
    await passTime(1_000);
    await closing;
    expect(transport.expected).toBe(source.captured);
    expect(drops).toEqual([]);
  });

  it("is sent when it is a recording of samples() too: every sample that was read before the pause arrives", async () => {
    const transport = new FakeTransport();
    const source = samples([new Float32Array(48_000).fill(0.5)], { sampleRate: 48_000 });
    const stream = new AudioStream({ source, transport });
    const drops: DropEvent[] = [];
    stream.addEventListener("drop", (event) => drops.push(event));
    const started = stream.start();
    await passTime(500);
    await started;
    await stream.pause();
    const closing = stream.close();
    source.ended.catch(() => {});
    await passTime(1_000);
    await closing;
    expect(drops).toEqual([]);
    expect(transport.expected % 320).toBe(0);
  });
});

describe("a source that ends badly", () => {
  const lost = () => new AudioStreamError("device-lost", "The microphone was unplugged.", { details: undefined });

  // Field report 89: the audio that was held vanished, without a drop.
  it("does not take with it what was captured before: that is delivered first", async () => {
    const { stream, source, transport, states } = watched(await runningStream());
    transport.unreachable = new Error("no network");
    transport.last.lose();
    await settle();
    source.speak(50);
    const error = lost();
    source.end(error);
    expect(stream.state).toBe("closing");
    transport.unreachable = undefined;
    await passTime(4_000);
    expect(await stream.closed).toEqual({ outcome: "failed", error });
    expect(transport.expected).toBe(source.captured);
    expect(states.slice(-2)).toEqual(["closing", "closed"]);
    await expect(stream.close()).rejects.toBe(error);
    expect((await stream.getStats()).droppedDurationMs).toBe(0);
  });

  it("what cannot be delivered within the time of a close is told as lost", async () => {
    const { stream, source, transport } = watched(await runningStream());
    const drops: DropEvent[] = [];
    stream.addEventListener("drop", (event) => drops.push(event));
    transport.unreachable = new Error("no network");
    transport.last.lose();
    await settle();
    source.speak(50);
    const error = lost();
    source.end(error);
    await passTime(6_000);
    expect(await stream.closed).toEqual({ outcome: "failed", error });
    expect(drops.map(({ from, to }) => ({ from, to }))).toEqual([{ from: 320, to: source.captured }]);
    expect((await stream.getStats()).droppedDurationMs).toBe(1_000);
  });

  it("before it gave anything fails the stream at once", async () => {
    const { stream, source, transport } = watched(observedStream());
    transport.unreachable = new Error("no network");
    const started = rejectionOf(stream.start());
    await settle();
    const error = lost();
    source.end(error);
    expect(await started).toBe(error);
    expect(stream.state).toBe("closed");
  });
});

describe("what a listener hears of a loss", () => {
  it("comes until the close event, after everything was released", async () => {
    const { stream, source, transport } = watched(await runningStream());
    const heard: unknown[] = [];
    stream.addEventListener("drop", ({ from, to }) => heard.push([from, to, stream.resources()]));
    stream.addEventListener("close", () => heard.push("close"));
    transport.acknowledges = false;
    source.speak(10);
    stream.abort();
    await stream.closed;
    expect(heard).toEqual([[320, source.captured, []], "close"]);
    expect((await stream.getStats()).droppedDurationMs).toBe(200);
  });
});

describe("the state", () => {
  // Small things: `paused > starting` happened though the table has it not.
  it("does not go back to starting where a stream that was paused before its first frame is resumed", async () => {
    const { stream, source, states } = watched(observedStream());
    void stream.start();
    await settle();
    await stream.pause();
    expect(stream.state).toBe("paused");
    await stream.resume();
    expect(stream.state).toBe("streaming");
    source.speak();
    expect(states).toEqual(["idle", "starting", "paused", "streaming"]);
  });

  it("says streaming until the source is really paused", async () => {
    const { stream, source } = watched(await runningStream());
    source.slow.add("pause");
    const pausing = stream.pause();
    await settle();
    expect(stream).toMatchObject({ state: "streaming", paused: false });
    expect(await stateOf(pausing)).toBe("pending");
    source.finish("pause");
    await pausing;
    expect(stream).toMatchObject({ state: "paused", paused: true });
  });
});

/** A device that needs its time for each step, obeys no signal, and knows nothing of overtaken steps. */
class SlowDevice implements AudioSource {
  capturing = false;
  held = false;
  readonly #stepMs: () => number;

  constructor(stepMs: () => number) {
    this.#stepMs = stepMs;
  }

  async open({ signal, onFrame }: Parameters<AudioSource["open"]>[0]): Promise<AudioCapture> {
    await this.#step();
    this.capturing = true;
    this.held = true;
    signal.addEventListener("abort", () => {
      this.capturing = false;
      this.held = false;
    });
    const frame = { payload: new Uint8Array(640), position: 0, sampleCount: 320, timestamp: 0 };
    onFrame({ ...frame, peakLevel: 0, rmsLevel: 0 });
    return {
      track: undefined,
      pause: async (release) => {
        await this.#step();
        this.capturing = false;
        if (release) this.held = false;
      },
      resume: async () => {
        await this.#step();
        this.held = true;
        this.capturing = true;
      },
      flush: () => this.#step(),
      stop: async () => {
        await this.#step();
        this.capturing = false;
        this.held = false;
      },
    };
  }

  #step(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, this.#stepMs()));
  }
}
