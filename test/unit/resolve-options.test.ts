import { describe, expect, it, vi } from "vitest";
import { microphone } from "../../src/capture/microphone/microphone.js";
import { AudioStreamError } from "../../src/errors.js";
import { opus } from "../../src/frames/opus/opus.js";
import { AudioStream } from "../../src/stream/audio-stream.js";
import { DEFAULTS } from "../../src/stream/options/defaults.js";
import type { AudioStreamOptions } from "../../src/stream/options/options.js";
import { resolveOptions } from "../../src/stream/options/resolve-options.js";
import { webSocket } from "../../src/transport/websocket.js";

const random = () => 0.5;
const resolve = (options: unknown = {}) => resolveOptions(options as AudioStreamOptions, random);

describe("options that are not given", () => {
  it("are the defaults", () => {
    const { format, frameDurationMs, session } = resolve();
    expect(format).toEqual({ encoding: "pcm_s16le", sampleRate: 16_000, channelCount: 1 });
    expect(frameDurationMs).toBe(20);
    const { connectTimeoutMs, ...retry } = DEFAULTS.reconnect;
    const { journal, ...replay } = DEFAULTS.replay;
    expect(journal).toBe("memory");
    expect(resolve().journal).toBeUndefined();
    expect(session).toMatchObject({
      format: { encoding: "pcm_s16le", sampleRate: 16_000, channels: 1 },
      takeover: false,
      replay,
      retry: { ...retry, policy: undefined },
      connectTimeoutMs,
      heartbeat: DEFAULTS.heartbeat,
      renewableToken: false,
      random,
    });
  });

  it("count as not given when they are undefined, at every depth", () => {
    const undefinedAll = {
      frameDurationMs: undefined,
      sampleRate: undefined,
      encoding: undefined,
      takeover: undefined,
      getToken: undefined,
      replay: { maxDurationMs: undefined, maxBytes: undefined, whenFull: undefined },
      reconnect: { initialDelayMs: undefined, factor: undefined, connectTimeoutMs: undefined },
      heartbeat: { intervalMs: undefined, timeoutMs: undefined },
    };
    const { session, ...rest } = resolve(undefinedAll);
    const { session: expected, ...expectedRest } = resolve();
    const ids = { sessionId: "", clientId: "" };
    expect(rest).toEqual(expectedRest);
    expect({ ...session, ...ids }).toEqual({ ...expected, ...ids });
  });

  it("give each stream ids that nobody can guess", () => {
    const [a, b] = [resolve().session, resolve().session];
    const ids = [a.sessionId, a.clientId, b.sessionId, b.clientId];
    expect(new Set(ids).size).toBe(4);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe("options that are given", () => {
  it("name Opus on the wire if what opus() returns is given", () => {
    const encoding = opus();
    const { format, session, encoder } = resolve({ encoding });
    expect([format.encoding, session.format.encoding]).toEqual(["opus", "opus"]);
    expect(encoder).toBe(encoding);
    expect(resolve().encoder).toBeUndefined();
  });

  it("replace the defaults one by one", () => {
    const { format, frameDurationMs, session } = resolve({
      sampleRate: 24_000,
      frameDurationMs: 60,
      sessionId: "room_17-abcdefghijkl",
      takeover: true,
      replay: { maxDurationMs: 5_000 },
      reconnect: { factor: 3, connectTimeoutMs: 2_000 },
      heartbeat: { intervalMs: 1_000 },
      getToken: () => "token",
    });
    expect(format.sampleRate).toBe(24_000);
    expect(frameDurationMs).toBe(60);
    expect(session).toMatchObject({
      sessionId: "room_17-abcdefghijkl",
      takeover: true,
      format: { sampleRate: 24_000 },
      replay: { maxBytes: DEFAULTS.replay.maxBytes, whenFull: DEFAULTS.replay.whenFull, maxDurationMs: 5_000 },
      retry: { factor: 3, initialDelayMs: 250 },
      connectTimeoutMs: 2_000,
      heartbeat: { intervalMs: 1_000, timeoutMs: DEFAULTS.heartbeat.timeoutMs },
      renewableToken: true,
    });
  });

  it("switch reconnecting and heartbeats off with false", () => {
    const { session } = resolve({ reconnect: false, heartbeat: false });
    expect(session.retry).toBeUndefined();
    expect(session.heartbeat).toBeUndefined();
    expect(session.connectTimeoutMs).toBe(DEFAULTS.reconnect.connectTimeoutMs);
  });

  it("may replace the delays by a function of the application", () => {
    const error = new AudioStreamError("connect-failed", "No.", { details: undefined });
    const policy = vi.fn(() => 77);
    const { retry } = resolve({ reconnect: policy }).session;
    expect(retry?.policy?.({ attempt: 2, elapsedMs: 9, error, retryAfterMs: 400 })).toBe(77);
    expect(policy).toHaveBeenCalledExactlyOnceWith({ attempt: 2, elapsedMs: 9, error, retryAfterMs: 400 });
    expect(retry?.maxElapsedMs).toBe(60_000);
    expect(
      resolve({ reconnect: () => null }).session.retry?.policy?.({
        attempt: 1,
        elapsedMs: 0,
        error,
        retryAfterMs: undefined,
      }),
    ).toBeNull();
  });

  it.each([undefined, Number.NaN, "1000", {}, true])("do not let that function answer %o", (answer) => {
    const error = new AudioStreamError("connect-failed", "No.", { details: undefined });
    const { retry } = resolve({ reconnect: () => answer }).session;
    expect(() => retry?.policy?.({ attempt: 1, elapsedMs: 0, error, retryAfterMs: undefined })).toThrow(
      /^The reconnect function must return milliseconds or null, and returned/,
    );
  });
});

describe("options that cannot be", () => {
  const ranges: readonly (readonly [string, number, number])[] = [
    ["frameDurationMs", 5, 200],
    ["sampleRate", 8_000, 48_000],
    ["replay.maxDurationMs", 1_000, 3_600_000],
    ["replay.maxBytes", 16_384, 1_073_741_824],
    ["reconnect.initialDelayMs", 0, 3_600_000],
    ["reconnect.maxDelayMs", 0, 3_600_000],
    ["reconnect.factor", 1, 10],
    ["reconnect.jitterRatio", 0, 1],
    ["reconnect.maxAttempts", 0, Number.POSITIVE_INFINITY],
    ["reconnect.maxElapsedMs", 0, Number.POSITIVE_INFINITY],
    ["reconnect.connectTimeoutMs", 100, 300_000],
    ["heartbeat.intervalMs", 100, 3_600_000],
    ["heartbeat.timeoutMs", 100, 3_600_000],
  ];

  const optionsWith = (name: string, value: unknown): object => {
    const [group = "", key] = name.split(".");
    return key === undefined ? { [group]: value } : { [group]: { [key]: value } };
  };

  it.each(ranges)(
    "%s may be from %d to %d, and beyond is a RangeError with name, range and value",
    (name, min, max) => {
      expect(() => resolve(optionsWith(name, min))).not.toThrow();
      expect(() => resolve(optionsWith(name, max))).not.toThrow();
      const beyond = [min - 1, ...(max === Number.POSITIVE_INFINITY ? [] : [max + 1, Number.POSITIVE_INFINITY])];
      for (const value of beyond) {
        expect(() => resolve(optionsWith(name, value))).toThrow(
          new RangeError(`${name} must be from ${min} to ${max}, and is ${value}.`),
        );
      }
    },
  );

  it.each(ranges)("%s of another kind is a TypeError with name and value", (name) => {
    for (const value of ["20", Number.NaN, {}, true, [1]]) {
      expect(() => resolve(optionsWith(name, value))).toThrow(
        new TypeError(`${name} must be a number, and is ${String(value)}.`),
      );
    }
  });

  it.each<readonly [object, string]>([
    [{ sampleRate: 16_000.5 }, "sampleRate must be a whole number, and is 16000.5."],
    [{ encoding: "mp3" }, 'encoding must be one of pcm_s16le, pcm_f32le, mulaw, or what opus() returns, and is "mp3".'],
    [
      { encoding: "opus" },
      'encoding must be what opus() returns, and is "opus". Import opus from "loquilex", call it, and give what it returns.',
    ],
    [{ encoding: {} }, "encoding must be one of pcm_s16le, pcm_f32le, mulaw, or what opus() returns"],
    [{ encoding: opus }, "encoding must be one of pcm_s16le, pcm_f32le, mulaw, or what opus() returns"],
    [
      { encoding: opus(), sampleRate: 22_050 },
      "sampleRate must be one of 8000, 12000, 16000, 24000, 48000 for Opus, and is 22050.",
    ],
    [{ encoding: opus(), frameDurationMs: 30 }, "frameDurationMs must be one of 10, 20, 40, 60 for Opus, and is 30."],
    [{ channelCount: 1.5 }, "channelCount must be 1 or 2, and is 1.5."],
    [{ preRollMs: 10_001 }, "preRollMs must be from 0 to 10000, and is 10001."],
    [{ levelIntervalMs: -1 }, "levelIntervalMs must be from 0 to 60000, and is -1."],
    [{ replay: { whenFull: "explode" } }, 'replay.whenFull must be one of drop-oldest, fail, and is "explode".'],
    [{ getToken: "token" }, "getToken must be a function, and is string."],
    [{ takeover: "yes" }, "takeover must be true or false, and is yes."],
    [{ replay: 30_000 }, "replay must be an object, and is 30000."],
    [{ reconnect: true }, "reconnect must be an object or a function, or false, and is true."],
    [{ reconnect: "never" }, "reconnect must be an object or a function, or false, and is never."],
    [{ heartbeat: 10_000 }, "heartbeat must be an object or false, and is 10000."],
    [{ sessionId: "short" }, "sessionId must be 16 to 128 letters, digits, hyphens or underscores."],
    [{ sessionId: "x".repeat(129) }, "sessionId must be 16 to 128"],
    [{ sessionId: "with a space in its middle" }, "sessionId must be 16 to 128"],
    [{ sessionId: 1234567890123456 }, "sessionId must be 16 to 128"],
  ])("%j says what it must be", (options, message) => {
    expect(() => resolve(options)).toThrow(message);
  });

  // Each of these began with the browser's default microphone, or asked for it and then failed for a minute.
  it("of a kind that has no options at all are told from none", () => {
    expect(() => resolve("token" as never)).toThrow("options must be an object, and is token.");
    expect(() => microphone("headset" as never)).toThrow("microphone must be an object of options");
  });

  it("name the part of a stream that is none", () => {
    const parts = { source: microphone(), transport: webSocket("wss://example.org") };
    expect(() => new AudioStream(parts)).not.toThrow();
    expect(() => new AudioStream({ ...parts, source: microphone } as never)).toThrow(
      "source must have the function open()",
    );
    expect(() => new AudioStream({ ...parts, transport: "wss://example.org" } as never)).toThrow(
      "transport must have the function connect()",
    );
    expect(() => new AudioStream(undefined as never)).toThrow("source must have the function open()");
  });

  it("never show a session id in the message, since it is a secret", () => {
    expect(() => resolve({ sessionId: "my secret id, mistyped" })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining("mistyped") }),
    );
  });
});
