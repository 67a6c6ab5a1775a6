import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkSupport, queryMicrophonePermission } from "../../src/support.js";
import { type FakeAudio, installFakeAudio } from "../support/fake-audio.js";

let fake: FakeAudio;

beforeEach(() => {
  fake = installFakeAudio();
});

afterEach(() => {
  fake.uninstall();
});

describe("checkSupport()", () => {
  it("finds nothing missing in a whole browser, and prompts for nothing", () => {
    expect(checkSupport()).toEqual({ supported: true, missing: [] });
    expect(fake.prompts).toEqual([]);
    expect(fake.contexts).toEqual([]);
  });

  it.each([
    { name: "isSecureContext", value: false, missing: "secure-context" },
    { name: "AudioContext", value: undefined, missing: "audio-worklet" },
    { name: "AudioWorkletNode", value: undefined, missing: "audio-worklet" },
    { name: "WebSocket", value: undefined, missing: "web-socket" },
    { name: "navigator", value: undefined, missing: "media-devices" },
    { name: "navigator", value: {}, missing: "media-devices" },
    { name: "navigator", value: { mediaDevices: {} }, missing: "media-devices" },
  ])("names $missing where $name is $value", ({ name, value, missing }) => {
    fake.define(globalThis, name, value);
    expect(checkSupport()).toEqual({ supported: false, missing: [missing] });
  });
});

describe("queryMicrophonePermission()", () => {
  it.each(["granted", "denied", "prompt"])("says %s where the browser does", async (state) => {
    fake.define(globalThis, "navigator", {
      permissions: { query: async ({ name }: { name: string }) => ({ state: name === "microphone" ? state : "?" }) },
    });
    expect(await queryMicrophonePermission()).toBe(state);
  });

  it.each([
    { name: "no navigator", navigator: undefined },
    { name: "no permissions", navigator: {} },
    {
      name: "no such permission",
      navigator: { permissions: { query: () => Promise.reject(new TypeError("microphone is not a permission")) } },
    },
  ])("says unknown with $name", async ({ navigator }) => {
    fake.define(globalThis, "navigator", navigator);
    expect(await queryMicrophonePermission()).toBe("unknown");
  });

  it("says unknown after a second if the browser never answers", async () => {
    vi.useFakeTimers();
    fake.permissionUnanswered = true;
    const answer = queryMicrophonePermission();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await answer).toBe("unknown");
    vi.useRealTimers();
  });
});
