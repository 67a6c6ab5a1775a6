import { describe, expect, it, vi } from "vitest";
import { BUILT_IN, HEADSET } from "../support/fake-audio.js";
import { fake, installHeardMicrophone, microphone } from "../support/heard-microphone.js";

installHeardMicrophone();

/** The device is there, and gives nothing for now. */
const DEAD = { ...HEADSET, silent: true };
const MUTED = { ...HEADSET, silent: true, muted: true };

/** A call comes and goes, after which the track gives only zeros. */
async function call(): Promise<void> {
  fake.track.silent = true;
  fake.track.setMuted(true);
  await microphone.hear(3);
  fake.track.setMuted(false);
}

function comeBack(): void {
  vi.spyOn(document, "visibilityState", "get").mockReturnValue("visible");
  document.dispatchEvent(new Event("visibilitychange"));
}

// 100mslive/web-sdks#3728, twilio/twilio-video.js#941, field report 56
describe("a track that gives only zeros after a call", () => {
  it("is replaced by a fresh one of the same device", async () => {
    const { heard, capture } = await microphone.open();
    await microphone.hear();
    const dead = fake.track;
    await call();
    await microphone.hear(5);
    expect(heard.changes).toEqual(["renewed: Headset"]);
    expect(dead.readyState).toBe("ended");
    expect(capture.track).toBe(fake.track);
    expect(heard.frames.at(-1)?.peakLevel).toBeGreaterThan(0.4);
    expect(heard.interrupts.at(-1)).toBeUndefined();
  });

  it("is replaced once, and once more when the person returns to the page", async () => {
    const { heard } = await microphone.open();
    await microphone.hear();
    fake.devices = [DEAD, BUILT_IN];
    await call();
    await microphone.hear(20);
    expect(heard.changes).toEqual(["renewed: Headset"]);
    fake.devices = [HEADSET, BUILT_IN];
    comeBack();
    await microphone.hear();
    expect(heard.changes).toEqual(["renewed: Headset", "renewed: Headset"]);
    expect(heard.frames.at(-1)?.peakLevel).toBeGreaterThan(0.4);
  });

  it("is let go before a fresh one is asked for, if the permission is given", async () => {
    fake.setPermission("granted");
    const { heard } = await microphone.open();
    await microphone.hear();
    const held: number[] = [];
    fake.answer = () => {
      held.push(fake.liveTracks.length);
      return "grant";
    };
    await call();
    await microphone.hear(5);
    expect(held).toEqual([0]);
    expect(heard.changes).toEqual(["renewed: Headset"]);
    expect(heard.interrupts).toEqual(["device-muted", undefined, "device-lost", undefined]);
  });

  it("is kept while the person thinks at the prompt, if there is one, and after a no", async () => {
    fake.setPermission("prompt");
    const { heard, capture } = await microphone.open();
    await microphone.hear();
    const dead = fake.track;
    fake.answer = "hold";
    await call();
    await microphone.hear(5);
    expect(capture.track).toBe(dead);
    fake.prompts.at(-1)?.refuse(new DOMException("No.", "NotAllowedError"));
    await microphone.hear(5);
    expect(capture.track).toBe(dead);
    expect(heard.ends).toEqual([]);
    expect(fake.prompts).toHaveLength(2);
  });

  it("is searched for if it cannot be opened again", async () => {
    fake.setPermission("granted");
    const { heard } = await microphone.open();
    await microphone.hear();
    await call();
    fake.answer = new DOMException("Busy.", "NotReadableError");
    await microphone.hear(5);
    expect(heard.interrupts.at(-1)).toBe("device-lost");
    fake.answer = "grant";
    await microphone.hear(5);
    expect(heard.interrupts.at(-1)).toBeUndefined();
    expect(heard.frames.at(-1)?.peakLevel).toBeGreaterThan(0.4);
    expect(heard.ends).toEqual([]);
  });
});

// OpenWhispr/openwhispr#1204, Hubs-Foundation/hubs#3944, field report 57
describe("a track that stays muted", () => {
  async function openMuted() {
    const opened = await microphone.open();
    await microphone.hear();
    fake.devices = [MUTED, BUILT_IN];
    fake.track.silent = true;
    fake.track.setMuted(true);
    return opened;
  }

  it("is reported and replaced after a while, and if that does not help, by another device", async () => {
    const { heard } = await openMuted();
    await microphone.hear(11);
    expect(heard.warnings).toMatchObject([{ code: "capture-interrupted", details: { reason: "device-muted" } }]);
    expect(heard.changes).toEqual(["renewed: Headset"]);
    await microphone.hear(21);
    expect(heard.changes).toEqual(["renewed: Headset", "device-lost: Built-in"]);
    expect(heard.interrupts.at(-1)).toBeUndefined();
    expect(heard.frames.at(-1)?.peakLevel).toBeGreaterThan(0.4);
  });

  it.each(["pointerdown", "keydown"])("is replaced at once at a %s", async (gesture) => {
    const { heard } = await openMuted();
    await microphone.hear(2);
    fake.devices = [HEADSET, BUILT_IN];
    document.dispatchEvent(new Event(gesture));
    await microphone.hear();
    expect(heard.changes).toEqual(["renewed: Headset"]);
    expect(heard.interrupts.at(-1)).toBeUndefined();
  });

  it("is replaced at once when the person returns to the page", async () => {
    const { heard } = await openMuted();
    await microphone.hear(2);
    fake.devices = [HEADSET, BUILT_IN];
    comeBack();
    await microphone.hear();
    expect(heard.changes).toEqual(["renewed: Headset"]);
  });

  // The fresh track is given the time that any other one has to deliver.
  it("since it was opened does not end the capture when a fresh one delivers nothing at first", async () => {
    fake.devices = [MUTED];
    const { heard } = await microphone.open();
    fake.node.dead = true;
    fake.devices = [HEADSET];
    await microphone.hear(18);
    expect(heard.ends).toEqual([]);
    await microphone.hear(5);
    expect(heard.ends).toEqual([]);
    expect(heard.frames.at(-1)?.peakLevel).toBeGreaterThan(0.4);
  });
});
