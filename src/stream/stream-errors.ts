import type { InterruptReason } from "../capture/source.js";
import { type AnyAudioStreamError, AudioStreamError, isAudioStreamError } from "../errors.js";
import { sentenceOf } from "../internal/text-of.js";
import type { CloseInfo, StreamState } from "../state.js";

/** What a source, a transport or a callback threw, as one of the SDK's own errors. */
export function toStreamError(error: unknown): AnyAudioStreamError {
  if (isAudioStreamError(error)) return error;
  return new AudioStreamError("capture-failed", `The audio source failed: ${sentenceOf(error)}`, {
    details: undefined,
    cause: error,
  }) as AnyAudioStreamError;
}

const INTERRUPTIONS: Readonly<Record<InterruptReason, string>> = {
  "device-muted": "The microphone delivers nothing: a call, a locked screen or a switch on the device holds it.",
  "device-lost": "The microphone is gone, and is being looked for again.",
  "context-suspended": "The browser suspended the audio of this page; the next click or key press lets it go on.",
  "context-interrupted":
    "The system took the audio from this page, mostly for a call. It goes on when the system gives it back, or at the next click or key press after that.",
  "context-stalled": "The audio of this page stands still, and is being built anew.",
  "processor-failed": "The audio thread failed, and is being started again.",
};

export const captureInterrupted = (reason: InterruptReason): AudioStreamError<"capture-interrupted"> =>
  new AudioStreamError("capture-interrupted", INTERRUPTIONS[reason], { details: { reason } });

export const noDevices = (): AudioStreamError<"unsupported"> =>
  new AudioStreamError(
    "unsupported",
    "This stream's source has no devices to choose from. Make a new stream instead.",
    {
      details: { feature: "setDevice" },
    },
  );

/** @param call what was asked, as the sentence's subject. */
export const invalidState = (call: string, state: StreamState): AudioStreamError =>
  new AudioStreamError(
    "invalid-state",
    `${call} is not possible while the stream is ${state}. A stream is started once; make a new one to start again.`,
    { details: { state } },
  );

/** @throws the reason of an end that is no orderly one. */
export function throwUnlessClosed(info: CloseInfo): void {
  if (info.outcome === "failed") throw info.error;
  if (info.outcome === "aborted") throw info.reason;
}
