import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { microphone } from "../../src/capture/microphone/microphone.js";
import type { MicrophoneOptions } from "../../src/capture/microphone/microphone-options.js";
import { type FakeAudio, FakeAudioContext, installFakeAudio, overconstrained } from "../support/fake-audio.js";
import { type Heard, listenTo, samplesIn, settle } from "../support/heard-capture.js";
import { sine } from "../support/signals.js";

let fake: FakeAudio;
/** Ends what a test has left open. */
let ending: AbortController;

beforeEach(() => {
  fake = installFakeAudio();
  ending = new AbortController();
});

afterEach(() => {
  ending.abort();
  fake.uninstall();
  vi.useRealTimers();
});

async function openMicrophone(microphoneOptions: MicrophoneOptions = {}, signal?: AbortSignal) {
  const { heard, options } = listenTo(signal ?? ending.signal);
  const capture = await microphone(microphoneOptions).open(options);
  return { capture, heard };
}

function expectNoGap({ frames }: Heard): void {
  let next = 0;
  for (const { position, sampleCount } of frames) {
    expect(position).toBe(next);
    next += sampleCount;
  }
}

function expectAllReleased(): void {
  expect(fake.liveTracks).toEqual([]);
  expect(fake.openContexts).toEqual([]);
  expect(fake.openPorts).toEqual([]);
  for (const context of fake.contexts) {
    expect(context.closeCalls).toBe(1);
    for (const source of context.sources) expect(source.outputs.size).toBe(0);
    for (const node of context.nodes) expect(node.outputs.size).toBe(0);
  }
}

/** A second of tone, in whole quanta. */
const second = sine(440, 48_000, 48_000, 0.5);

describe("opening the microphone", () => {
  it("does nothing before it is opened", () => {
    microphone({ echoCancellation: false });
    expect(fake.contexts).toEqual([]);
    expect(fake.prompts).toEqual([]);
  });

  it("leaves every choice to the browser by default", async () => {
    await openMicrophone();
    expect(fake.prompts.map(({ constraints }) => constraints)).toEqual([{ audio: true }]);
  });

  it("asks for what it is told to ask for, and for nothing else", async () => {
    await openMicrophone({ deviceId: { exact: "a" }, channelCount: 2, echoCancellation: false, autoGainControl: true });
    expect(fake.prompts[0]?.constraints).toEqual({
      audio: { deviceId: { exact: "a" }, channelCount: 2, echoCancellation: false, autoGainControl: true },
    });
  });

  it.each(["all", "remote-only"] as const)(
    "asks for the kind of echo cancellation that it is told: %s",
    async (echoCancellation) => {
      await openMicrophone({ echoCancellation });
      expect(fake.prompts[0]?.constraints).toEqual({ audio: { echoCancellation } });
    },
  );

  // openai/openai-realtime-console#5: the device keeps its rate.
  it("makes frames at the wire's rate from whatever rate the device has", async () => {
    fake.sampleRate = 44_100;
    const { capture, heard } = await openMicrophone();
    fake.context.render(sine(440, 44_100, 441 * 128));
    await capture.stop();
    expect(samplesIn(heard)).toBe(Math.round((441 * 128 * 16_000) / 44_100));
    expectNoGap(heard);
  });

  // webrtc/samples#1028: the context must start while the click still counts.
  it("creates and resumes the context, and prompts, before its first wait", () => {
    fake.answer = "hold";
    const controller = new AbortController();
    const opening = microphone().open(listenTo(controller.signal).options);
    expect(fake.context.resumeCalls).toBe(1);
    expect(fake.prompts).toHaveLength(1);
    controller.abort();
    return expect(opening).rejects.toBe(controller.signal.reason);
  });

  it("tells by each frame its payload, its levels and when it came in", async () => {
    const { heard } = await openMicrophone();
    const before = performance.now();
    fake.context.render(second);
    await settle();
    const [first, , third] = heard.frames;
    expect(first).toMatchObject({ position: 0, sampleCount: 320 });
    expect(third?.payload).toBeInstanceOf(Uint8Array);
    expect(third?.payload.byteLength).toBe(640);
    expect(third?.peakLevel).toBeCloseTo(0.5, 2);
    expect(third?.rmsLevel).toBeCloseTo(0.354, 2);
    // All of a second was rendered at once, so the clock that the context shows is a second ahead of the first frame.
    expect(Math.abs((first?.timestamp ?? 0) - (before - 1_000))).toBeLessThan(500);
    expect((third?.timestamp ?? 0) - (first?.timestamp ?? 0)).toBeCloseTo(40, 0);
  });

  it("reports an interruption, and opens all the same, where the browser lets no context start", async () => {
    vi.useFakeTimers();
    fake.mayStart = false;
    const { heard, options } = listenTo(ending.signal);
    const opening = microphone().open(options);
    await vi.advanceTimersByTimeAsync(600);
    const capture = await opening;
    expect(heard.interrupts).toEqual(["context-suspended"]);
    fake.mayStart = true;
    document.dispatchEvent(new Event("pointerup"));
    await settle();
    fake.context.render(second);
    await capture.stop();
    expect(heard.interrupts).toEqual(["context-suspended", undefined]);
    expect(samplesIn(heard)).toBe(16_000);
  });
});

