import type { ServerConfig } from "../start/config.js";
import type { ServerTerms } from "./protocol-io.js";

/** Audio that a client may have sent and that is not yet kept. */
const WINDOW_MS = 10_000;
/** How many times faster than spoken a backlog may come. */
const PACE = 4;

/** What the settings grant every client. */
export const serverTerms = (config: ServerConfig): ServerTerms => ({
  heartbeatIntervalMs: config.heartbeatSec * 1_000,
  heartbeatTimeoutMs: config.heartbeatTimeoutSec * 1_000,
  resumeTtlMs: config.resumeTtlSec * 1_000,
  resumeMaxEvents: config.resumeMaxEvents,
  resumeMaxBytes: config.resumeMaxBytes,
  resumeMaxAgeMs: config.resumeMaxAgeSec * 1_000,
  maxInFlight: config.maxInFlight,
  maxMessageBytes: config.maxMessageBytes,
  windowMs: WINDOW_MS,
  pace: PACE,
  snapshotFinals: config.clientEventBuffer,
});
