import { describe, expect, it } from "vitest";
import { BUILT_IN, HEADSET } from "../support/fake-audio.js";
import { expectAllReleased, fake, installHeardMicrophone, microphone } from "../support/heard-microphone.js";

installHeardMicrophone();

// field report 85
describe("a resumption that is aborted at its prompt", () => {
  it("leaves the capture paused and without a device, and a device that comes late is stopped", async () => {
    const { heard, capture } = await microphone.open();
    await capture.pause(true);
    fake.answer = "hold";
    const off = new AbortController();
    const resuming = capture.resume(off.signal);
    await microphone.pass(0);
    off.abort(new Error("Changed my mind."));
    await expect(resuming).rejects.toThrow("Changed my mind.");
    const late = fake.prompts.at(-1)?.grant();
    await microphone.hear();
    expect(late?.readyState).toBe("ended");
    expect(capture.track).toBeUndefined();
    expect(heard.frames).toEqual([]);
    expect(heard.changes).toEqual([]);
    fake.answer = "grant";
    await capture.resume();
    await microphone.hear();
    expect(heard.frames.length).toBeGreaterThan(40);
  });
});

it("a device that is chosen in one go with the abort of a resumption holds from the next one on, and is not asked for before", async () => {
  const { capture } = await microphone.open();
  await capture.pause(true);
  fake.answer = "hold";
  const off = new AbortController();
  const resuming = capture.resume(off.signal);
  await microphone.pass(0);
  const asked = fake.prompts.length;
  off.abort(new Error("Changed my mind."));
  await expect(capture.setDevice?.("built-in")).resolves.toBeUndefined();
  await expect(resuming).rejects.toThrow("Changed my mind.");
  await microphone.pass(0);
  expect(fake.prompts).toHaveLength(asked);
  fake.answer = "grant";
  await capture.resume();
  expect(capture.track?.label).toBe("Built-in");
});

// field report 86
describe("calls in one go", () => {
  it("of which the last is a pause end in silence", async () => {
    const { heard, capture } = await microphone.open();
    await capture.pause(false);
    await Promise.allSettled([capture.resume(), capture.pause(false)]);
    await microphone.hear();
    expect(heard.frames).toEqual([]);
    await capture.resume();
    await microphone.hear();
    expect(heard.frames.length).toBeGreaterThan(40);
  });

  it("of which the last is a resumption end in capturing", async () => {
    const { heard, capture } = await microphone.open();
    await Promise.allSettled([capture.pause(true), capture.resume()]);
    await microphone.hear();
    expect(heard.frames.length).toBeGreaterThan(40);
    expect(fake.liveTracks).toHaveLength(1);
  });

  it.each(Array.from({ length: 20 }, (_, seed) => seed))(
    "end as the last one says, whatever came before (%i)",
    async (seed) => {
      const { heard, capture } = await microphone.open();
      // A push-to-talk button in nervous hands.
      let state = seed * 7_919 + 1;
      const random = (): number => {
        state = (state * 48_271) % 2_147_483_647;
        return state / 2_147_483_647;
      };
      let isRunning = true;
      const calls: Promise<void>[] = [];
      for (let count = 0; count < 8; count += 1) {
        isRunning = random() < 0.5;
        calls.push(isRunning ? capture.resume() : capture.pause(random() < 0.5));
        if (random() < 0.5) await microphone.pass(0);
      }
      await Promise.allSettled(calls);
      await microphone.pass(0);
      const before = heard.frames.length;
      await microphone.hear();
      expect(heard.frames.length > before).toBe(isRunning);
      expect(fake.liveTracks.length).toBeLessThanOrEqual(1);
    },
  );
});

describe("a capture that wants no device", () => {
  // field report 87
  it("because it is being paused on a dead audio thread looks for none that is lost meanwhile", async () => {
    const { heard, capture } = await microphone.open();
    await microphone.hear();
    fake.node.dead = true;
    const pausing = capture.pause(true);
    fake.plug(BUILT_IN);
    await microphone.pass(5_000);
    await pausing;
    expect(fake.prompts).toHaveLength(1);
    expect(fake.liveTracks).toEqual([]);
    expect(heard.changes).toEqual([]);
    expect(heard.ends).toEqual([]);
  });

  // field report 87
  it("because it is paused goes back to none, and follows no default", async () => {
    const { capture } = await microphone.open();
    fake.plug(BUILT_IN);
    await microphone.hear();
    await capture.pause(false);
    const asked = fake.prompts.length;
    fake.plug(BUILT_IN, HEADSET);
    await microphone.pass(60_000);
    expect(fake.prompts).toHaveLength(asked);
  });

  // field report 88
  it("because it was stopped opens none, whatever was under way", async () => {
    const { heard, capture } = await microphone.open();
    fake.answer = "hold";
    fake.plug(BUILT_IN);
    await microphone.pass(0);
    const searching = fake.prompts.at(-1);
    await capture.stop();
    const late = searching?.grant();
    await microphone.pass(0);
    expect(late?.readyState).toBe("ended");
    const asked = fake.prompts.length;
    fake.plug(BUILT_IN, HEADSET);
    await microphone.pass(60_000);
    await expect(capture.resume()).rejects.toThrow();
    await expect(capture.setDevice?.("headset")).rejects.toThrow();
    expect(fake.prompts).toHaveLength(asked);
    expect(heard.ends).toEqual([]);
    expectAllReleased();
  });

  // field report 88
  it("because a listener ended it inside the change of devices opens none", async () => {
    const { capture } = await microphone.open();
    fake.plug(BUILT_IN);
    await microphone.hear();
    fake.answer = "hold";
    fake.plug(BUILT_IN, HEADSET);
    await microphone.pass(0);
    microphone.end();
    const late = fake.prompts.at(-1)?.grant();
    await microphone.pass(0);
    expect(late?.readyState).toBe("ended");
    await expect(capture.resume()).rejects.toThrow();
    expectAllReleased();
  });
});
