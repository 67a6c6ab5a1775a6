import { withSignal } from "../../internal/abort.js";
import { deferred } from "../../internal/deferred.js";
import type { Registration, Scope } from "../../internal/scope.js";

/** Like `play()` of a media element that is paused meanwhile. */
export const overtakenBy = (call: string): DOMException =>
  new DOMException(`The call was overtaken by ${call}, and what it asked for was not done.`, "AbortError");

/** A listener that was never needed. */
export const NO_LISTENER: Registration = { dispose() {}, release() {} };

/** Waits no longer than `timeoutMs`. @returns whether it is done. @throws what it throws, or the reason of the scope's end. */
export async function doneWithin(scope: Scope, timeoutMs: number, wait: Promise<unknown>): Promise<boolean> {
  const late = deferred<boolean>();
  const timer = scope.timeout(timeoutMs, () => late.resolve(false), "wait for the source");
  try {
    return await withSignal(Promise.race([wait.then(() => true), late.promise]), scope.signal);
  } finally {
    timer.dispose();
  }
}
