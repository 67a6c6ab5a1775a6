import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listMicrophones, type MicrophoneInfo, watchMicrophones } from "../../src/capture/microphone/microphones.js";
import { createMicrophoneStream } from "../../src/microphone-stream.js";
import { type FakeAudio, type FakeDevice, installFakeAudio } from "../support/fake-audio.js";
import { settle } from "../support/heard-capture.js";

const HEADSET: FakeDevice = { deviceId: "headset", groupId: "usb", label: "Headset" };
const BUILT_IN: FakeDevice = { deviceId: "built-in", groupId: "board", label: "Built-in" };

const isDefault = (device: FakeDevice) => ({ ...device, isDefault: true });
const isOther = (device: FakeDevice) => ({ ...device, isDefault: false });

let fake: FakeAudio;
let ending: AbortController;

beforeEach(() => {
  fake = installFakeAudio();
  fake.devices = [BUILT_IN];
  ending = new AbortController();
});

afterEach(() => {
  ending.abort();
  fake.uninstall();
});

describe("listMicrophones()", () => {
  it("tells ids, groups and labels of microphones, and of nothing else, without a prompt", async () => {
    fake.devices = [BUILT_IN, HEADSET];
    expect(await listMicrophones()).toEqual([isDefault(BUILT_IN), isOther(HEADSET)]);
    expect(fake.prompts).toEqual([]);
  });

  it("says insecure-context, unsupported or capture-failed where there is nothing to list", async () => {
    fake.define(fake.mediaDevices, "enumerateDevices", () => Promise.reject(new Error("Not now.")));
    await expect(listMicrophones()).rejects.toMatchObject({ code: "capture-failed" });
    fake.define(globalThis.navigator, "mediaDevices", undefined);
    await expect(listMicrophones()).rejects.toMatchObject({ code: "unsupported" });
    fake.define(globalThis, "isSecureContext", false);
    await expect(listMicrophones()).rejects.toMatchObject({ code: "insecure-context" });
  });
});

describe("watchMicrophones()", () => {
  const watch = () => {
    const lists: MicrophoneInfo[][] = [];
    watchMicrophones((microphones) => lists.push(microphones), { signal: ending.signal });
    return lists;
  };

  it("tells the list now, and each time that it is another", async () => {
    const lists = watch();
    await settle();
    fake.plug(BUILT_IN, HEADSET);
    await settle();
    fake.plug(BUILT_IN, HEADSET);
    await settle();
    fake.plug(HEADSET);
    await settle();
    expect(lists).toEqual([[isDefault(BUILT_IN)], [isDefault(BUILT_IN), isOther(HEADSET)], [isDefault(HEADSET)]]);
  });

  it("tells the labels once the permission is given", async () => {
    fake.setPermission("prompt");
    fake.devices = [{ deviceId: "", label: "" }];
    const lists = watch();
    await settle();
    fake.devices = [BUILT_IN];
    fake.setPermission("granted");
    await settle();
    expect(lists.map(([microphone]) => microphone?.label)).toEqual(["", "Built-in"]);
  });

  it("tells the labels once a stream has a microphone, in a browser that does not tell of the permission", async () => {
    fake.setPermission("prompt");
    fake.devices = [{ deviceId: "", label: "" }];
    const lists = watch();
    await settle();
    fake.devices = [BUILT_IN];
    const stream = createMicrophoneStream("wss://example.org/");
    void stream.warmUp({ signal: ending.signal }).catch(() => {});
    await settle();
    expect(lists.map(([microphone]) => microphone?.label)).toEqual(["", "Built-in"]);
    stream.abort();
    await stream.closed;
  });

  it("tells nothing any more once its signal is aborted, not even what was on its way", async () => {
    const lists = watch();
    ending.abort();
    fake.plug(HEADSET);
    await settle();
    expect(lists).toEqual([]);
    expect(watch()).toEqual([]);
  });

  it("ends by the function that it returns, and needs no options", async () => {
    const lists: MicrophoneInfo[][] = [];
    const stop = watchMicrophones((microphones) => lists.push(microphones));
    await settle();
    expect(lists).toHaveLength(1);
    stop();
    stop();
    fake.plug(HEADSET);
    await settle();
    expect(lists).toHaveLength(1);
  });

  it("passes over what the browser fails to tell", async () => {
    const enumerate = fake.mediaDevices as unknown as { enumerateDevices: () => Promise<unknown> };
    const { enumerateDevices } = enumerate;
    enumerate.enumerateDevices = () => Promise.reject(new Error("Not now."));
    const lists = watch();
    await settle();
    enumerate.enumerateDevices = enumerateDevices;
    fake.plug(HEADSET);
    await settle();
    expect(lists).toEqual([[isDefault(HEADSET)]]);
  });
});
