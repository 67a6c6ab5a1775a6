import { describe, expect, it } from "vitest";
import {
  captureFailed,
  deviceFallback,
  deviceLost,
  deviceTimeout,
  getUserMediaError,
  givenTrackEnded,
  insecureContext,
  isDeviceGone,
  listTimeout,
  mutedForLong,
  noMediaDevices,
  onlyMonitors,
  permissionWithdrawn,
  refusedThoughAllowed,
  unsupported,
  workletLoadFailed,
} from "../../src/capture/media-errors.js";
import { overconstrained } from "../support/fake-audio.js";

const named = (name: string) => Object.assign(new Error("x"), { name });

describe("a failed getUserMedia", () => {
  it.each([
    ["NotAllowedError", "permission-denied", false],
    ["SecurityError", "permission-denied", false],
    ["NotFoundError", "device-not-found", false],
    ["OverconstrainedError", "device-not-found", false],
    ["NotReadableError", "device-in-use", true],
    ["AbortError", "device-in-use", true],
    ["SomethingNewError", "capture-failed", false],
  ])("with %s becomes %s (retryable: %s)", (name, code, retryable) => {
    const cause = named(name);
    expect(getUserMediaError(cause)).toMatchObject({ code, retryable, cause });
  });

  it.each([undefined, null, 7, "text", {}])("with %j becomes capture-failed", (cause) => {
    expect(getUserMediaError(cause).code).toBe("capture-failed");
  });

  // w3c/mediacapture-main#746, field report 52: engines leave the constraint's name empty before the permission.
  it("is about the device that was asked for if it is not there, whatever constraint the browser names", () => {
    expect(isDeviceGone(overconstrained("deviceId"))).toBe(true);
    expect(isDeviceGone(overconstrained(""))).toBe(true);
    expect(isDeviceGone(named("NotFoundError"))).toBe(true);
    expect(isDeviceGone(named("NotReadableError"))).toBe(false);
    expect(isDeviceGone(undefined)).toBe(false);
  });
});

describe("every message", () => {
  const messages = [
    insecureContext(),
    unsupported("audio-worklet", "This browser has no AudioWorklet. Use another."),
    getUserMediaError(named("NotAllowedError")),
    getUserMediaError(named("NotFoundError")),
    getUserMediaError(named("NotReadableError")),
    deviceFallback("a", "Built-in"),
    deviceFallback("a", ""),
    deviceLost(30_000),
    deviceTimeout(10_000),
    listTimeout(2_000),
    mutedForLong(10_000),
    onlyMonitors(),
    refusedThoughAllowed(named("NotAllowedError")),
    givenTrackEnded(),
    permissionWithdrawn(),
    noMediaDevices(),
    workletLoadFailed(
      { url: "blob:x", file: "capture.worklet.js", isBlob: true },
      "The browser refused it: No.",
      undefined,
    ),
    workletLoadFailed(
      { url: "/a.js", file: "capture.worklet.js", isBlob: false },
      "The server answers 404 there.",
      undefined,
    ),
    captureFailed("The audio thread failed. Start again."),
  ].map(({ message }) => [message]);
  it.each(messages)("is made of whole sentences: %s", (message) => {
    expect(message).toMatch(/^[A-Z].*\.$/s);
    expect(message).not.toMatch(/undefined|\[object/);
  });
});

// elevenlabs/packages#193: the error names the way out; field report 66: and what was seen, not what may be.
it("a worklet that does not load names what was seen and the option", () => {
  const inlined = workletLoadFailed(
    { url: "blob:x", file: "capture.worklet.js", isBlob: true },
    "The browser refused it: No.",
    undefined,
  );
  expect(inlined.message).toContain("The browser refused it: No.");
  expect(inlined.message).not.toMatch(/Content Security Policy/);
  expect(inlined.message).toMatch(/workletUrl/);
  const served = workletLoadFailed(
    { url: "https://a.test/w.js", file: "gated-capture.worklet.js", isBlob: false },
    "The server answers 404 there.",
    undefined,
  );
  expect(served.message).toContain("https://a.test/w.js");
  expect(served.message).toContain("the package's gated-capture.worklet.js");
  expect(served.details).toEqual({ url: "https://a.test/w.js" });
});