describe("a microphone that cannot be opened", () => {
  const refusals: [string, string][] = [
    ["NotAllowedError", "permission-denied"],
    ["SecurityError", "permission-denied"],
    ["NotFoundError", "device-not-found"],
    ["NotReadableError", "device-in-use"],
    ["AbortError", "device-in-use"],
    ["TypeError", "capture-failed"],
  ];
  it.each(refusals)("on %s says %s and holds nothing", async (name, code) => {
    const cause = new DOMException("no", name);
    fake.answer = cause;
    const error = await openMicrophone().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "AudioStreamError", code, cause });
    expect(fake.prompts).toHaveLength(1);
    expectAllReleased();
  });

  // ricky0123/vad#32
  it("on an insecure page says so before any prompt", async () => {
    fake.define(globalThis, "isSecureContext", false);
    fake.define(navigator, "mediaDevices", undefined);
    await expect(openMicrophone()).rejects.toMatchObject({ code: "insecure-context" });
    expect(fake.prompts).toEqual([]);
    expect(fake.contexts).toEqual([]);
  });

  it.each([
    { feature: "audio-worklet", target: globalThis, name: "AudioWorkletNode" },
    { feature: "audio-worklet", target: globalThis, name: "AudioContext" },
  ])("without $name names $feature before any prompt", async ({ feature, target, name }) => {
    fake.define(target, name, undefined);
    await expect(openMicrophone()).rejects.toMatchObject({ code: "unsupported", details: { feature } });
    expect(fake.prompts).toEqual([]);
  });

  it("without media devices names them", async () => {
    fake.define(navigator, "mediaDevices", undefined);
    await expect(openMicrophone()).rejects.toMatchObject({
      code: "unsupported",
      details: { feature: "media-devices" },
    });
    expect(fake.contexts).toEqual([]);
  });

  it.each([
    { format: { encoding: "opus", sampleRate: 16_000, channelCount: 1 } as const, feature: "opus" },
    { format: { encoding: "pcm_s16le", sampleRate: 16_000, channelCount: 2 } as const, feature: "2 channels" },
  ])("for a format it does not produce names $feature before any prompt", async ({ format, feature }) => {
    const opening = microphone({ channels: "mix" }).open(listenTo(ending.signal, { format }).options);
    await expect(opening).rejects.toMatchObject({ code: "unsupported", details: { feature } });
    expect(fake.prompts).toEqual([]);
  });

  it("says capture-failed where no context can be made", async () => {
    fake.contextError = new DOMException("too many", "NotSupportedError");
    await expect(openMicrophone()).rejects.toMatchObject({ code: "capture-failed" });
    expect(fake.prompts).toEqual([]);
  });

  it("says worklet-load-failed at once and stops the microphone that is granted later", async () => {
    fake.answer = "hold";
    fake.loading = Promise.reject(new DOMException("blocked", "AbortError"));
    await expect(openMicrophone()).rejects.toMatchObject({ code: "worklet-load-failed" });
    fake.prompts[0]?.grant();
    await settle();
    expectAllReleased();
  });

  it("says capture-failed where the track cannot be connected, and holds nothing", async () => {
    fake.sourceError = new DOMException("different sample-rate", "NotSupportedError");
    await expect(openMicrophone()).rejects.toMatchObject({ code: "capture-failed" });
    expectAllReleased();
  });
});

