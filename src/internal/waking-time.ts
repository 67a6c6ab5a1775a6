import { systemClock } from "./clock.js";
import type { Registration, Scope } from "./scope.js";

/** How often it is looked whether time still counts, in milliseconds. */
const STEP_MS = 1_000;

/**
 * Calls back once, after `durationMs` in which the page was awake and the time counted. A timer that comes late shows that
 * the page slept, was frozen or was blocked: the time it is late by does not count.
 * @param counts whether time counts at the moment; looked up at every step.
 */
export function afterWakingTime(
  scope: Scope,
  durationMs: number,
  callback: () => void,
  { resource, counts = () => true }: { readonly resource: string; readonly counts?: (() => boolean) | undefined },
): Registration {
  const waiting = scope.child(resource);
  let leftMs = durationMs;
  const step = (): void => {
    const begun = systemClock.now();
    const counted = counts();
    const stepMs = Math.min(leftMs, STEP_MS);
    waiting.timeout(
      stepMs,
      () => {
        if (counted && counts()) leftMs -= Math.min(systemClock.now() - begun, stepMs);
        // What is left of a millisecond is the timer's own rounding.
        if (leftMs >= 1) return step();
        void waiting.dispose();
        callback();
      },
      resource,
    );
  };
  step();
  const end = (): void => void waiting.dispose();
  return { dispose: end, release: end };
}
