import { attempt } from "../internal/attempt.js";

/** Where the SDK tells what it acquires, releases and works around. `console` fits. */
export interface Logger {
  /** An acquisition, a release or a step. */
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  /** A problem that the stream is handling, or a step of a cleanup that failed. */
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** What `find` finds, if it still does, in such a way that nothing but the line is lost when it throws or rejects. */
export function guardedLogger(find: () => Logger | undefined): Logger {
  const write = (level: "debug" | "warn", line: Parameters<Logger["warn"]>): void =>
    void attempt(() => find()?.[level](...line)).catch(() => {});
  return { debug: (...line) => write("debug", line), warn: (...line) => write("warn", line) };
}

/** The console where debugging is switched on for the page, without any change to the application. */
export function debugLogger(): Logger | undefined {
  return isDebugging() ? console : undefined;
}

function isDebugging(): boolean {
  if ((globalThis as { LOQUILEX_DEBUG?: unknown }).LOQUILEX_DEBUG) return true;
  try {
    return typeof window !== "undefined" && Boolean(window.localStorage?.getItem("loquilex:debug"));
  } catch {
    // Pages in sandboxed frames may not even ask.
    return false;
  }
}
