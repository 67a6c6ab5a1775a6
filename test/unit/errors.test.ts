import { describe, expect, it } from "vitest";
import {
  AudioStreamError,
  type AudioStreamErrorCode,
  type AudioStreamErrorDetails,
  isAudioStreamError,
} from "../../src/errors.js";

const DETAILS: AudioStreamErrorDetails = {
  unsupported: { feature: "AudioWorklet" },
  "insecure-context": undefined,
  "permission-denied": undefined,
  "device-not-found": undefined,
  "device-in-use": undefined,
  "device-lost": undefined,
  "device-timeout": { timeoutMs: 1 },
  "device-fallback": { deviceId: "a", label: "Built-in" },
  "worklet-load-failed": { url: "/worklet.js" },
  "capture-failed": undefined,
  "capture-interrupted": { reason: "device-muted" },
  "device-silent": { silentMs: 1 },
  "signal-clipped": { clippedMs: 1 },
  "encoder-failed": undefined,
  "playback-failed": undefined,
  "connect-failed": undefined,
  "local-network-denied": undefined,
  "connect-impossible": undefined,
  "connect-timeout": { timeoutMs: 1 },
  "connection-lost": { closeCode: 1006, closeReason: "" },
  "heartbeat-timeout": { timeoutMs: 1 },
  unauthorized: undefined,
  "rejected-by-server": { closeCode: 4403, closeReason: "no" },
  "session-in-use": undefined,
  "session-lock-timeout": undefined,
  "session-superseded": undefined,
  "audio-refused": undefined,
  "protocol-violation": undefined,
  "protocol-mismatch": undefined,
  "retries-exhausted": { attempts: 1 },
  "messages-missing": { ranges: [{ fromSeq: 1, toSeq: 2 }] },
  "audio-dropping": { from: 0, to: 1, durationMs: 1 },
  "message-too-large": { messageBytes: 2, maxMessageBytes: 1 },
  "buffer-overflow": { droppedFrames: 1 },
  "close-timeout": { unacknowledgedFrames: 1 },
  "worker-failed": undefined,
  "code-load-failed": undefined,
  "journal-unavailable": { reason: "no-storage" },
  "recording-incomplete": { reason: "full" },
  "internal-error": undefined,
  "invalid-state": { state: "closed" },
};
const CODES = Object.keys(DETAILS) as AudioStreamErrorCode[];

/** Where trying again can help though neither the user nor the developer changes anything. */
const RETRYABLE: readonly AudioStreamErrorCode[] = [
  "device-in-use",
  "device-lost",
  "device-timeout",
  "capture-interrupted",
  "connect-failed",
  "local-network-denied",
  "connect-timeout",
  "connection-lost",
  "heartbeat-timeout",
  "protocol-violation",
  "retries-exhausted",
  "close-timeout",
];

describe("the SDK's error", () => {
  it.each(CODES)("%s carries its code, its details, its cause and whether a retry can help", (code) => {
    const cause = new Error("why");
    const error = new AudioStreamError(code, "What happened.", { details: DETAILS[code], cause });
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe("AudioStreamError");
    expect(error.message).toBe("What happened.");
    expect(error.code).toBe(code);
    expect(error.details).toBe(DETAILS[code]);
    expect(error.cause).toBe(cause);
    expect(error.retryable).toBe(RETRYABLE.includes(code));
    expect(String(error)).toBe("AudioStreamError: What happened.");
  });

  it("is known by its shape, so that copies of the package and other realms do not matter", () => {
    const error = new AudioStreamError("device-lost", "Gone.", { details: undefined });
    const foreign = Object.assign(new Error("Gone."), { name: "AudioStreamError", code: "device-lost" });
    for (const value of [error, foreign]) {
      expect(isAudioStreamError(value)).toBe(true);
      expect(value).toBeInstanceOf(AudioStreamError);
      expect(isAudioStreamError(value, "device-lost")).toBe(true);
      expect(isAudioStreamError(value, "device-in-use")).toBe(false);
    }
  });

  it.each([
    undefined,
    null,
    "device-lost",
    {},
    { name: "AudioStreamError", code: "device-lost" },
    new Error("device-lost"),
    Object.assign(new Error("x"), { code: "device-lost" }),
    Object.assign(new Error("x"), { name: "AudioStreamError" }),
  ])("is not taken for %o", (value) => {
    expect(isAudioStreamError(value)).toBe(false);
    expect(value).not.toBeInstanceOf(AudioStreamError);
    expect(isAudioStreamError(value, "device-lost")).toBe(false);
  });
});
