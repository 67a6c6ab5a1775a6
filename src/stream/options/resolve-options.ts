import type { AudioFormat } from "../../capture/source.js";
import type { AnyAudioStreamError } from "../../errors.js";
import { OPUS_FRAME_DURATIONS_MS } from "../../frames/opus/opus-support.js";
import { checkBoolean, checkFunction, checkObject, checkSignal } from "../../internal/arguments.js";
import { type Random, randomId } from "../../internal/random.js";
import { OPUS_SAMPLE_RATES } from "../../protocol/opus-packet.js";
import type { HeartbeatTerms } from "../../session/connection/heartbeat.js";
import type { RetryOptions, SessionOptions } from "../../session/session-options.js";
import { version } from "../../version.js";
import type { Logger } from "../logger.js";
import { DEFAULTS } from "./defaults.js";
import type {
  AudioStreamOptions,
  HeartbeatOptions,
  ReconnectOptions,
  ReconnectPolicy,
  ReplayOptions,
} from "./options.js";

export interface ResolvedOptions {
  readonly format: AudioFormat;
  readonly frameDurationMs: number;
  readonly preRollMs: number;
  readonly levelIntervalMs: number;
  readonly session: SessionOptions;
}

const ENCODINGS = ["pcm_s16le", "pcm_f32le", "mulaw", "opus"] as const;

/** Fills in the defaults. @throws TypeError or RangeError naming the option, what it may be and what it is. */
export function resolveOptions(options: AudioStreamOptions, random: Random): ResolvedOptions {
  checkObject("options", options);
  const sampleRate = inRange("sampleRate", options.sampleRate ?? DEFAULTS.sampleRate, 8_000, 48_000);
  if (!Number.isInteger(sampleRate)) throw new RangeError(`sampleRate must be a whole number, and is ${sampleRate}.`);
  const encoding = oneOf("encoding", options.encoding ?? DEFAULTS.encoding, ENCODINGS);
  const frameDurationMs = inRange("frameDurationMs", options.frameDurationMs ?? DEFAULTS.frameDurationMs, 5, 200);
  if (encoding === "opus") checkOpus(sampleRate, frameDurationMs);
  const channelCount = inRange("channelCount", options.channelCount ?? DEFAULTS.channelCount, 1, 2);
  if (!Number.isInteger(channelCount)) throw new RangeError(`channelCount must be 1 or 2, and is ${channelCount}.`);
  if (options.getToken !== undefined) checkFunction("getToken", options.getToken);
  checkSignal("signal", options.signal);
  if (options.logger !== undefined) isLogger("logger", options.logger);
  checkBoolean("takeover", options.takeover);
  const reconnect = options.reconnect ?? DEFAULTS.reconnect;
  return {
    format: { encoding, sampleRate, channelCount },
    frameDurationMs,
    preRollMs: inRange("preRollMs", options.preRollMs ?? DEFAULTS.preRollMs, 0, 10_000),
    levelIntervalMs: inRange("levelIntervalMs", options.levelIntervalMs ?? DEFAULTS.levelIntervalMs, 0, 60_000),
    session: {
      sessionId: resolveSessionId(options.sessionId),
      clientId: randomId(),
      takeover: options.takeover ?? DEFAULTS.takeover,
      agent: `loquilex/${version}`,
      format: { encoding, sampleRate, channels: channelCount },
      replay: resolveReplay(options.replay ?? {}),
      retry: resolveRetry(reconnect),
      connectTimeoutMs: inRange(
        "reconnect.connectTimeoutMs",
        (typeof reconnect === "object" ? reconnect.connectTimeoutMs : undefined) ?? DEFAULTS.reconnect.connectTimeoutMs,
        100,
        300_000,
      ),
      heartbeat: resolveHeartbeat(options.heartbeat ?? {}),
      renewableToken: options.getToken !== undefined,
      random,
    },
  };
}

function checkOpus(sampleRate: number, frameDurationMs: number): void {
  if (!OPUS_SAMPLE_RATES.includes(sampleRate)) {
    throw new RangeError(`sampleRate must be one of ${OPUS_SAMPLE_RATES.join(", ")} for Opus, and is ${sampleRate}.`);
  }
  if (!OPUS_FRAME_DURATIONS_MS.includes(frameDurationMs)) {
    throw new RangeError(
      `frameDurationMs must be one of ${OPUS_FRAME_DURATIONS_MS.join(", ")} for Opus, and is ${frameDurationMs}.`,
    );
  }
}

