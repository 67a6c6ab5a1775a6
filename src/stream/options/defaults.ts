import { MICROPHONE_DEFAULTS } from "../../capture/microphone/microphone-options.js";

/** What every option is when it is not given. */
export const DEFAULTS = Object.freeze({
  frameDurationMs: 20,
  sampleRate: 16_000,
  encoding: "pcm_s16le",
  channelCount: 1,
  preRollMs: 0,
  levelIntervalMs: 100,
  takeover: false,
  host: "auto",
  replay: Object.freeze({ maxDurationMs: 30_000, maxBytes: 4_194_304, whenFull: "drop-oldest", journal: "memory" }),
  reconnect: Object.freeze({
    initialDelayMs: 250,
    maxDelayMs: 10_000,
    factor: 2,
    jitterRatio: 1,
    maxAttempts: Number.POSITIVE_INFINITY,
    maxElapsedMs: 60_000,
    connectTimeoutMs: 10_000,
    initial: "retry",
  }),
  heartbeat: Object.freeze({ intervalMs: 10_000, timeoutMs: 2_500 }),
  microphone: MICROPHONE_DEFAULTS,
  pause: Object.freeze({ releaseDevice: false }),
  close: Object.freeze({ timeoutMs: 5_000 }),
} as const);
