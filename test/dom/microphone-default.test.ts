import { beforeEach, describe, expect, it, vi } from "vitest";
import { BUILT_IN, defaultOf, type FakeDevice, HEADSET } from "../support/fake-audio.js";
import { fake, gapsMs, installHeardMicrophone, microphone } from "../support/heard-microphone.js";

installHeardMicrophone();

describe("the system's default", () => {
  beforeEach(() => {
    fake.devices = [defaultOf(HEADSET), HEADSET, BUILT_IN];
  });

  // aws/amazon-chime-sdk-js#496, field report 53
  it("is followed without a gap in what is heard", async () => {
    const { heard, capture } = await microphone.open();
    await microphone.hear();
    fake.relist(defaultOf(BUILT_IN), HEADSET, BUILT_IN);
    await microphone.hear();
    expect(heard.changes).toEqual(["default-changed: Built-in"]);
    expect(capture.track).toBe(fake.track);
    expect(heard.interrupts).toEqual([]);
    expect(gapsMs(heard)).toEqual([]);
    expect(fake.liveTracks).toHaveLength(1);
  });

  // element-hq/element-call#1687, field report 54
  it("is no return of the lost device while another one is the default, whatever else is plugged in", async () => {
    const { heard } = await microphone.open();
    await microphone.hear();
    fake.track.end();
    fake.relist(defaultOf(BUILT_IN), BUILT_IN);
    await microphone.hear();
    // A loudspeaker comes.
    fake.relist(defaultOf(BUILT_IN), BUILT_IN);
    await microphone.hear(3);
    expect(heard.changes).toEqual(["device-lost: Default - Built-in"]);
  });

  // MyPureCloud/genesys-cloud-webrtc-sdk#267, field report 54
  it("is told as a return when the lost device is the default again and heard", async () => {
    const { heard } = await microphone.open();
    await microphone.hear();
    fake.track.end();
    fake.relist(defaultOf(BUILT_IN), BUILT_IN);
    await microphone.hear();
    fake.relist(defaultOf(HEADSET), HEADSET, BUILT_IN);
    await microphone.hear();
    expect(heard.changes).toEqual(["device-lost: Default - Built-in", "device-returned: Headset"]);
  });

  // field report 54
  it("is not told as a return before the lost device's sound flows", async () => {
    const { heard, capture } = await microphone.open();
    await microphone.hear();
    fake.track.end();
    fake.relist(defaultOf(BUILT_IN), BUILT_IN);
    await microphone.hear();
    const standIn = capture.track;
    const mute: FakeDevice = { ...HEADSET, silent: true };
    fake.relist(defaultOf(mute), mute, BUILT_IN);
    await microphone.hear();
    expect(heard.changes).toEqual(["device-lost: Default - Built-in"]);
    expect(capture.track).toBe(standIn);
    fake.track.silent = false;
    await microphone.hear();
    expect(heard.changes).toEqual(["device-lost: Default - Built-in", "device-returned: Headset"]);
  });
});

