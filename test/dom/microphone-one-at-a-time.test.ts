import { beforeEach, describe, expect, it } from "vitest";
import { BUILT_IN, HEADSET } from "../support/fake-audio.js";
import { fake, gapsMs, installHeardMicrophone, microphone } from "../support/heard-microphone.js";

installHeardMicrophone();
beforeEach(() => {
  fake.devices = [BUILT_IN, HEADSET];
  fake.oneAtATime = true;
  fake.setPermission("granted");
});

/** The chosen device was lost, and another is captured in its place. */
async function withoutHeadset() {
  const opened = await microphone.open({ deviceId: HEADSET.deviceId });
  await microphone.hear();
  fake.plug(BUILT_IN);
  await microphone.hear(2);
  expect(opened.heard.changes).toEqual(["device-lost: Built-in"]);
  opened.heard.changes.length = 0;
  opened.heard.interrupts.length = 0;
  opened.heard.frames.length = 0;
  return opened;
}

const busy = () => new DOMException("Busy.", "NotReadableError");

describe("a chosen device that comes back where one microphone is opened at a time", () => {
  it("is taken in place of the one in use, and what is missed on the way is reported and short", async () => {
    const { heard } = await withoutHeadset();
    await microphone.hear();
    fake.plug(BUILT_IN, HEADSET);
    await microphone.hear(5);
    expect(heard.changes).toEqual(["device-returned: Headset"]);
    expect(heard.interrupts).toEqual(["device-lost", undefined]);
    expect(fake.liveTracks.map(({ label }) => label)).toEqual(["Headset"]);
    expect(gapsMs(heard).reduce((sum, gap) => sum + gap, 0)).toBeLessThan(500);
  });

  it("and does not open costs the one in use no more than a moment, once for each time that it comes back", async () => {
    const { heard } = await withoutHeadset();
    const deviceOf = ({ audio }: MediaStreamConstraints) => JSON.stringify(audio);
    fake.answer = (constraints) => (deviceOf(constraints).includes(HEADSET.deviceId) ? busy() : "grant");
    fake.plug(BUILT_IN, HEADSET);
    await microphone.hear(5);
    expect(heard.changes).toEqual(["renewed: Built-in"]);
    expect(heard.interrupts).toEqual(["device-lost", undefined]);
    await microphone.hear(200);
    expect(heard.changes).toHaveLength(1);
    fake.plug(BUILT_IN);
    await microphone.hear(2);
    fake.plug(BUILT_IN, HEADSET);
    await microphone.hear(5);
    expect(heard.changes).toEqual(["renewed: Built-in", "renewed: Built-in"]);
    expect(fake.liveTracks.map(({ label }) => label)).toEqual(["Built-in"]);
  });

  it("and stays silent is given up again for the one before, once", async () => {
    const { heard } = await withoutHeadset();
    fake.plug(BUILT_IN, { ...HEADSET, silent: true });
    await microphone.hear(10);
    expect(heard.changes).toEqual(["renewed: Built-in"]);
    await microphone.hear(120);
    expect(heard.changes).toHaveLength(1);
    expect(fake.liveTracks.map(({ label }) => label)).toEqual(["Built-in"]);
    expect(heard.interrupts.at(-1)).toBeUndefined();
  });

  it("is left alone while a person might have to be asked for it", async () => {
    const { heard } = await withoutHeadset();
    fake.setPermission("prompt");
    const { track } = fake;
    fake.plug(BUILT_IN, HEADSET);
    await microphone.hear(20);
    expect({ changes: heard.changes, interrupts: heard.interrupts, state: track.readyState }).toEqual({
      changes: [],
      interrupts: [],
      state: "live",
    });
  });

  it("is searched for, and whatever else there is, if the one before is gone meanwhile", async () => {
    const { heard } = await withoutHeadset();
    fake.answer = () => busy();
    fake.plug(BUILT_IN, HEADSET);
    await microphone.hear(5);
    expect(fake.liveTracks).toEqual([]);
    expect(heard.interrupts).toEqual(["device-lost"]);
    fake.answer = "grant";
    await microphone.hear(10);
    expect(fake.liveTracks).toHaveLength(1);
    expect(heard.interrupts).toEqual(["device-lost", undefined]);
  });

  it("is given up inside a pause that comes while it is waited for, and nothing is opened until the resumption", async () => {
    const { capture } = await withoutHeadset();
    const deviceOf = ({ audio }: MediaStreamConstraints) => JSON.stringify(audio);
    fake.answer = (constraints) => {
      if (!deviceOf(constraints).includes(HEADSET.deviceId)) return "grant";
      return fake.liveTracks.length > 0 ? busy() : "hold";
    };
    fake.plug(BUILT_IN, HEADSET);
    await microphone.hear();
    const held = fake.prompts.at(-1);
    expect(held?.answered).toBe(false);
    const pausing = capture.pause(true);
    await microphone.hear();
    await pausing;
    expect(held?.grant().readyState).toBe("live");
    await microphone.hear(10);
    expect(fake.liveTracks).toEqual([]);
    fake.answer = "grant";
    const resuming = capture.resume();
    await microphone.hear(2);
    await resuming;
    expect(fake.liveTracks.map(({ label }) => label)).toEqual(["Headset"]);
  });
});
