import type { RunningHost } from "./running-host.js";
import type { RunningOptions } from "./running-messages.js";
import { type RunningParts, RunningSide } from "./running-side.js";

/** Runs on the page's own thread, inside each call. */
export function pageHost(options: RunningOptions, parts: RunningParts): RunningHost {
  const side = new RunningSide(options, parts);
  return { kind: "page", lastStats: undefined, post: (command) => side.handle(command) };
}
