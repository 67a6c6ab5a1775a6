import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { microphone } from "../../src/capture/microphone/microphone.js";
import type { MicrophoneOptions } from "../../src/capture/microphone/microphone-options.js";
import {
  BUILT_IN,
  defaultOf,
  type FakeAudio,
  HEADSET,
  installFakeAudio,
  overconstrained,
} from "../support/fake-audio.js";
import { listenTo, settle } from "../support/heard-capture.js";
import { HeardMicrophone } from "../support/heard-microphone.js";

let fake: FakeAudio;
let ending: AbortController;

beforeEach(() => {
  vi.useFakeTimers();
  fake = installFakeAudio();
  fake.devices = [BUILT_IN, HEADSET];
  ending = new AbortController();
});

afterEach(() => {
  ending.abort();
  fake.uninstall();
  vi.useRealTimers();
});

async function pass(durationMs: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(durationMs);
  await settle();
}

async function open(options: MicrophoneOptions = {}) {
  const { heard, options: openOptions } = listenTo(ending.signal);
  const opening = microphone(options).open(openOptions);
  await pass(0);
  return { heard, capture: await opening };
}

// jitsi/lib-jitsi-meet#2933, field report 51
it("a chosen microphone is the one that is used, at the start and after a released pause", async () => {
  const { capture } = await open({ deviceId: "headset" });
  expect(capture.track?.label).toBe("Headset");
  await capture.pause(true);
  await capture.resume();
  expect(capture.track?.label).toBe("Headset");
});

// microsoft/cognitive-services-speech-sdk-js#957, field report 51
it("a chosen microphone that is not there is replaced once, with a warning that names the one in use", async () => {
  const { heard } = await open({ deviceId: "gone" });
  expect(heard.warnings).toMatchObject([{ code: "device-fallback", details: { deviceId: "gone", label: "Built-in" } }]);
});

// MyPureCloud/genesys-cloud-webrtc-sdk#267, field report 53
it("the default that was asked for is followed when the system has another", async () => {
  fake.devices = [defaultOf(HEADSET), HEADSET, BUILT_IN];
  const { heard, capture } = await open();
  fake.relist(defaultOf(BUILT_IN), HEADSET, BUILT_IN);
  await pass(0);
  expect(capture.track?.label).toContain("Built-in");
  expect(heard.changes).toEqual(["default-changed: Built-in"]);
});

// signalwire/signalwire-legacy-js#830, field report 64
it("a platform that opens one microphone at a time is switched by releasing the one in use first", async () => {
  fake.oneAtATime = true;
  const { capture } = await open();
  await capture.setDevice?.("headset");
  expect(capture.track?.label).toBe("Headset");
  expect(fake.liveTracks).toHaveLength(1);
});

// duckduckgo/Android#1916, field report 60
it("a browser that has the permission and does not open the device is given up by name", async () => {
  fake.setPermission("granted");
  fake.answer = "hold";
  const opening = microphone().open(listenTo(ending.signal).options);
  const failed = expect(opening).rejects.toMatchObject({ code: "device-timeout" });
  await pass(10_100);
  await failed;
});

// A prompt that nobody asked for blocks nothing: the search for another device, with its time limit, waited for it for ever.
it("a lost device is looked for although a prompt for a better one is still open", async () => {
  const microphone = new HeardMicrophone(fake);
  fake.devices = [HEADSET, BUILT_IN];
  const { capture, heard } = await microphone.open();
  fake.plug(BUILT_IN);
  await microphone.hear();
  expect(capture.track?.label).toBe("Built-in");
  fake.answer = "hold";
  fake.plug({ ...HEADSET, deviceId: "headset-2" }, BUILT_IN);
  await microphone.hear();
  const open = fake.prompts.filter(({ answered }) => !answered);
  expect(open).toHaveLength(1);
  fake.answer = "grant";
  fake.plug({ ...HEADSET, deviceId: "headset-2" });
  await microphone.hear();
  expect(heard.interrupts).toEqual(["device-lost", undefined, "device-lost", undefined]);
  expect(capture.track?.label).toBe("Headset");
  // Nobody waits for that answer any more.
  open[0]?.grant();
  await pass(0);
  expect(fake.liveTracks).toHaveLength(1);
  microphone.end();
});

it("a device that is lost while the audio code loads is looked for in a browser that lists no devices, too", async () => {
  const microphone = new HeardMicrophone(fake);
  fake.listing = new Error("not today");
  let load: () => void = () => {};
  fake.loading = new Promise((resolve) => (load = resolve));
  const opening = microphone.open();
  await pass(0);
  fake.track.end();
  load();
  const { capture, heard } = await opening;
  await microphone.hear();
  expect(capture.track?.readyState).toBe("live");
  expect(heard.interrupts.at(-1)).toBe(undefined);
  microphone.end();
});

