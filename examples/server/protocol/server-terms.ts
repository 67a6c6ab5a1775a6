import type { ServerConfig } from "../start/config.js";

/** What the server grants every client. */
export interface ServerTerms {
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTimeoutMs: number;
  /** How long a session waits for its client, counted from the disconnect. */
  readonly resumeTtlMs: number;
  /** How long a session may be without audio. @defaultValue no limit */
  readonly idleMs?: number | undefined;
  /** How long a session may last before another one goes on for it. @defaultValue no limit */
  readonly sessionMs?: number | undefined;
  /** Numbered messages kept until the client has acknowledged them. */
  readonly resumeMaxEvents: number;
  /** Bytes of their data. @defaultValue no limit */
  readonly resumeMaxBytes?: number | undefined;
  /** How long each is kept at most, in milliseconds. @defaultValue no limit */
  readonly resumeMaxAgeMs?: number | undefined;
  /** Numbered messages sent ahead of the client's acknowledgement. */
  readonly maxInFlight: number;
  readonly maxMessageBytes: number;
  /** Audio, in milliseconds, that may be received and not yet kept. */
  readonly windowMs: number;
  /** How many times faster than spoken a client may send its backlog. */
  readonly pace: number;
  /** Finals that a snapshot repeats. */
  readonly snapshotFinals: number;
  /** What clients are told at each heartbeat's interval of how the server is. @defaultValue nothing is sent */
  readonly systemHeartbeat?: (() => object) | undefined;
}

/** Audio that a client may have sent and that is not yet kept. */
const WINDOW_MS = 10_000;
/** How many times faster than spoken a backlog may come. */
const PACE = 4;

/** How much a session keeps of what it has said. */
export const outboxLimits = (terms: ServerTerms) => ({
  maxEvents: terms.resumeMaxEvents,
  maxBytes: terms.resumeMaxBytes,
  maxAgeMs: terms.resumeMaxAgeMs,
  window: terms.maxInFlight,
});

/** What the settings grant every client. */
export const serverTerms = (config: ServerConfig): ServerTerms => ({
  heartbeatIntervalMs: config.heartbeatSec * 1_000,
  heartbeatTimeoutMs: config.heartbeatTimeoutSec * 1_000,
  resumeTtlMs: config.resumeTtlSec * 1_000,
  idleMs: config.maxIdleSec === 0 ? undefined : config.maxIdleSec * 1_000,
  sessionMs: config.maxSessionSec === 0 ? undefined : config.maxSessionSec * 1_000,
  resumeMaxEvents: config.resumeMaxEvents,
  resumeMaxBytes: config.resumeMaxBytes,
  resumeMaxAgeMs: config.resumeMaxAgeSec * 1_000,
  maxInFlight: config.maxInFlight,
  maxMessageBytes: config.maxMessageBytes,
  windowMs: WINDOW_MS,
  pace: PACE,
  snapshotFinals: config.clientEventBuffer,
});
