import { deferred, systemClock } from "loquilex/resources";
import type { Log } from "../logging/log.js";

/** A terminal and the npm in front of this process each deliver one Ctrl-C: that is one wish, not two. */
const SAME_SIGNAL_MS = 500;

/** Resolves on the first SIGINT or SIGTERM; the next one ends the process at once. */
export function stopSignal(log: Log): Promise<NodeJS.Signals> {
  const first = deferred<NodeJS.Signals>();
  let firstAt: number | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    const now = systemClock.now();
    firstAt ??= now;
    if (now - firstAt < SAME_SIGNAL_MS) return first.resolve(signal);
    log.warn({ signal }, "Stopping at once.");
    process.exit(1);
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return first.promise;
}
