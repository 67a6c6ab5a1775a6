import { withSignal } from "./abort.js";
import { systemClock } from "./clock.js";
import { deferred } from "./deferred.js";
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

/**
 * Waits for `promise`, but no longer than the page is awake for the time.
 * @param late makes the error of a promise that does not settle in time.
 * @throws what the promise rejects with, what `late` makes, or the reason of the scope's end.
 */
export async function withinWakingTime<T>(
  scope: Scope,
  limitMs: number,
  promise: Promise<T>,
  { resource, late }: { readonly resource: string; readonly late: () => unknown },
): Promise<T> {
  const over = deferred<never>();
  const deadline = afterWakingTime(scope, limitMs, () => over.reject(late()), { resource });
  try {
    return await withSignal(Promise.race([promise, over.promise]), scope.signal);
  } finally {
    deadline.dispose();
  }
}