it("a device that was muted before a pause and is heard after it interrupts nothing any more, whatever its flag says", async () => {
  const microphone = new HeardMicrophone(fake);
  const { capture, heard } = await microphone.open();
  await microphone.hear();
  fake.track.setMuted(true);
  fake.track.silent = true;
  await microphone.hear();
  await capture.pause(false);
  await capture.resume();
  fake.track.silent = false;
  await microphone.hear(2);
  expect(heard.interrupts).toEqual(["device-muted", undefined]);
  microphone.end();
});

it("the default that is used in place of a chosen device is followed as well, until the chosen one is there", async () => {
  fake.devices = [defaultOf(HEADSET), HEADSET, BUILT_IN];
  const { capture, heard } = await open({ deviceId: "chosen" });
  fake.relist(defaultOf(BUILT_IN), HEADSET, BUILT_IN);
  await pass(0);
  expect(capture.track?.label).toContain("Built-in");
  fake.relist(defaultOf(HEADSET), HEADSET, BUILT_IN);
  await pass(2_000);
  expect(heard.changes).toEqual(["default-changed: Built-in", "default-changed: Headset"]);
  fake.relist(defaultOf(HEADSET), HEADSET, BUILT_IN, { deviceId: "chosen", label: "Chosen" });
  await new HeardMicrophone(fake).hear(2);
  expect(capture.track?.label).toBe("Chosen");
});

// w3c/mediacapture-main#746, OpenWhispr/openwhispr#978, field report 52
it("a saved microphone that is gone is replaced before the permission too, where the browser names no constraint", async () => {
  fake.setPermission("prompt");
  fake.answer = ({ audio }) =>
    typeof audio === "object" && audio.deviceId !== undefined ? overconstrained("") : "grant";
  const { heard, capture } = await open({ deviceId: { exact: "gone" } });
  expect(capture.track?.label).toBe("Built-in");
  expect(heard.warnings.map(({ code }) => code)).toEqual(["device-fallback"]);
});

// bigbluebutton/bigbluebutton#12023, field report 64
it("a switch that fails after the one in use had to be released brings that one back", async () => {
  fake.oneAtATime = true;
  const { heard, capture } = await open();
  await expect(capture.setDevice?.("gone")).rejects.toMatchObject({ code: "device-not-found" });
  expect(capture.track?.label).toBe("Built-in");
  expect(heard.changes).toEqual(["renewed: Built-in"]);
  expect(heard.interrupts).toEqual(["device-lost", undefined]);
  expect(fake.liveTracks).toHaveLength(1);
});

it("a switch for which the one in use had to be released gives way to a choice that is made when that is heard of", async () => {
  fake.oneAtATime = true;
  const later: (Promise<void> | undefined)[] = [];
  const { options } = listenTo(ending.signal, {
    onInterrupt: (reason) => reason === "device-lost" && later.push(capture.setDevice?.("built-in")),
  });
  const capture = await microphone().open(options);
  await expect(capture.setDevice?.("headset")).rejects.toMatchObject({ name: "AbortError" });
  await expect(later[0]).resolves.toBeUndefined();
  expect(capture.track?.label).toBe("Built-in");
  expect(fake.liveTracks).toHaveLength(1);
});

it("a switch in a pause, for which the one in use had to be released, interrupts nothing when it fails", async () => {
  fake.oneAtATime = true;
  const { heard, capture } = await open();
  await capture.pause(false);
  await expect(capture.setDevice?.("gone")).rejects.toMatchObject({ code: "device-not-found" });
  expect(heard.interrupts).toEqual([]);
  expect(fake.liveTracks).toEqual([]);
  await capture.resume();
  expect(capture.track?.label).toBe("Built-in");
});

// field report 51
it("a chosen microphone that was missing at the start is gone back to once it is there and heard", async () => {
  fake.devices = [BUILT_IN];
  const { heard, capture } = await open({ deviceId: "headset" });
  fake.relist(BUILT_IN, HEADSET);
  await new HeardMicrophone(fake).hear();
  expect(capture.track?.label).toBe("Headset");
  expect(heard.changes).toEqual(["device-returned: Headset"]);
});

// Random calls, platform seed 665: the audio thread captured on in the pause, and a later resumption was not heard.
it("a release from the event of a resumption holds nothing, and leaves the audio thread paused", async () => {
  const { options } = listenTo(ending.signal, { onDeviceChange: () => void capture.pause(true) });
  const opening = microphone().open(options);
  await pass(0);
  const capture = await opening;
  await capture.pause(true);
  await expect(capture.resume()).rejects.toMatchObject({ name: "AbortError" });
  await settle();
  expect(fake.liveTracks).toEqual([]);
  expect(fake.node.commands()).not.toContain("resume");
});
