import { Writable } from "node:stream";
import type { Clock } from "loquilex/resources";
import { type Logger as PinoLogger, pino } from "pino";
import type { ServerConfig } from "../start/config.js";
import { OutputPipe } from "./output-pipe.js";
import { redaction } from "./redaction.js";

/** Structured log lines, one JSON object each, on stderr. */
export type Log = PinoLogger;

/** Where log lines go. */
export interface LogTarget {
  write(line: string): void;
}

const WARN = 40;

/** Standard error, in which nobody's wait for the reader can stop the server. */
export const openLogPipe = (clock: Clock): OutputPipe =>
  new OutputPipe({
    fd: 2,
    clock,
    notice: (dropped) => {
      const msg = `${dropped} ${dropped === 1 ? "line was" : "lines were"} dropped, because nobody read the log in time.`;
      return `${JSON.stringify({ level: WARN, time: Date.now(), dropped, msg })}\n`;
    },
  });

/**
 * What clients present as proof is left out wherever a caller might log a whole message or request, and cut out of lines
 * that have it all the same.
 * @param target where the lines go. @defaultValue standard error, which may wait for its reader
 */
export function createLog(
  config: Pick<ServerConfig, "logLevel"> & Partial<Pick<ServerConfig, "token" | "jwtSecret" | "engineKey">>,
  target: LogTarget = process.stderr,
): Log {
  const redact = redaction([config.token, config.jwtSecret, config.engineKey]);
  return pino(
    {
      level: config.logLevel,
      base: null,
      redact: {
        paths: ["token", "resume_token", "*.token", "*.resume_token", "*.*.token", "*.*.resume_token", "*.headers"],
        remove: true,
      },
    },
    { write: (line: string) => target.write(redact(line)) },
  );
}

/**
 * Makes log lines of everything else that this process would print: what libraries write to the console or to the
 * standard streams, and Node's warnings. Written by themselves they could wait for the reader.
 */
export function logEverythingPrinted(log: Log): void {
  for (const name of ["stdout", "stderr"]) {
    const stream = new Writable({
      decodeStrings: false,
      write(chunk: string | Buffer, _encoding, done) {
        log.warn({ printed: name }, String(chunk).trimEnd());
        done();
      },
    });
    Object.defineProperty(process, name, { configurable: true, enumerable: true, get: () => stream });
  }
  process.removeAllListeners("warning");
  process.on("warning", (warning) => log.warn({ err: warning }, "Node warns."));
}