// Picovoice/web-voice-processor#43
describe("a saved device that is gone", () => {
  it("is asked for once more without its id", async () => {
    fake.answer = "hold";
    const opening = openMicrophone({ deviceId: { exact: "gone" }, noiseSuppression: false });
    fake.prompts[0]?.refuse(overconstrained("deviceId"));
    await settle();
    expect(fake.prompts[1]?.constraints).toEqual({ audio: { noiseSuppression: false } });
    const track = fake.prompts[1]?.grant();
    const { capture } = await opening;
    expect(capture.track).toBe(track);
  });

  it("is not asked for a third time", async () => {
    fake.answer = overconstrained("deviceId");
    await expect(openMicrophone({ deviceId: { exact: "gone" } })).rejects.toMatchObject({ code: "device-not-found" });
    expect(fake.prompts).toHaveLength(2);
    expectAllReleased();
  });

  it("is never asked for again after a denial", async () => {
    fake.answer = new DOMException("no", "NotAllowedError");
    await expect(openMicrophone({ deviceId: { exact: "a" } })).rejects.toMatchObject({ code: "permission-denied" });
    expect(fake.prompts).toHaveLength(1);
  });
});

// mozmorris/react-webcam#238, livekit/components-js#851
describe("aborting", () => {
  const reason = new Error("cancelled");

  it("before opening prompts for nothing", async () => {
    const controller = new AbortController();
    controller.abort(reason);
    await expect(openMicrophone({}, controller.signal)).rejects.toBe(reason);
    expect(fake.prompts).toEqual([]);
    expect(fake.contexts).toEqual([]);
  });

  it("during the prompt closes the context inside the call and stops the microphone that comes late", async () => {
    fake.answer = "hold";
    const controller = new AbortController();
    const opening = openMicrophone({}, controller.signal);
    await settle();
    controller.abort(reason);
    expect(fake.openContexts).toEqual([]);
    await expect(opening).rejects.toBe(reason);
    const late = fake.prompts[0]?.grant();
    await settle();
    expect(late?.readyState).toBe("ended");
    expectAllReleased();
  });

  it("in the same moment as the grant stops the microphone", async () => {
    fake.answer = "hold";
    const controller = new AbortController();
    const opening = openMicrophone({}, controller.signal);
    await settle();
    fake.prompts[0]?.grant();
    controller.abort(reason);
    await expect(opening).rejects.toBe(reason);
    await settle();
    expectAllReleased();
  });

  it("during the second prompt for a device that is gone leaves nothing either", async () => {
    fake.answer = "hold";
    const controller = new AbortController();
    const opening = openMicrophone({ deviceId: { exact: "gone" } }, controller.signal);
    fake.prompts[0]?.refuse(overconstrained("deviceId"));
    await settle();
    controller.abort(reason);
    await expect(opening).rejects.toBe(reason);
    fake.prompts[1]?.grant();
    await settle();
    expectAllReleased();
  });

  it("while a refusal is on its way does not prompt again", async () => {
    fake.answer = "hold";
    const controller = new AbortController();
    const opening = openMicrophone({ deviceId: { exact: "gone" } }, controller.signal);
    fake.prompts[0]?.refuse(overconstrained("deviceId"));
    controller.abort(reason);
    await expect(opening).rejects.toBe(reason);
    expect(fake.prompts).toHaveLength(1);
  });

  it("while the worklet loads stops the microphone inside the call", async () => {
    fake.loading = new Promise(() => {});
    const controller = new AbortController();
    const opening = openMicrophone({}, controller.signal);
    await settle();
    expect(fake.liveTracks).toHaveLength(1);
    controller.abort(reason);
    expectAllReleased();
    await expect(opening).rejects.toBe(reason);
  });

  it("while the context starts stops the microphone inside the call", async () => {
    fake.mayStart = false;
    const controller = new AbortController();
    const opening = openMicrophone({}, controller.signal);
    await settle();
    controller.abort(reason);
    expectAllReleased();
    await expect(opening).rejects.toBe(reason);
  });

  it("an open microphone releases everything inside the call, and emits nothing any more", async () => {
    const controller = new AbortController();
    const { heard } = await openMicrophone({}, controller.signal);
    fake.context.render(second.subarray(0, 12_800));
    await settle();
    const count = heard.frames.length;
    fake.context.render(second);
    controller.abort(reason);
    expectAllReleased();
    await settle();
    expect(heard.frames).toHaveLength(count);
    expect(heard.ends).toEqual([]);
    expect(fake.node.commands()).toEqual(["stop"]);
  });

  it("during a stop that waits for a dead audio thread releases at once", async () => {
    const controller = new AbortController();
    const { capture } = await openMicrophone({}, controller.signal);
    fake.node.dead = true;
    const stopping = capture.stop();
    await settle();
    controller.abort(reason);
    expectAllReleased();
    await stopping;
  });

  it("lets every later call reject with the signal's reason, except stop()", async () => {
    const controller = new AbortController();
    const { capture } = await openMicrophone({}, controller.signal);
    controller.abort(reason);
    await expect(capture.pause(true)).rejects.toBe(reason);
    await expect(capture.resume()).rejects.toBe(reason);
    await expect(capture.flush()).rejects.toBe(reason);
    await expect(capture.stop()).resolves.toBeUndefined();
  });
});

