import { withSignal } from "./abort.js";
import { deferred } from "./deferred.js";
import type { Scope } from "./scope.js";

/**
 * Waits for `promise`, but no longer than the time. What comes later than that is nobody's.
 * @param late what it resolves with when the time is over.
 * @throws what the promise rejects with, or the reason of the scope's end.
 */
export async function within<T, L>(scope: Scope, limitMs: number, promise: Promise<T>, late: L): Promise<T | L> {
  const over = deferred<L>();
  const timer = scope.timeout(limitMs, () => over.resolve(late), "deadline");
  try {
    return await withSignal(Promise.race([promise, over.promise]), scope.signal);
  } finally {
    timer.dispose();
  }
}
