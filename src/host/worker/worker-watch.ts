import { systemClock } from "../../internal/clock.js";
import type { Scope } from "../../internal/scope.js";

/** How often the worker is asked whether it is there, in milliseconds. */
const PING_MS = 1_000;
/** A look that comes later than this says nothing: the page slept, was blocked, or its timers are throttled. */
const LATE_MS = 1_000;
/** How long a worker may say nothing before it is given up, in milliseconds. */
const MAX_SILENCE_MS = 5_000;
/** Pings without an answer that it takes at least. */
const MIN_PINGS = 5;

export interface WorkerWatch {
  /** The worker has not answered the last ping that it could have answered. */
  readonly isSilent: boolean;
  /** The worker has said something. */
  heard(): void;
  /** From now on the worker is given up sooner. */
  limit(silenceMs: number): void;
}

/** Notices a worker that says nothing, be it from the start, in a time in which the page could have heard it. */
export function watchWorker(scope: Scope, ping: () => void, onSilent: () => void): WorkerWatch {
  let isHeard = true;
  let silenceMs = 0;
  let limitMs = MAX_SILENCE_MS;
  const look = (): void => {
    isHeard = false;
    ping();
    const waitMs = Math.min(PING_MS, limitMs / MIN_PINGS);
    const due = systemClock.now() + waitMs;
    scope.timeout(
      waitMs,
      () => {
        const isLate = systemClock.now() > due + LATE_MS;
        silenceMs = isHeard || isLate ? 0 : silenceMs + waitMs;
        if (silenceMs >= limitMs) onSilent();
        else look();
      },
      "worker watch",
    );
  };
  look();
  return {
    get isSilent() {
      return silenceMs > 0;
    },
    heard: () => {
      isHeard = true;
    },
    limit: (ms) => {
      limitMs = Math.min(limitMs, Math.ceil(ms / MIN_PINGS) * MIN_PINGS);
    },
  };
}
