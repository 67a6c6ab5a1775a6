import { attempt } from "../internal/attempt.js";
import { textOf } from "../internal/text-of.js";

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

/**
 * Dispatches an event. A warning that neither a listener nor a logger is told of is shown on the console, or a developer would sit
 * in front of a page that does nothing and does not say why.
 * @param heard types of events that have ever been listened to.
 */
export function dispatchOrShow(
  event: Event,
  target: EventTarget,
  heard: ReadonlySet<string>,
  logger: Logger | undefined,
): void {
  target.dispatchEvent(event);
  if (event.type !== "warning" || logger !== undefined || heard.has(event.type) || !("error" in event)) return;
  console.warn("LoquiLex:", textOf(event.error));
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
