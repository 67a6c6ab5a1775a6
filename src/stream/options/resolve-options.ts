import type { ImportedGate, StreamGate } from "../../capture/gate.js";
import type { AudioFormat } from "../../capture/source.js";
import type { AnyAudioStreamError } from "../../errors.js";
import type { ImportedEncoding } from "../../frames/imported-encoding.js";
import type { ImportedJournal } from "../../host/imported-journal.js";
import type { ImportedPlayback } from "../../host/imported-playback.js";
import type { ImportedRecording } from "../../host/imported-recording.js";
import { HOSTS, type HostChoice } from "../../host/open-host.js";
import {
  checkBoolean,
  checkChannelCount,
  checkEach,
  checkFunction,
  checkObject,
  checkSignal,
  checkUrl,
  isObject,
  numberFrom,
  oneOf,
  optional,
  wholeNumberFrom,
} from "../../internal/arguments.js";
import { type Random, randomId } from "../../internal/random.js";
import type { AudioEncoding } from "../../protocol/messages.js";
import type { HeartbeatTerms } from "../../session/connection/heartbeat.js";
import type { RetryOptions, SessionOptions } from "../../session/session-options.js";
import { version } from "../../version.js";
import type { Logger } from "../logger.js";
import { DEFAULTS } from "./defaults.js";
import type { AudioStreamOptions, HeartbeatOptions, ReconnectPolicy, ReplayOptions } from "./options.js";

export interface ResolvedOptions {
  readonly format: AudioFormat;
  readonly frameDurationMs: number;
  readonly preRollMs: number;
  readonly levelIntervalMs: number;
  readonly session: SessionOptions;
  readonly host: HostChoice;
  readonly workerUrl: string | undefined;
  /** If the encoding is not made on the audio thread. */
  readonly encoder: ImportedEncoding | undefined;
  readonly playback: ImportedPlayback | undefined;
  readonly recording: ImportedRecording | undefined;
  /** If what is not delivered is kept on the disk. */
  readonly journal: ImportedJournal | undefined;
  readonly gate: StreamGate | undefined;
}

const HOUR_MS = 3_600_000;

/** Fills in the defaults. @throws TypeError or RangeError naming the option, what it may be and what it is. */
export function resolveOptions(options: AudioStreamOptions, random: Random): ResolvedOptions {
  checkObject("options", options);
  const checked = checkEach("", options, DEFAULTS, {
    sampleRate: wholeNumberFrom(8_000, 48_000),
    encoding: checkEncoding,
    frameDurationMs: numberFrom(5, 200),
    channelCount: checkChannelCount,
    preRollMs: numberFrom(0, 10_000),
    levelIntervalMs: numberFrom(0, 60_000),
    takeover: checkBoolean,
    host: oneOf(HOSTS),
    workerUrl: optional(checkUrl),
    sessionId: optional(checkSessionId),
    getToken: optional(checkFunction),
    signal: optional(checkSignal),
    logger: optional(checkLogger),
    playback: optional(madeBy<ImportedPlayback>("attach", "playback")),
    recording: optional(madeBy<ImportedRecording>("record", "recording")),
    gate: optional(madeBy<ImportedGate>("begin", "voiceGate", "gate")),
  });
  const { sampleRate, channelCount, frameDurationMs } = checked;
  const encoder = typeof checked.encoding === "string" ? undefined : checked.encoding;
  encoder?.check(sampleRate, frameDurationMs);
  const encoding = typeof checked.encoding === "string" ? checked.encoding : checked.encoding.name;
  const { journal, ...replay } = resolveReplay(options.replay);
  const { connectTimeoutMs, ...retry } = resolveReconnect(options.reconnect);
  return {
    format: { encoding, sampleRate, channelCount },
    frameDurationMs,
    preRollMs: checked.preRollMs,
    levelIntervalMs: checked.levelIntervalMs,
    host: checked.host,
    workerUrl: options.workerUrl === undefined ? undefined : String(options.workerUrl),
    encoder,
    playback: checked.playback,
    recording: checked.recording,
    journal,
    gate: checked.gate?.begin(),
    session: {
      sessionId: checked.sessionId ?? randomId(),
      clientId: randomId(),
      takeover: checked.takeover,
      agent: `loquilex/${version}`,
      format: { encoding, sampleRate, channels: channelCount },
      replay,
      retry: options.reconnect === false ? undefined : retry,
      connectTimeoutMs,
      heartbeat: options.heartbeat === false ? undefined : resolveHeartbeat(options.heartbeat),
      renewableToken: options.getToken !== undefined,
      random,
    },
  };
}