describe("a device that comes back", () => {
  // field report 54
  it("is listened to beside the one in use, which is recorded on without a gap until the returned one is heard", async () => {
    const { heard, capture } = await microphone.open();
    await microphone.hear();
    fake.plug(BUILT_IN);
    await microphone.hear();
    const gapsBefore = gapsMs(heard);
    const standIn = capture.track;
    fake.relist({ ...HEADSET, silent: true }, BUILT_IN);
    await microphone.hear(2);
    expect(fake.track.device?.deviceId).toBe("headset");
    expect(capture.track).toBe(standIn);
    expect(heard.frames.at(-1)?.peakLevel).toBeGreaterThan(0.4);
    fake.track.silent = false;
    await microphone.hear();
    expect(capture.track).toBe(fake.track);
    expect(heard.changes).toEqual(["device-lost: Built-in", "device-returned: Headset"]);
    expect(gapsMs(heard)).toEqual(gapsBefore);
    expect(fake.liveTracks).toHaveLength(1);
  });

  // field report 54
  it("and stays silent is let go again, and the one in use goes on", async () => {
    const { heard, capture } = await microphone.open();
    fake.plug(BUILT_IN);
    await microphone.hear();
    const standIn = capture.track;
    fake.relist({ ...HEADSET, silent: true }, BUILT_IN);
    await microphone.hear(4);
    expect(capture.track).toBe(standIn);
    expect(fake.liveTracks).toEqual([standIn]);
    expect(heard.changes).toEqual(["device-lost: Built-in"]);
    expect(gapsMs(heard)).toEqual([]);
  });

  // field report 54
  it("of a rate that the audio context does not take is listened to in another context", async () => {
    const { heard, capture } = await microphone.open();
    fake.plug(BUILT_IN);
    await microphone.hear();
    const first = fake.context;
    vi.spyOn(first, "createMediaStreamSource").mockImplementation(() => {
      throw new DOMException("Another rate.", "NotSupportedError");
    });
    fake.relist({ ...HEADSET, silent: true }, BUILT_IN);
    await microphone.hear();
    expect(capture.track?.label).toBe("Built-in");
    expect(fake.openContexts).toHaveLength(2);
    fake.track.silent = false;
    await microphone.hear();
    expect(capture.track?.label).toBe("Headset");
    expect(heard.changes).toEqual(["device-lost: Built-in", "device-returned: Headset"]);
    expect(fake.openContexts).toHaveLength(1);
  });

  // field report 54
  it("is taken if the one in use is lost while it is listened to", async () => {
    const { heard, capture } = await microphone.open();
    fake.plug(BUILT_IN);
    await microphone.hear();
    fake.relist({ ...HEADSET, silent: true }, BUILT_IN);
    await microphone.hear();
    fake.plug(HEADSET);
    await microphone.hear();
    expect(capture.track?.label).toBe("Headset");
    expect(fake.liveTracks).toHaveLength(1);
    expect(heard.ends).toEqual([]);
  });

  // w3c/mediacapture-main#899, field report 55
  it("is told from another one of its group", async () => {
    const micA: FakeDevice = { deviceId: "a", groupId: "one", label: "Mic A" };
    const micB: FakeDevice = { deviceId: "b", groupId: "one", label: "Mic B" };
    fake.devices = [micA, micB];
    const { heard, capture } = await microphone.open();
    fake.plug(micB);
    await microphone.hear();
    fake.relist(micB);
    await microphone.hear();
    expect(heard.changes).toEqual(["device-lost: Mic B"]);
    fake.plug(micB, micA);
    await microphone.hear();
    expect(heard.changes).toEqual(["device-lost: Mic B", "device-returned: Mic A"]);
    expect(capture.track?.label).toBe("Mic A");
  });

  // field report 55
  it("is told from its twin, which has the same name", async () => {
    const twin: FakeDevice = { ...HEADSET, deviceId: "twin" };
    fake.devices = [HEADSET, twin];
    const { heard } = await microphone.open();
    fake.plug(twin);
    await microphone.hear();
    fake.relist(twin);
    await microphone.hear();
    expect(heard.changes).toEqual(["device-lost: Headset"]);
    fake.relist(twin, HEADSET);
    await microphone.hear();
    expect(heard.changes).toEqual(["device-lost: Headset", "device-returned: Headset"]);
    expect(fake.liveTracks.map(({ device }) => device)).toEqual([HEADSET]);
  });

  // mozilla/cubeb-coreaudio-rs#69, field report 55
  it("is waited for rather than that a monitor of an output is recorded", async () => {
    const monitor: FakeDevice = { deviceId: "monitor", groupId: "board", label: "Monitor of Built-in Audio" };
    const { heard } = await microphone.open();
    fake.plug(monitor);
    await microphone.hear(3);
    expect(heard.changes).toEqual([]);
    expect(fake.liveTracks).toEqual([]);
    fake.plug(monitor, HEADSET);
    await microphone.hear();
    expect(heard.changes).toEqual(["device-lost: Headset"]);
  });
});

describe("a list of devices that cannot be trusted", () => {
  it.each([
    ["never comes", "never" as const],
    ["fails", new DOMException("No list.", "NotAllowedError")],
  ])("because it %s does not keep a lost device from being replaced", async (_, listing) => {
    fake.listing = listing;
    const { heard } = await microphone.open();
    await microphone.hear();
    fake.plug(BUILT_IN);
    await microphone.pass(5_000);
    await microphone.hear();
    expect(heard.changes).toEqual(["device-lost: Built-in"]);
    expect(heard.ends).toEqual([]);
  });

  it("because it changes all the time asks for no more than one device a second", async () => {
    const { heard } = await microphone.open();
    fake.plug(BUILT_IN);
    await microphone.hear();
    const before = fake.prompts.length;
    fake.answer = new DOMException("Busy.", "NotReadableError");
    for (let change = 0; change < 200; change += 1) {
      fake.relist(BUILT_IN, HEADSET);
      await microphone.pass(10);
    }
    expect(fake.prompts.length - before).toBeLessThanOrEqual(4);
    expect(heard.changes).toEqual(["device-lost: Built-in"]);
  });
});
