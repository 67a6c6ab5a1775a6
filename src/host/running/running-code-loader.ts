import { AudioStreamError } from "../../errors.js";
import { LateModule } from "../../internal/late-module.js";
import type { Scope } from "../../internal/scope.js";
import { sentenceOf } from "../../internal/text-of.js";
import { withinWakingTime } from "../../internal/waking-time.js";

/** How long the code may take to load, over a slow network too, in milliseconds. */
const LOAD_TIMEOUT_MS = 15_000;

/** The running side's code. */
export type RunningCode = typeof import("./running-code.js");

/** A page whose worker has an address of its own has no use for it. */
export const runningCode = /* @__PURE__ */ new LateModule<RunningCode>(() => import("./running-code.js"));

/** Loads the running side's code, as {@link loadCode} does. */
export const loadRunningCode = (scope: Scope): Promise<RunningCode> => loadCode(scope, runningCode);

/**
 * Loads code for no longer than the scope lives.
 * @throws AudioStreamError `code-load-failed`, or the reason of the scope's end.
 */
export async function loadCode<Code>(scope: Scope, code: LateModule<Code>): Promise<Code> {
  try {
    return await withinWakingTime(scope, LOAD_TIMEOUT_MS, code.load(), {
      resource: "code that sends audio",
      late: () => new Error(`It did not come within ${LOAD_TIMEOUT_MS / 1_000} seconds.`),
    });
  } catch (cause) {
    scope.signal.throwIfAborted();
    const message = `The part of LoquiLex that sends audio could not be loaded: ${sentenceOf(cause)} Check the network, and that all files of your build are deployed and allowed by the page's script-src. Then start again.`;
    throw new AudioStreamError("code-load-failed", message, { details: undefined, cause });
  }
}
