import type { AudioStreamError } from "../../errors.js";
import type { Registration, Scope } from "../../internal/scope.js";
import { afterWakingTime } from "../../internal/waking-time.js";
import { captureNeverStarted } from "../media-errors.js";

/** A microphone that is open but has delivered nothing for this long, in milliseconds, does not work. */
const FIRST_FRAME_TIMEOUT_MS = 5_000;

/** What is known of a microphone that was just opened. */
export interface FirstFrameFacts {
  /** Whether its audio context runs. */
  running(): boolean;
  /** Whether audio is due at the moment: not in a pause, and not while the device is muted. */
  counts(): boolean;
  /** Nothing has come in the time that counts. */
  onFailed(error: AudioStreamError): void;
}

/** Watches that an open microphone begins to deliver; to be disposed when it does. */
export function watchFirstFrame(scope: Scope, { running, counts, onFailed }: FirstFrameFacts): Registration {
  return afterWakingTime(
    scope,
    FIRST_FRAME_TIMEOUT_MS,
    () => onFailed(captureNeverStarted(FIRST_FRAME_TIMEOUT_MS, running())),
    { resource: "first-frame watch", counts },
  );
}