describe("what the caller gives", () => {
  it("a track is used without a prompt, and never stopped", async () => {
    const track = fake.newTrack();
    const { capture, heard } = await openMicrophone({ track: track.asTrack() });
    expect(capture.track).toBe(track);
    fake.context.render(second);
    await capture.pause(true);
    expect(capture.track).toBe(track);
    await capture.resume();
    await capture.stop();
    expect(fake.prompts).toEqual([]);
    expect(samplesIn(heard)).toBe(16_000);
    expect(track.stopCalls).toBe(0);
    expect(fake.openContexts).toEqual([]);
  });

  it("a track needs no media devices", async () => {
    fake.define(navigator, "mediaDevices", undefined);
    const { capture } = await openMicrophone({ track: fake.newTrack().asTrack() });
    await capture.stop();
  });

  it("a track that has ended already is refused as lost", async () => {
    const track = fake.newTrack();
    track.end();
    await expect(openMicrophone({ track: track.asTrack() })).rejects.toMatchObject({ code: "device-lost" });
    expect(fake.openContexts).toEqual([]);
  });

  it("a context is resumed and used, never closed, and left without a processor", async () => {
    const context = new FakeAudioContext(fake);
    const { capture, heard } = await openMicrophone({ audioContext: context.asContext() });
    expect(fake.contexts).toEqual([context]);
    context.render(second);
    await capture.stop();
    expect(samplesIn(heard)).toBe(16_000);
    expect(context.state).toBe("running");
    expect(context.closeCalls).toBe(0);
    expect(fake.liveTracks).toEqual([]);
    expect(fake.openPorts).toEqual([]);
    context.render(second.subarray(0, 128));
    for (const node of context.nodes) expect(node.outputs.size).toBe(0);
  });

  it("a context is left alone when its owner suspends it", async () => {
    const context = new FakeAudioContext(fake);
    const { heard } = await openMicrophone({ audioContext: context.asContext() });
    context.setState("suspended");
    document.dispatchEvent(new Event("pointerup"));
    await settle();
    expect(context.state).toBe("suspended");
    expect(heard.interrupts).toEqual(["context-suspended"]);
  });

  it("a context that its owner closes ends the capture", async () => {
    const context = new FakeAudioContext(fake);
    const { heard } = await openMicrophone({ audioContext: context.asContext() });
    context.setState("closed");
    expect(heard.ends.map(({ code }) => code)).toEqual(["capture-failed"]);
    expect(fake.liveTracks).toEqual([]);
  });

  it("a closed context is refused before any prompt", async () => {
    const context = new FakeAudioContext(fake);
    await context.close();
    await expect(openMicrophone({ audioContext: context.asContext() })).rejects.toMatchObject({
      code: "capture-failed",
    });
    expect(fake.prompts).toEqual([]);
  });

  it("a second capture in the same context loads no second module", async () => {
    const context = new FakeAudioContext(fake);
    await openMicrophone({ audioContext: context.asContext() });
    await openMicrophone({ audioContext: context.asContext() });
    expect(context.loadedUrls).toHaveLength(1);
  });

  it("a workletUrl is what is loaded", async () => {
    await openMicrophone({ workletUrl: new URL("https://example.test/capture.worklet.js") });
    expect(fake.context.loadedUrls).toEqual(["https://example.test/capture.worklet.js"]);
  });
});

