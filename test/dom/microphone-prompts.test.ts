import { describe, expect, it } from "vitest";
import { BUILT_IN, HEADSET } from "../support/fake-audio.js";
import { expectAllReleased, fake, installHeardMicrophone, microphone } from "../support/heard-microphone.js";

installHeardMicrophone();

const REFUSAL = new DOMException("No.", "NotAllowedError");

/** Something else takes the place of a lost headset, which comes back; the browser asks whether it may be opened. */
async function openAtHealingPrompt() {
  const opened = await microphone.open();
  fake.plug(BUILT_IN);
  await microphone.hear();
  fake.answer = "hold";
  fake.plug(BUILT_IN, HEADSET);
  await microphone.hear();
  return opened;
}

// duckduckgo/Android#1916, field report 60
describe("a browser that never opens a device", () => {
  it("though it has the permission is given up when a lost device was waited for as long as it may be", async () => {
    fake.setPermission("granted");
    const { heard } = await microphone.open({ deviceLossTimeoutMs: 12_000 });
    fake.answer = "hold";
    fake.plug(BUILT_IN);
    await microphone.hear(11);
    expect(heard.ends).toEqual([]);
    await microphone.hear(3);
    expect(heard.ends.map(({ code }) => code)).toEqual(["device-lost"]);
    expectAllReleased();
    const late = fake.prompts.at(-1)?.grant();
    await microphone.pass(0);
    expect(late?.readyState).toBe("ended");
  });

  it("because a person thinks is waited for", async () => {
    fake.setPermission("prompt");
    const { heard } = await microphone.open({ deviceLossTimeoutMs: 2_000 });
    fake.answer = "hold";
    fake.plug(BUILT_IN);
    await microphone.hear(20);
    fake.prompts.at(-1)?.grant();
    await microphone.hear();
    expect(heard.ends).toEqual([]);
    expect(heard.changes).toEqual(["device-lost: Built-in"]);
  });
});

// jitsi/jitsi-meet#15576, field report 61
describe("a prompt that nobody asked for", () => {
  it("keeps no flush waiting", async () => {
    const { capture } = await openAtHealingPrompt();
    await capture.flush();
    expect(fake.prompts.at(-1)?.answered).toBe(false);
  });

  it("keeps no setDevice() waiting, and opens nothing after it", async () => {
    const { heard, capture } = await openAtHealingPrompt();
    const healing = fake.prompts.at(-1);
    fake.answer = "grant";
    await capture.setDevice?.("built-in");
    const late = healing?.grant();
    await microphone.hear();
    expect(late?.readyState).toBe("ended");
    expect(heard.changes).toEqual(["device-lost: Built-in", "requested: Built-in"]);
    expect(fake.liveTracks).toHaveLength(1);
  });

  it("keeps no rebuild of the audio waiting", async () => {
    const { heard } = await openAtHealingPrompt();
    fake.context.setState("closed");
    await microphone.hear(2);
    expect(fake.contexts).toHaveLength(2);
    expect(heard.interrupts.at(-1)).toBeUndefined();
    expect(heard.frames.at(-1)?.peakLevel).toBeGreaterThan(0.4);
  });

  it("and is answered with no is not shown again at each change of the devices", async () => {
    const { heard } = await openAtHealingPrompt();
    fake.answer = REFUSAL;
    fake.prompts.at(-1)?.refuse(REFUSAL);
    await microphone.pass(0);
    const asked = fake.prompts.length;
    for (let change = 0; change < 5; change += 1) {
      fake.plug(BUILT_IN);
      await microphone.hear(3);
      fake.plug(BUILT_IN, HEADSET);
      await microphone.hear(3);
    }
    expect(fake.prompts).toHaveLength(asked);
    expect(heard.ends).toEqual([]);
    expect(heard.frames.at(-1)?.peakLevel).toBeGreaterThan(0.4);
  });

  it("and is open when the permission is withdrawn ends with the capture", async () => {
    fake.setPermission("prompt");
    const { heard } = await openAtHealingPrompt();
    fake.setPermission("denied");
    await microphone.pass(0);
    expect(heard.ends.map(({ code }) => code)).toEqual(["permission-denied"]);
    const late = fake.prompts.at(-1)?.grant();
    await microphone.pass(0);
    expect(late?.readyState).toBe("ended");
    expectAllReleased();
  });
});

// WebKit/WebKit#70612, field report 65
describe("a refusal though the permission is given", () => {
  it("does not end the search for a lost device", async () => {
    fake.setPermission("granted");
    const { heard } = await microphone.open();
    fake.answer = REFUSAL;
    fake.plug(BUILT_IN);
    await microphone.hear(3);
    expect(heard.ends).toEqual([]);
    fake.answer = "grant";
    await microphone.hear(5);
    expect(heard.changes).toEqual(["device-lost: Built-in"]);
    expect(heard.interrupts).toEqual(["device-lost", undefined]);
  });

  it("at the start does not blame the person", async () => {
    fake.setPermission("granted");
    fake.answer = REFUSAL;
    await expect(microphone.open()).rejects.toMatchObject({ code: "device-in-use" });
  });

  // Chromium 156, in a frame whose sandbox takes its origin away.
  it("for the page's own origin is one for good, whatever the browser says of the permission", async () => {
    fake.setPermission("granted");
    fake.answer = new DOMException("Invalid security origin", "SecurityError");
    await expect(microphone.open()).rejects.toMatchObject({
      code: "permission-denied",
      retryable: false,
      message: expect.stringContaining("sandbox"),
    });
  });

  it("that is withdrawn meanwhile ends the search", async () => {
    fake.setPermission("granted");
    const { heard } = await microphone.open();
    fake.answer = REFUSAL;
    fake.plug(BUILT_IN);
    await microphone.hear();
    fake.setPermission("denied");
    await microphone.hear();
    expect(heard.ends.map(({ code }) => code)).toEqual(["permission-denied"]);
    expectAllReleased();
  });
});
