import type { RemoteLeg } from "./remote-leg.js";

/** A session of a service is replaced so long before its limit, in milliseconds, or a tenth of it, if that is less. */
const MARGIN_MS = 60_000;

/**
 * Whether it is time for the next session of the service: in a `pause`, so that this one comes to its end with what it has; or in
 * the `middle` of speech, where the next one gets again what has not become words, since no word may be cut in two.
 */
export function rolloverMoment(leg: RemoteLeg, sessionMs: number | undefined): "pause" | "middle" | undefined {
  if (sessionMs === undefined || !leg.isReady) return undefined;
  const marginMs = Math.min(MARGIN_MS, sessionMs / 10);
  const leftMs = sessionMs - leg.ageMs;
  if (leftMs > marginMs) return undefined;
  if (leg.isQuiet && (leg.unanswered.isBetweenSegments || leftMs < marginMs / 2)) return "pause";
  return leftMs < marginMs / 4 ? "middle" : undefined;
}
