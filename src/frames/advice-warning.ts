import { AudioStreamError } from "../errors.js";
import type { Advice } from "./signal-adviser.js";

/** The signal suggests something about the device; the audio goes on. */
export function adviceWarning(advice: Advice): AudioStreamError {
  if (advice.kind === "silent") {
    const { silentMs } = advice;
    const text = `The microphone has delivered nothing but silence for ${Math.round(silentMs / 1_000)} seconds. Check that it is the right one, connected and not switched off; what it delivers is still sent.`;
    return new AudioStreamError("device-silent", text, { details: { silentMs } });
  }
  return new AudioStreamError(
    "signal-clipped",
    "The microphone is driven beyond full scale and distorts. Lower its gain or move away from it; what it delivers is still sent.",
    { details: { clippedMs: advice.clippedMs } },
  );
}
