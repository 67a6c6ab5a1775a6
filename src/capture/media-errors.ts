import { AudioStreamError, isAudioStreamError } from "../errors.js";
import { sentenceOf } from "../internal/text-of.js";

export function insecureContext(): AudioStreamError<"insecure-context"> {
  return new AudioStreamError(
    "insecure-context",
    "Browsers give the microphone only to pages on https or localhost, and this page is on neither. Serve it over https.",
    { details: undefined },
  );
}

/** @param feature the name of what is missing; @param need a sentence that says what to do. */
export function unsupported(feature: string, need: string): AudioStreamError<"unsupported"> {
  return new AudioStreamError("unsupported", need, { details: { feature } });
}

export function noMediaDevices(): AudioStreamError<"unsupported"> {
  return unsupported("media-devices", "This browser gives pages no microphone (navigator.mediaDevices is missing).");
}

/** Gives a rejection of `getUserMedia` its code and a sentence that says what to do. */
export function getUserMediaError(cause: unknown): AudioStreamError {
  const options = { details: undefined, cause };
  switch (nameOf(cause)) {
    case "NotAllowedError":
    case "SecurityError":
      return new AudioStreamError(
        "permission-denied",
        forbiddenByPolicy() ??
          "The microphone was refused: by the person, by the browser's or the system's settings, or because an iframe lacks " +
            'allow="microphone", or its sandbox lacks allow-same-origin. Allow it there and start again.',
        options,
      );
    case "NotFoundError":
    case "OverconstrainedError":
      return new AudioStreamError(
        "device-not-found",
        "No microphone was found that fits what was asked for. Connect one, or choose another, and start again.",
        options,
      );
    case "NotReadableError":
    case "AbortError":
      return new AudioStreamError(
        "device-in-use",
        "The microphone could not be opened, mostly because another program holds it. Close that program, or reconnect " +
          "the microphone, and start again.",
        options,
      );
    default:
      return captureFailed(`The browser could not open the microphone: ${messageOf(cause)}`, cause);
  }
}

/** @returns what to do about a policy that forbids the microphone; `undefined` if there is none, or the browser does not say. */
function forbiddenByPolicy(): string | undefined {
  type Policy = { readonly allowsFeature?: (feature: string) => boolean };
  const page = globalThis.document as { readonly featurePolicy?: Policy } | undefined;
  if (page?.featurePolicy?.allowsFeature?.("microphone") !== false) return undefined;
  return globalThis.parent === globalThis.self
    ? "A Permissions-Policy of this page forbids the microphone. Take it out of that header, and load the page again."
    : 'This page is in an iframe that may not use the microphone. Add allow="microphone" to the iframe, and allow-same-origin if it has a sandbox; take the microphone out of any Permissions-Policy that forbids it, and load the page again.';
}

/** The browser gave a track that ended before it could be used. */
export function endedAtOnce(): AudioStreamError {
  return getUserMediaError(new DOMException("The device ended at once.", "NotReadableError"));
}

/**
 * Whether `getUserMedia` failed because the required device is not there. The id is the only thing that is ever required,
 * so that any unfulfilled constraint is the id; engines leave its name empty until the page has had the permission.
 * https://github.com/w3c/mediacapture-main/issues/746
 */
export function isDeviceGone(error: unknown): boolean {
  return nameOf(error) === "OverconstrainedError" || nameOf(error) === "NotFoundError";
}

/** Whether `getUserMedia` found the device and could not open it, as on platforms that open one microphone at a time. */
export function isDeviceBusy(error: unknown): boolean {
  return isAudioStreamError(error, "device-in-use") && !isRefusal(error.cause);
}

/** Whether `getUserMedia` was refused, by whomever. */
export function isRefusal(error: unknown): boolean {
  return nameOf(error) === "NotAllowedError" || nameOf(error) === "SecurityError";
}

/** `getUserMedia` was refused though the browser says that the page is allowed to use the microphone. */
export function refusedThoughAllowed(cause: unknown): AudioStreamError<"device-in-use"> {
  return new AudioStreamError(
    "device-in-use",
    "The browser did not open the microphone though this page is allowed to use it. The system's audio service may be " +
      "restarting, or the system's own settings forbid the microphone to the browser. Check them, and start again.",
    { details: undefined, cause },
  );
}

/** @param timeoutMs how long the browser took without opening the device. */
export function deviceTimeout(timeoutMs: number): AudioStreamError<"device-timeout"> {
  return new AudioStreamError(
    "device-timeout",
    `The browser has the permission, but did not open the microphone within ${Math.round(timeoutMs / 1_000)} seconds. ` +
      "Reconnect the microphone or restart the browser, and start again.",
    { details: { timeoutMs } },
  );
}

/** @param timeoutMs how long the browser took without listing its devices. */
export function listTimeout(timeoutMs: number): AudioStreamError<"capture-failed"> {
  return captureFailed(
    `The browser did not list its microphones within ${timeoutMs / 1_000} seconds. Try again, or restart the browser.`,
  );
}

/** @param deviceId the chosen device; @param label the name of the one that is used. */
export function deviceFallback(deviceId: string, label: string): AudioStreamError<"device-fallback"> {
  const used = label === "" ? "the browser's choice" : `"${label}"`;
  return new AudioStreamError(
    "device-fallback",
    `The chosen microphone is not there, and ${used} is used in its place. Connect the chosen one, or choose another.`,
    { details: { deviceId, label } },
  );
}

/** The only input is one that records what the loudspeakers play. */
export function onlyMonitors(): AudioStreamError<"device-not-found"> {
  return new AudioStreamError(
    "device-not-found",
    "No microphone was found: the browser offered only the monitor of an output, which records what the loudspeakers play. " +
      "Connect a microphone, or choose the monitor by its deviceId, and start again.",
    { details: undefined },
  );
}

