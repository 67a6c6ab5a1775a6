import type { RunningParts } from "../running/running-parts.js";
import { RunningSide } from "../running/running-side.js";
import type { RunningHost } from "../running-host.js";
import type { RunningOptions } from "../running-messages.js";

/** Runs on the page's own thread, inside each call. */
export function pageHost(options: RunningOptions, parts: RunningParts): RunningHost {
  const side = new RunningSide(options, parts);
  return { kind: "page", lastStats: undefined, post: (command) => side.handle(command) };
}
