import { systemClock } from "../../internal/clock.js";
import type { Scope } from "../../internal/scope.js";

/** How often the worker is asked whether it is there, in milliseconds. */
const PING_MS = 1_000;
/** A look that comes later than this says nothing: the page slept, was blocked, or its timers are throttled. */
const LATE_MS = 1_000;
/** Pings in a row without any word from the worker before it is given up. */
const MAX_SILENT = 5;

/** Notices a worker that says nothing, be it from the start, in a time in which the page could have heard it. */
export function watchWorker(scope: Scope, ping: () => void, onSilent: () => void): { heard(): void } {
  let isHeard = true;
  let silent = 0;
  const look = (): void => {
    isHeard = false;
    ping();
    const due = systemClock.now() + PING_MS;
    scope.timeout(
      PING_MS,
      () => {
        const isLate = systemClock.now() > due + LATE_MS;
        silent = isHeard || isLate ? 0 : silent + 1;
        if (silent === MAX_SILENT) onSilent();
        else look();
      },
      "worker watch",
    );
  };
  look();
  return {
    heard: () => {
      isHeard = true;
    },
  };
}