/** The system has muted the track for long. @param mutedMs for how long. */
export function mutedForLong(mutedMs: number): AudioStreamError<"capture-interrupted"> {
  return new AudioStreamError(
    "capture-interrupted",
    `The microphone has been muted by the system for ${Math.round(mutedMs / 1_000)} seconds: another program or page may ` +
      "hold it, or a switch is off. It is asked for anew now, and again when the person returns to the page.",
    { details: { reason: "device-muted" } },
  );
}

/** The reason of a call that another one has made void. */
export function overtakenBy(call: string): DOMException {
  return new DOMException(`The call was overtaken by ${call}.`, "AbortError");
}

/** @param waitedMs how long another microphone was waited for. */
export function deviceLost(waitedMs: number): AudioStreamError<"device-lost"> {
  return new AudioStreamError(
    "device-lost",
    `The microphone was disconnected, and within ${waitedMs / 1_000} seconds there was no other. Connect one and start again.`,
    { details: undefined },
  );
}

export function givenTrackEnded(): AudioStreamError<"device-lost"> {
  return new AudioStreamError(
    "device-lost",
    "The given track has ended: its device was disconnected, its sharing was stopped, or the page stopped it. Start again " +
      "with a live one.",
    { details: undefined },
  );
}

export function permissionWithdrawn(): AudioStreamError<"permission-denied"> {
  return new AudioStreamError(
    "permission-denied",
    "The permission to use the microphone was withdrawn while it was in use. Allow it in the browser and start again.",
    { details: undefined },
  );
}

/**
 * @param file what the module is called in the package.
 * @param isBlob whether the package's own code was loaded from a blob.
 * @param seen what was seen, as a sentence.
 */
export function workletLoadFailed(
  { url, file, isBlob }: { readonly url: string; readonly file: string; readonly isBlob: boolean },
  seen: string,
  cause: unknown,
): AudioStreamError<"worklet-load-failed"> {
  const message = isBlob
    ? `The audio-thread code could not be loaded from a blob. ${seen} Serve the package's ${file} from your own ` +
      "site and give its address as the workletUrl option, or allow blob: in script-src."
    : `The audio-thread code could not be loaded from ${url}. ${seen} Check that the server runs, that workletUrl leads to ` +
      `the package's ${file}, and that the page's script-src allows it.`;
  return new AudioStreamError("worklet-load-failed", message, { details: { url }, cause });
}

const INSIDE = "inside the package";

/** The part of the package that holds the audio-thread code did not come. */
export function workletCodeMissing(cause: unknown): AudioStreamError<"worklet-load-failed"> {
  return new AudioStreamError(
    "worklet-load-failed",
    `The audio-thread code ${INSIDE} could not be loaded: ${sentenceOf(cause)} Check the network, and that all files of your build are deployed and allowed by the page's script-src. Then start again.`,
    { details: { url: INSIDE }, cause },
  );
}

/** @param error why the module could not be loaded from its address. */
export function workletFellBack(
  error: AudioStreamError<"worklet-load-failed">,
): AudioStreamError<"worklet-load-failed"> {
  const message = `${error.message} The code inside the package is used instead.`;
  return new AudioStreamError("worklet-load-failed", message, { details: error.details, cause: error });
}

/** @param url where it was to be loaded from; without it, from inside the package. */
export function workletLoadTimedOut(
  url: string | URL | undefined,
  afterMs: number,
): AudioStreamError<"worklet-load-failed"> {
  const from = url === undefined ? INSIDE : String(url);
  return new AudioStreamError(
    "worklet-load-failed",
    `The audio-thread code from ${from} was not loaded within ${Math.round(afterMs / 1_000)} seconds. Check the network, and start again.`,
    { details: { url: from } },
  );
}

/** @param started whether the page's audio runs. */
export function captureNeverStarted(afterMs: number, started: boolean): AudioStreamError<"capture-failed"> {
  const seconds = Math.round(afterMs / 1_000);
  return captureFailed(
    started
      ? `The microphone is open but delivers no audio after ${seconds} seconds. Check that it is not switched off and that no other program blocks it, and start again.`
      : `The microphone is open, but the browser has not started the page's audio within ${seconds} seconds. Call start() in a click handler, and check that the system has an audio output.`,
  );
}

export function givenContextClosed(): AudioStreamError<"capture-failed"> {
  return captureFailed(
    "The given audioContext was closed while it was captured from. Start again with one that is open.",
  );
}

/** @param limitMs how long it was tried; @param cause why the last attempt failed, as far as that is known. */
export function mendingFailed(limitMs: number, cause: unknown): AudioStreamError<"capture-failed"> {
  const tried =
    limitMs === 0 ? "when it was built anew" : `for ${Math.round(limitMs / 1_000)} seconds, though it was built anew`;
  const why = cause === undefined ? "" : ` The last attempt failed: ${messageOf(cause)}`;
  return captureFailed(
    `The browser's audio delivered nothing ${tried}.${why} Start again, or restart the browser.`,
    cause,
  );
}

export function captureFailed(message: string, cause?: unknown): AudioStreamError<"capture-failed"> {
  return new AudioStreamError("capture-failed", message, { details: undefined, cause });
}

/** @param what failed, as the sentence's beginning. */
export function toCaptureError(error: unknown, what = "Capturing failed"): AudioStreamError {
  return isAudioStreamError(error) ? error : captureFailed(`${what}: ${messageOf(error)}`, error);
}

export function messageOf(error: unknown): string {
  return error instanceof Object && "message" in error ? String(error.message) : String(error);
}

export function nameOf(error: unknown): string {
  return error instanceof Object && "name" in error ? String(error.name) : "";
}