function resolveSessionId(given: unknown): string {
  if (given === undefined) return randomId();
  if (typeof given !== "string" || !/^[A-Za-z0-9_-]{16,128}$/.test(given)) {
    throw new TypeError(
      "sessionId must be 16 to 128 letters, digits, hyphens or underscores. It gives access to the session, so make it unguessable.",
    );
  }
  return given;
}

function resolveReplay(given: ReplayOptions): SessionOptions["replay"] {
  checkObject("replay", given);
  const { maxDurationMs, maxBytes, whenFull } = { ...DEFAULTS.replay, ...defined(given) };
  return {
    maxDurationMs: inRange("replay.maxDurationMs", maxDurationMs, 1_000, 3_600_000),
    maxBytes: inRange("replay.maxBytes", maxBytes, 16_384, 1_073_741_824),
    whenFull: oneOf("replay.whenFull", whenFull, ["drop-oldest", "fail"]),
  };
}

function resolveRetry(given: AudioStreamOptions["reconnect"]): RetryOptions | undefined {
  if (given === false) return undefined;
  if (typeof given !== "function") checkObject("reconnect", given, " or a function, or false");
  const options: ReconnectOptions = typeof given === "object" ? given : {};
  const all = { ...DEFAULTS.reconnect, ...defined(options) };
  return {
    initialDelayMs: inRange("reconnect.initialDelayMs", all.initialDelayMs, 0, 3_600_000),
    maxDelayMs: inRange("reconnect.maxDelayMs", all.maxDelayMs, 0, 3_600_000),
    factor: inRange("reconnect.factor", all.factor, 1, 10),
    jitterRatio: inRange("reconnect.jitterRatio", all.jitterRatio, 0, 1),
    maxAttempts: inRange("reconnect.maxAttempts", all.maxAttempts, 0, Number.POSITIVE_INFINITY),
    maxElapsedMs: inRange("reconnect.maxElapsedMs", all.maxElapsedMs, 0, Number.POSITIVE_INFINITY),
    initial: oneOf("reconnect.initial", all.initial, ["retry", "fail-fast"]),
    policy: typeof given === "function" ? checkedPolicy(given) : undefined,
  };
}

/** @throws TypeError, where it is asked, when the policy answers neither a number nor `null`. */
function checkedPolicy(policy: ReconnectPolicy): RetryOptions["policy"] {
  return ({ error, ...context }) => {
    const delayMs = policy({ ...context, error: error as AnyAudioStreamError });
    if (delayMs === null || (typeof delayMs === "number" && !Number.isNaN(delayMs))) return delayMs;
    throw new TypeError(`The reconnect function must return milliseconds or null, and returned ${String(delayMs)}.`);
  };
}

function resolveHeartbeat(given: HeartbeatOptions | false): HeartbeatTerms | undefined {
  if (given === false) return undefined;
  checkObject("heartbeat", given, " or false");
  const { intervalMs, timeoutMs } = { ...DEFAULTS.heartbeat, ...defined(given) };
  return {
    intervalMs: inRange("heartbeat.intervalMs", intervalMs, 100, 3_600_000),
    timeoutMs: inRange("heartbeat.timeoutMs", timeoutMs, 100, 3_600_000),
  };
}

/** An option given as `undefined` counts as not given. */
function defined<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

/** @throws TypeError or RangeError in the words of the option's name. */
export function inRange(name: string, value: unknown, min: number, max: number): number {
  if (typeof value !== "number" || Number.isNaN(value)) {
    throw new TypeError(`${name} must be a number, and is ${String(value)}.`);
  }
  if (value < min || value > max) throw new RangeError(`${name} must be from ${min} to ${max}, and is ${value}.`);
  return value;
}

function oneOf<const T extends string>(name: string, value: string, allowed: readonly T[]): T {
  if (!allowed.includes(value as T)) {
    throw new TypeError(`${name} must be one of ${allowed.join(", ")}, and is "${value}".`);
  }
  return value as T;
}

function isLogger(name: string, value: unknown): void {
  checkObject(name, value, " with the functions debug and warn, such as console");
  const { debug, warn } = value as Partial<Logger>;
  if (typeof debug !== "function" || typeof warn !== "function") {
    throw new TypeError(`${name} must have the functions debug and warn, such as console has them.`);
  }
}