function checkEncoding(name: string, given: unknown): Exclude<AudioEncoding, "opus"> | ImportedEncoding {
  if (isObject(given) && "name" in given && "check" in given && "open" in given) return given as ImportedEncoding;
  if (given === "opus") {
    throw new TypeError(
      `${name} must be what opus() returns, and is "opus". Import opus from "loquilex", call it, and give what it returns.`,
    );
  }
  return oneOf(["pcm_s16le", "pcm_f32le", "mulaw"], ", or what opus() returns")(name, given);
}

/** @param key what the value has that the entry's function makes. */
const madeBy =
  <Made>(key: string, maker: string, entry = maker) =>
  (name: string, given: unknown): Made => {
    if (isObject(given) && key in given) return given as Made;
    throw new TypeError(`${name} must be what ${maker}() of "loquilex/${entry}" returns.`);
  };

function checkSessionId(name: string, given: unknown): string {
  if (typeof given !== "string" || !/^[A-Za-z0-9_-]{16,128}$/.test(given)) {
    throw new TypeError(
      `${name} must be 16 to 128 letters, digits, hyphens or underscores. It gives access to the session, so make it unguessable.`,
    );
  }
  return given;
}

function resolveReplay(given: ReplayOptions = {}) {
  checkObject("replay", given);
  return checkEach("replay.", given, DEFAULTS.replay, {
    maxDurationMs: numberFrom(1_000, HOUR_MS),
    maxBytes: numberFrom(16_384, 1_073_741_824),
    whenFull: oneOf(["drop-oldest", "fail"]),
    journal: checkJournal,
  });
}

function checkJournal(name: string, given: unknown): ImportedJournal | undefined {
  if (isObject(given) && "name" in given && "open" in given) return given as ImportedJournal;
  if (given === "memory") return undefined;
  throw new TypeError(`${name} must be "memory", or what persistentJournal() of loquilex/journal returns.`);
}

function resolveReconnect(given: AudioStreamOptions["reconnect"] = {}) {
  const isPolicy = typeof given === "function";
  if (!isPolicy && given !== false) checkObject("reconnect", given, " or a function, or false");
  const resolved = checkEach("reconnect.", isPolicy ? {} : given || {}, DEFAULTS.reconnect, {
    initialDelayMs: numberFrom(0, HOUR_MS),
    maxDelayMs: numberFrom(0, HOUR_MS),
    factor: numberFrom(1, 10),
    jitterRatio: numberFrom(0, 1),
    maxAttempts: numberFrom(0, Number.POSITIVE_INFINITY),
    maxElapsedMs: numberFrom(0, Number.POSITIVE_INFINITY),
    connectTimeoutMs: numberFrom(100, 300_000),
    initial: oneOf(["retry", "fail-fast"]),
  });
  return { ...resolved, policy: isPolicy ? checkedPolicy(given) : undefined };
}

/** @throws TypeError, where it is asked, when the policy answers neither a number nor `null`. */
function checkedPolicy(policy: ReconnectPolicy): RetryOptions["policy"] {
  return ({ error, ...context }) => {
    const delayMs = policy({ ...context, error: error as AnyAudioStreamError });
    if (delayMs === null || (typeof delayMs === "number" && !Number.isNaN(delayMs))) return delayMs;
    throw new TypeError(`The reconnect function must return milliseconds or null, and returned ${String(delayMs)}.`);
  };
}

function resolveHeartbeat(given: HeartbeatOptions = {}): HeartbeatTerms {
  checkObject("heartbeat", given, " or false");
  return checkEach("heartbeat.", given, DEFAULTS.heartbeat, {
    intervalMs: numberFrom(100, HOUR_MS),
    timeoutMs: numberFrom(100, HOUR_MS),
  });
}

function checkLogger(name: string, value: unknown): void {
  checkObject(name, value, " with the functions debug and warn, such as console");
  const { debug, warn } = value as Partial<Logger>;
  if (typeof debug !== "function" || typeof warn !== "function") {
    throw new TypeError(`${name} must have the functions debug and warn, such as console has them.`);
  }
}
