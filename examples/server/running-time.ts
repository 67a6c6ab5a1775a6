import type { Registration, Scope } from "loquilex/resources";

/** How much of a time in which the process did not run counts at most, in milliseconds. */
const STEP_MS = 250;

/**
 * Calls back once, after `durationMs` in which the process ran. A process that was stopped, or a machine that slept, wakes
 * with all its timers due: what nobody could do meanwhile is not to be cut off.
 */
export function afterRunningTime(
  scope: Scope,
  durationMs: number,
  callback: () => void,
  resource: string,
): Registration {
  const waiting = scope.child(resource);
  const wait = (leftMs: number): void => {
    const stepMs = Math.min(leftMs, STEP_MS);
    waiting.timeout(
      stepMs,
      () => {
        if (leftMs > stepMs) return wait(leftMs - stepMs);
        void waiting.dispose();
        callback();
      },
      resource,
    );
  };
  wait(durationMs);
  const end = (): void => void waiting.dispose();
  return { dispose: end, release: end };
}