// alphacep/vosk-server#254
describe("stopping the microphone", () => {
  it("delivers the tail to the sample before it releases everything", async () => {
    const { capture, heard } = await openMicrophone();
    fake.context.render(second);
    const stopping = capture.stop();
    expect(fake.liveTracks).toHaveLength(1);
    await stopping;
    expect(samplesIn(heard)).toBe(16_000);
    expectNoGap(heard);
    expectAllReleased();
    expect(heard.ends).toEqual([]);
  });

  it("hangs for no more than a second on a dead audio thread", async () => {
    vi.useFakeTimers();
    const { heard, options } = listenTo(ending.signal);
    const opening = microphone().open(options);
    await vi.advanceTimersByTimeAsync(0);
    const capture = await opening;
    fake.node.dead = true;
    const stopping = capture.stop();
    await vi.advanceTimersByTimeAsync(999);
    expect(fake.liveTracks).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    await stopping;
    expectAllReleased();
    expect(heard.ends).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("twice is once", async () => {
    const { capture } = await openMicrophone();
    await Promise.all([capture.stop(), capture.stop()]);
    await capture.stop();
    expectAllReleased();
    expect(fake.track.stopCalls).toBe(1);
  });

  it("leaves no timer behind", async () => {
    vi.useFakeTimers();
    const { options } = listenTo(ending.signal);
    const opening = microphone().open(options);
    await vi.advanceTimersByTimeAsync(0);
    await (await opening).stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("pausing", () => {
  it("emits what was heard and then nothing, and goes on without a gap", async () => {
    const { capture, heard } = await openMicrophone();
    fake.context.render(second);
    await capture.pause(false);
    expect(samplesIn(heard)).toBe(16_000);
    expect(fake.liveTracks).toHaveLength(1);
    fake.context.render(second);
    await settle();
    expect(samplesIn(heard)).toBe(16_000);
    await capture.resume();
    fake.context.render(second);
    await capture.stop();
    expect(samplesIn(heard)).toBe(32_000);
    expectNoGap(heard);
    expect(fake.prompts).toHaveLength(1);
  });

  it("with the device released stops the track once its audio is out, and asks for the same again", async () => {
    const { capture, heard } = await openMicrophone({ echoCancellation: false });
    fake.context.render(second);
    const first = fake.track;
    await capture.pause(true);
    expect(samplesIn(heard)).toBe(16_000);
    expect(first.readyState).toBe("ended");
    expect(capture.track).toBeUndefined();
    expect(fake.openContexts).toHaveLength(1);
    fake.context.render(second);
    await capture.resume();
    expect(capture.track).toBe(fake.track);
    expect(fake.track).not.toBe(first);
    expect(fake.prompts[1]?.constraints).toEqual({ audio: { echoCancellation: false } });
    fake.context.render(second);
    await capture.stop();
    expect(samplesIn(heard)).toBe(32_000);
    expectNoGap(heard);
    expectAllReleased();
    expect(heard.ends).toEqual([]);
    expect(heard.interrupts).toEqual([]);
  });

  it("stays paused when the microphone is refused on resuming, and can be resumed later", async () => {
    const { capture, heard } = await openMicrophone();
    await capture.pause(true);
    fake.answer = new DOMException("no", "NotAllowedError");
    await expect(capture.resume()).rejects.toMatchObject({ code: "permission-denied" });
    expect(fake.liveTracks).toEqual([]);
    fake.answer = "grant";
    await capture.resume();
    fake.context.render(second);
    await capture.stop();
    expect(samplesIn(heard)).toBe(16_000);
  });

  // mozmorris/react-webcam#238
  it("while the microphone is being asked for again stops it when it comes", async () => {
    const { capture, heard } = await openMicrophone();
    await capture.pause(true);
    fake.answer = "hold";
    const resuming = capture.resume();
    await settle();
    const pausing = capture.pause(true);
    await expect(resuming).rejects.toMatchObject({ name: "AbortError" });
    await pausing;
    const late = fake.prompts[1]?.grant();
    await settle();
    expect(late?.readyState).toBe("ended");
    fake.context.render(second);
    await settle();
    expect(samplesIn(heard)).toBe(0);
    await capture.stop();
    expectAllReleased();
  });

  it("and aborting while the microphone is being asked for again leaves nothing", async () => {
    const controller = new AbortController();
    const { capture } = await openMicrophone({}, controller.signal);
    await capture.pause(true);
    fake.answer = "hold";
    const resuming = capture.resume();
    await settle();
    controller.abort(new Error("cancelled"));
    await expect(resuming).rejects.toBe(controller.signal.reason);
    fake.prompts[1]?.grant();
    await settle();
    expectAllReleased();
  });

  it("and resuming at once ends in capturing", async () => {
    const { capture, heard } = await openMicrophone();
    await Promise.all([capture.pause(true), capture.resume()]);
    fake.context.render(second);
    await capture.stop();
    expect(samplesIn(heard)).toBe(16_000);
  });

  it("releases the device within a second even if the audio thread is dead", async () => {
    vi.useFakeTimers();
    const opening = microphone().open(listenTo(ending.signal).options);
    await vi.advanceTimersByTimeAsync(0);
    const capture = await opening;
    fake.node.dead = true;
    const pausing = capture.pause(true);
    await vi.advanceTimersByTimeAsync(1_000);
    await pausing;
    expect(fake.liveTracks).toEqual([]);
  });
});

it("flush() emits the unfinished frame before it resolves, and the capture goes on", async () => {
  const { capture, heard } = await openMicrophone();
  fake.context.render(second.subarray(0, 1_280));
  await settle();
  const before = heard.frames.length;
  await capture.flush();
  expect(heard.frames).toHaveLength(before + 1);
  expect(heard.frames.at(-1)?.sampleCount).toBeLessThan(320);
  fake.context.render(second.subarray(1_280));
  await capture.stop();
  expect(samplesIn(heard)).toBe(Math.round(16_000 - (48_000 % 128) / 3));
  expectNoGap(heard);
});

describe("a capture that fails while it is open", () => {
  it("is not reported once it is being stopped", async () => {
    const { capture, heard } = await openMicrophone();
    const stopping = capture.stop();
    fake.track.end();
    await stopping;
    await settle();
    expect(heard.ends).toEqual([]);
  });

  it("is not reported either when the processor fails during a stop, which then waits no longer", async () => {
    const { capture, heard } = await openMicrophone();
    fake.node.dead = true;
    const stopping = capture.stop();
    fake.node.dispatchEvent(new Event("processorerror"));
    await stopping;
    expect(heard.ends).toEqual([]);
    expectAllReleased();
  });

  it("is not reported once aborted", async () => {
    const controller = new AbortController();
    const { heard } = await openMicrophone({}, controller.signal);
    fake.track.end();
    controller.abort();
    await settle();
    expect(heard.ends).toEqual([]);
    expectAllReleased();
  });
});

// WebAudio/web-audio-api#2392
describe("interruptions", () => {
  it("are reported when the device is muted and when it is back", async () => {
    const { heard } = await openMicrophone();
    fake.track.setMuted(true);
    fake.track.setMuted(true);
    fake.track.setMuted(false);
    expect(heard.interrupts).toEqual(["device-muted", undefined]);
  });

  it("last until neither the device nor the context stands still", async () => {
    const { heard } = await openMicrophone();
    fake.mayStart = false;
    fake.track.setMuted(true);
    fake.context.setState("suspended");
    fake.track.setMuted(false);
    expect(heard.interrupts).toEqual(["device-muted", "context-suspended"]);
    fake.context.setState("running");
    fake.context.render(second);
    await settle();
    expect(heard.interrupts).toEqual(["device-muted", "context-suspended", undefined]);
  });

  it("by the system are waited for, and a suspended context is resumed", async () => {
    const { heard } = await openMicrophone();
    const calls = fake.context.resumeCalls;
    fake.context.setState("interrupted");
    document.dispatchEvent(new Event("pointerup"));
    await settle();
    expect(fake.context.resumeCalls).toBe(calls);
    expect(heard.interrupts).toEqual(["context-interrupted"]);
    fake.context.setState("suspended");
    expect(fake.context.resumeCalls).toBe(calls + 1);
    await settle();
    fake.context.render(second);
    await settle();
    expect(heard.interrupts).toEqual(["context-interrupted", "context-suspended", undefined]);
  });

  it("are left at once, while the gesture counts, when the capture is resumed", async () => {
    const { capture } = await openMicrophone();
    await capture.pause(false);
    fake.mayStart = false;
    fake.context.setState("suspended");
    const calls = fake.context.resumeCalls;
    void capture.resume();
    expect(fake.context.resumeCalls).toBe(calls + 1);
  });

  it("do not shift the timestamps of what comes after them", async () => {
    vi.useFakeTimers();
    const { heard, options } = listenTo(ending.signal);
    const opening = microphone().open(options);
    await vi.advanceTimersByTimeAsync(0);
    await opening;
    fake.context.render(second);
    await vi.advanceTimersByTimeAsync(0);
    fake.mayStart = false;
    fake.context.setState("suspended");
    await vi.advanceTimersByTimeAsync(60_000);
    fake.context.setState("running");
    const before = heard.frames.length;
    fake.context.render(second);
    await vi.advanceTimersByTimeAsync(0);
    // A second was rendered within this moment, so its first frame began a second ago.
    const first = heard.frames[before];
    expect(Math.abs((first?.timestamp ?? 0) - (performance.now() - 1_000))).toBeLessThan(30);
  });

  it("end with the device when it is released", async () => {
    const { capture, heard } = await openMicrophone();
    fake.track.setMuted(true);
    await capture.pause(true);
    expect(heard.interrupts).toEqual(["device-muted", undefined]);
  });
});

describe("the microphone's options", () => {
  const wrong: [string, unknown, typeof TypeError | typeof RangeError][] = [
    ["deviceId", 7, TypeError],
    ["channelCount", 3, RangeError],
    ["channelCount", "1", RangeError],
    ["channels", "both", TypeError],
    ["echoCancellation", "yes", TypeError],
    ["echoCancellation", 1, TypeError],
    ["noiseSuppression", 1, TypeError],
    ["autoGainControl", null, TypeError],
    ["track", { kind: "video" }, TypeError],
    ["track", null, TypeError],
    ["audioContext", {}, TypeError],
    ["workletUrl", "", TypeError],
    ["workletUrl", 5, TypeError],
  ];
  it.each(wrong)("refuse %s: %j at construction, by name", (name, value, kind) => {
    const make = () => microphone({ [name]: value });
    expect(make).toThrow(kind);
    expect(make).toThrow(name);
  });

  it("refuse constraints on a given track, which would be ignored", () => {
    expect(() => microphone({ track: fake.newTrack().asTrack(), echoCancellation: false })).toThrow(/echoCancellation/);
  });
});
