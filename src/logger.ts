/** Where the SDK tells what it acquires, releases and works around. `console` fits. */
export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
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
