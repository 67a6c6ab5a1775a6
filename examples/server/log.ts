import { type Logger as PinoLogger, pino } from "pino";
import type { ServerConfig } from "./config.js";

/** Structured log lines, one JSON object each, on stderr. */
export type Log = PinoLogger;

/**
 * Writes synchronously, so that the last line before an exit is not lost. What clients present as proof is cut out
 * wherever a caller might log a whole message or request.
 */
export function createLog(config: Pick<ServerConfig, "logLevel">): Log {
  return pino(
    {
      level: config.logLevel,
      base: null,
      redact: {
        paths: ["token", "resume_token", "*.token", "*.resume_token", "*.*.token", "*.*.resume_token", "*.headers"],
        remove: true,
      },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
