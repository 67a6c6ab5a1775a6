import type { Registration, Scope } from "../../internal/scope.js";
import { within } from "../../internal/within.js";

/** Like `play()` of a media element that is paused meanwhile. */
export const overtakenBy = (call: string): DOMException =>
  new DOMException(`The call was overtaken by ${call}, and what it asked for was not done.`, "AbortError");

/** A listener that was never needed. */
export const NO_LISTENER: Registration = { dispose() {}, release() {} };

/** Waits no longer than `timeoutMs`. @returns whether it is done. @throws what it throws, or the reason of the scope's end. */
export const doneWithin = (scope: Scope, timeoutMs: number, wait: Promise<unknown>): Promise<boolean> =>
  within(
    scope,
    timeoutMs,
    wait.then(() => true),
    false,
  );
