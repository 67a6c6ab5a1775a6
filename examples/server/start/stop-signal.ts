import { deferred, systemClock } from "loquilex/resources";
import type { Log } from "../logging/log.js";

/** A terminal and the npm in front of this process each deliver one Ctrl-C: that is one wish, not two. */
const SAME_SIGNAL_MS = 500;

const STOPPING: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM"];

/**
 * Resolves on the first signal to stop; the next one ends the process at once.
 * @param options.hangupStops whether the end of its terminal stops the process, as nothing else is done with that signal.
 */
export function stopSignal(log: Log, { hangupStops }: { readonly hangupStops: boolean }): Promise<NodeJS.Signals> {
  const first = deferred<NodeJS.Signals>();
  let firstAt: number | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    const now = systemClock.now();
    firstAt ??= now;
    if (now - firstAt < SAME_SIGNAL_MS) return first.resolve(signal);
    log.warn({ signal }, "Stopping at once.");
    process.exit(1);
  };
  for (const signal of hangupStops ? [...STOPPING, "SIGHUP"] : STOPPING) process.on(signal, onSignal);
  return first.promise;
}
