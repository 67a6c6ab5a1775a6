import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type FakeAudio, FakeAudioContext, installFakeAudio } from "../support/fake-audio.js";
import { samplesIn } from "../support/heard-capture.js";
import { gapsMs, HeardMicrophone } from "../support/heard-microphone.js";

let fake: FakeAudio;
let microphone: HeardMicrophone;

beforeEach(() => {
  vi.useFakeTimers();
  fake = installFakeAudio();
  microphone = new HeardMicrophone(fake);
});

afterEach(() => {
  microphone.end();
  fake.uninstall();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function comeBack(): void {
  vi.spyOn(document, "visibilityState", "get").mockReturnValue("visible");
  document.dispatchEvent(new Event("visibilitychange"));
}

const gesture = (type = "pointerdown") => document.dispatchEvent(new Event(type));

function expectAllReleased(): void {
  expect(fake.liveTracks).toEqual([]);
  expect(fake.openContexts).toEqual([]);
  expect(fake.openPorts).toEqual([]);
}

// Tonejs/Tone.js#716, GetStream/stream-video-js#2249, field report 58
describe("a context that stays interrupted", () => {
  it("is never resumed, and is built anew when the person is back and touches the page", async () => {
    const { heard } = await microphone.open();
    await microphone.hear();
    const before = fake.context;
    before.setState("interrupted");
    const { resumeCalls } = before;
    await microphone.pass(600_000);
    comeBack();
    await microphone.pass(1_000);
    expect(fake.contexts).toHaveLength(1);
    gesture();
    await microphone.pass(0);
    expect(before.resumeCalls).toBe(resumeCalls);
    expect(before.state).toBe("closed");
    expect(heard.interrupts).toEqual(["context-interrupted"]);
    await microphone.hear();
    expect(heard.interrupts).toEqual(["context-interrupted", undefined]);
    expect(samplesIn(heard)).toBeGreaterThan(31_000);
    expect(gapsMs(heard)).toHaveLength(1);
    expect(gapsMs(heard)[0]).toBeGreaterThan(600_000);
  });

  it.each(["pointerup", "keydown", "touchend", "click"])("is built anew at a %s too", async (type) => {
    await microphone.open();
    await microphone.hear();
    fake.context.setState("interrupted");
    comeBack();
    gesture(type);
    await microphone.pass(0);
    expect(fake.contexts).toHaveLength(2);
    expect(fake.openContexts).toHaveLength(1);
  });

  it("is kept if the system lets no new one run either, and each further gesture tries once more", async () => {
    const { heard } = await microphone.open();
    await microphone.hear();
    const before = fake.context;
    before.setState("interrupted");
    fake.mayStart = false;
    comeBack();
    gesture();
    gesture();
    await microphone.pass(1_000);
    expect(fake.contexts).toHaveLength(2);
    expect(fake.openContexts).toEqual([before]);
    gesture();
    await microphone.pass(1_000);
    expect(fake.contexts).toHaveLength(3);
    expect(fake.openContexts).toEqual([before]);
    before.setState("running");
    await microphone.hear();
    expect(heard.interrupts).toEqual(["context-interrupted", undefined]);
    expect(heard.ends).toEqual([]);
  });

  it("goes on at once where it turns suspended, and a gesture builds it anew where it cannot be resumed", async () => {
    const { heard } = await microphone.open();
    await microphone.hear();
    const before = fake.context;
    before.setState("interrupted");
    await microphone.pass(1_000);
    fake.mayStart = false;
    before.setState("suspended");
    await microphone.pass(60_000);
    expect(fake.contexts).toHaveLength(1);
    gesture();
    await microphone.pass(1_000);
    fake.mayStart = true;
    // Its resume() stays pending for ever.
    vi.spyOn(before, "resume").mockReturnValue(new Promise(() => {}));
    await microphone.pass(3_000);
    expect(fake.openContexts).toHaveLength(1);
    expect(before.state).toBe("closed");
    await microphone.hear();
    expect(heard.interrupts.at(-1)).toBeUndefined();
    expect(heard.ends).toEqual([]);
  });

  it("when it is the caller's is left alone, however often the page is touched", async () => {
    const context = new FakeAudioContext(fake);
    const { heard } = await microphone.open({ audioContext: context.asContext() });
    await microphone.hear();
    context.setState("interrupted");
    await microphone.pass(60_000);
    comeBack();
    gesture();
    await microphone.pass(1_000);
    expect(fake.contexts).toEqual([context]);
    context.setState("running");
    await microphone.hear();
    expect(heard.interrupts).toEqual(["context-interrupted", undefined]);
  });

  it("lets go of everything at once when the capture ends while a new one is being built", async () => {
    await microphone.open();
    await microphone.hear();
    fake.context.setState("interrupted");
    comeBack();
    fake.loading = new Promise(() => {});
    gesture();
    await microphone.pass(0);
    microphone.end();
    expectAllReleased();
  });
});

// ShieldBattery/ShieldBattery#1421, bigbluebutton/bigbluebutton#25259, field report 59
describe("the platform's audio that fails", () => {
  it.each([12, 20, 28])("for %i seconds and returns is heard again, and the capture goes on", async (seconds) => {
    const { heard } = await microphone.open();
    await microphone.hear();
    // Contexts claim to run, and do not.
    await microphone.pass(seconds * 1_000);
    expect(heard.ends).toEqual([]);
    expect(heard.interrupts).toEqual(["context-stalled"]);
    await microphone.hear(10);
    expect(heard.interrupts).toEqual(["context-stalled", undefined]);
    expect(heard.ends).toEqual([]);
    expect(samplesIn(heard)).toBeGreaterThan(16_000 * 10);
    expect(fake.openContexts).toHaveLength(1);
  });

  it("so that no context can be made is tried again until one can", async () => {
    const { heard } = await microphone.open();
    await microphone.hear();
    fake.contextError = new DOMException("No audio service.", "NotSupportedError");
    await microphone.pass(15_000);
    fake.contextError = undefined;
    expect(heard.ends).toEqual([]);
    await microphone.pass(8_000);
    await microphone.hear();
    expect(heard.interrupts).toEqual(["context-stalled", undefined]);
  });

  it("so that the audio-thread module is not loaded is tried again until it is", async () => {
    const { heard } = await microphone.open();
    await microphone.hear();
    fake.loading = Promise.reject(new DOMException("Unable to load a worklet's module.", "AbortError"));
    fake.loading.catch(() => {});
    await microphone.pass(15_000);
    fake.loading = Promise.resolve();
    expect(heard.ends).toEqual([]);
    await microphone.pass(8_000);
    await microphone.hear();
    expect(heard.interrupts).toEqual(["context-stalled", undefined]);
  });

  it("is waited for no longer than a lost device, and then ends the capture, everything released", async () => {
    const { heard } = await microphone.open({ deviceLossTimeoutMs: 60_000 });
    await microphone.hear();
    await microphone.pass(60_000);
    expect(heard.ends).toEqual([]);
    await microphone.pass(5_000);
    expect(heard.ends.map(({ code }) => code)).toEqual(["capture-failed"]);
    expect(heard.ends[0]?.message).toContain("60 seconds");
    // Later and later, not at every look.
    expect(fake.contexts.length).toBeLessThan(12);
    expectAllReleased();
  });

  it("ends the capture after one more try where a lost device is not waited for", async () => {
    const { heard } = await microphone.open({ deviceLossTimeoutMs: 0 });
    await microphone.hear();
    await microphone.pass(6_000);
    expect(heard.ends.map(({ code }) => code)).toEqual(["capture-failed"]);
    expect(fake.contexts).toHaveLength(2);
  });

  it("while the page sleeps is not held against it", async () => {
    const { heard } = await microphone.open();
    await microphone.hear();
    await microphone.pass(10_000);
    // Every timer comes late by as much.
    vi.setSystemTime(Date.now() + 3_600_000);
    await microphone.pass(15_000);
    expect(heard.ends).toEqual([]);
    await microphone.hear(10);
    expect(heard.interrupts).toEqual(["context-stalled", undefined]);
  });

  it("is not mended while the capture is paused, and is when it is resumed", async () => {
    const { heard, capture } = await microphone.open();
    await microphone.hear();
    await microphone.pass(5_000);
    await Promise.all([capture.pause(false), microphone.pass(1_000)]);
    await microphone.pass(120_000);
    expect(heard.ends).toEqual([]);
    await Promise.all([capture.resume(), microphone.pass(1_000)]);
    await microphone.hear(10);
    expect(heard.interrupts.at(-1)).toBeUndefined();
    expect(samplesIn(heard)).toBeGreaterThan(16_000 * 5);
  });

  it("holds no call up while the module of a new graph is loaded", async () => {
    const { heard, capture } = await microphone.open();
    await microphone.hear();
    fake.loading = new Promise(() => {});
    await microphone.pass(4_000);
    expect(fake.contexts).toHaveLength(2);
    const done: string[] = [];
    void capture.flush().then(() => done.push("flush"));
    void capture.pause(false).then(() => done.push("pause"));
    void capture.resume().then(() => done.push("resume"));
    await microphone.pass(1_000);
    expect(done.sort()).toEqual(["flush", "pause", "resume"]);
    expect(heard.ends).toEqual([]);
  });

  it("and in which the processor fails again and again is begun anew later and later, for as long", async () => {
    const { heard } = await microphone.open();
    await microphone.hear();
    for (let elapsed = 0; elapsed < 12; elapsed += 1) {
      if (fake.openPorts.some(({ dead }) => !dead)) fake.node.fail();
      await microphone.pass(1_000);
    }
    expect(heard.ends).toEqual([]);
    expect(fake.contexts.flatMap(({ nodes }) => nodes).length).toBeLessThan(10);
    await microphone.hear(10);
    expect(heard.interrupts).toEqual(["processor-failed", undefined]);
  });
});

// Field report 63
describe("the watch for a microphone's first frame", () => {
  it("ends a capture whose microphone is open and delivers nothing for five seconds", async () => {
    // webrtc/samples#1028
    const { heard } = await microphone.open();
    await microphone.pass(4_900);
    expect(heard.ends).toEqual([]);
    await microphone.pass(100);
    expect(heard.ends.map(({ code }) => code)).toEqual(["capture-failed"]);
    expect(heard.ends[0]?.message).toContain("delivers no audio after 5 seconds");
    expectAllReleased();
  });

  it("begins when the microphone was granted, however long the person thinks", async () => {
    fake.answer = "hold";
    const opening = microphone.open();
    await microphone.pass(60_000);
    fake.prompts[0]?.grant();
    const { heard } = await opening;
    await microphone.pass(4_000);
    await microphone.hear();
    expect(heard.ends).toEqual([]);
  });

  it("does not accuse a microphone that is muted, or a capture that is paused", async () => {
    const { heard, capture } = await microphone.open();
    await capture.pause(false);
    await microphone.pass(60_000);
    fake.track.setMuted(true);
    await capture.resume();
    // Longer than a first frame is waited for, and shorter than a muted track is.
    for (let second = 0; second < 9; second += 1) {
      // The context runs, and the device gives it nothing.
      fake.context.frame += 48_000;
      await microphone.pass(1_000);
    }
    fake.track.setMuted(false);
    await microphone.pass(3_000);
    expect(heard.ends).toEqual([]);
    await microphone.pass(3_500);
    expect(heard.ends.map(({ code }) => code)).toEqual(["capture-failed"]);
  });

  it("accuses nobody while the browser waits for a gesture, and says so when audio does not start after it", async () => {
    fake.mayStart = false;
    const opening = microphone.open();
    await microphone.pass(600);
    const { heard } = await opening;
    await microphone.pass(60_000);
    expect(heard.ends).toEqual([]);
    expect(heard.interrupts).toEqual(["context-suspended"]);
    gesture();
    await microphone.pass(6_000);
    expect(heard.ends.map(({ code }) => code)).toEqual(["capture-failed"]);
    expect(heard.ends[0]?.message).toContain("has not started the page's audio");
  });

  it("does not concern sound that the page gives, which may be silent for as long as its owner likes", async () => {
    const { heard } = await microphone.openGiven(fake.newTrack().asTrack());
    for (let second = 0; second < 7; second += 1) {
      fake.context.frame += 48_000;
      await microphone.pass(1_000);
    }
    await microphone.hear();
    expect(heard.ends).toEqual([]);
  });
});

// Random calls, platform seed 67: the stream stayed interrupted for as long as it was paused.
it("a processor that failed before a pause interrupts nothing in it", async () => {
  const { heard, capture } = await microphone.open();
  await microphone.hear();
  fake.node.fail();
  await capture.pause(false);
  expect(heard.interrupts).toEqual(["processor-failed", undefined]);
  await capture.resume();
  const before = samplesIn(heard);
  await microphone.hear();
  expect(samplesIn(heard)).toBeGreaterThan(before);
});

it("an interruption that is over before a pause, in which no frame can show it, does not last through the pause", async () => {
  const { capture, heard } = await microphone.open();
  fake.mayStart = false;
  fake.context.setState("suspended");
  fake.context.setState("running");
  await capture.pause(true);
  expect(heard.interrupts).toEqual(["context-suspended", undefined]);
});

// The microphone that was found had nothing that listened to it, and the capture seemed to go on.
it("a processor that is still to be begun again is begun also if its device is lost and found meanwhile", async () => {
  const { heard } = await microphone.open();
  await microphone.hear();
  fake.node.fail();
  await microphone.pass(1_500);
  fake.node.fail();
  fake.answer = "hold";
  fake.track.end();
  await microphone.pass(2_000);
  fake.prompts.at(-1)?.grant();
  await microphone.pass(0);
  const before = samplesIn(heard);
  await microphone.hear();
  expect(samplesIn(heard)).toBeGreaterThan(before);
});
