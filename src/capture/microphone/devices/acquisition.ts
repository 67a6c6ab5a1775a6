import { isAudioStreamError } from "../../../errors.js";
import { withSignal } from "../../../internal/abort.js";
import { deferred } from "../../../internal/deferred.js";
import type { Scope } from "../../../internal/scope.js";
import {
  deviceTimeout,
  endedAtOnce,
  getUserMediaError,
  givenTrackEnded,
  isDeviceGone,
  nameOf,
  onlyMonitors,
  refusedThoughAllowed,
} from "../../media-errors.js";
import { audioConstraints, type MicrophoneOptions } from "../microphone-options.js";
import { listInputs } from "../microphones.js";
import { noteGrant } from "../permission/grants.js";
import { onPermissionChange, permissionWithin } from "../permission/permission.js";
import { isAlias, isMonitor } from "./device-list.js";

/** How long the browser may take to open a device once it has the permission, in milliseconds. */
export const OPEN_TIMEOUT_MS = 10_000;

/** A track, and what had to be given up to get it. */
export interface Acquired {
  readonly track: MediaStreamTrack;
  /** The id of the chosen device, if the track is of another one. */
  readonly insteadOf?: string | undefined;
}

/** The id that the page has chosen; `undefined` if it left the choice to the browser, or only expressed a wish. */
export function chosenId(asked: ConstrainDOMString | undefined): string | undefined {
  const exact = typeof asked === "string" ? asked : !Array.isArray(asked) && asked?.exact;
  const [id] = Array.isArray(exact) ? exact : [exact];
  return id || undefined;
}

/** The alias whose device is followed: the default, if the choice was left to the browser. */
export function followedAlias(asked: ConstrainDOMString | undefined): string | undefined {
  if (asked === undefined || asked === "") return "default";
  const chosen = chosenId(asked);
  return chosen !== undefined && isAlias(chosen) ? chosen : undefined;
}

/** What is asked for: a plain id is a choice, since engines do not honour it as a wish, and an empty one is none. */
function required(asked: ConstrainDOMString | undefined): ConstrainDOMString | undefined {
  if (typeof asked === "string") return asked === "" ? undefined : { exact: asked };
  return asked;
}

/**
 * Acquires what the options ask for. A chosen device that is not there is given up for the browser's choice, once.
 * The track belongs to the scope, and stops when the scope ends, also if the browser delivers it only after that.
 * @throws AudioStreamError, or the reason of the scope's end.
 */
export async function acquire(scope: Scope, options: MicrophoneOptions): Promise<Acquired> {
  const chosen = chosenId(options.deviceId);
  try {
    const track = await request(scope, { ...options, deviceId: required(options.deviceId) });
    return { track };
  } catch (error) {
    scope.signal.throwIfAborted();
    if (chosen === undefined || !isDeviceGone(error)) throw await toError(scope, error);
  }
  const track = await acquireTrack(scope, { ...options, deviceId: undefined });
  // Browsers without this alias give the default device to whoever asks for nothing.
  return { track, insteadOf: chosen === "default" ? undefined : chosen };
}

/** The track that was given, or that of a microphone. @throws AudioStreamError. */
export async function acquireFirst(device: Scope, asked: MicrophoneOptions): Promise<Acquired> {
  const { track } = asked;
  if (track === undefined) return acquireMicrophone(device, asked);
  if (track.readyState === "ended") throw givenTrackEnded();
  return { track };
}

/**
 * As {@link acquire}, but the monitor of an output, which records what the loudspeakers play, is taken only if the page
 * chose it, or a person may have chosen it at a prompt.
 */
export async function acquireMicrophone(scope: Scope, options: MicrophoneOptions): Promise<Acquired> {
  const acquiring = acquire(scope, options);
  const asked = permissionWithin(scope).then((status) => status?.state === "prompt");
  const acquired = await acquiring;
  const isChosen = chosenId(options.deviceId) !== undefined && acquired.insteadOf === undefined;
  if (isChosen || !isMonitor(acquired.track.label) || (await asked)) return acquired;
  acquired.track.stop();
  for (const deviceId of (await listInputs(scope))?.microphoneIds ?? []) {
    try {
      const track = await acquireTrack(scope, { ...options, deviceId });
      return { ...acquired, track };
    } catch (error) {
      scope.signal.throwIfAborted();
      if (isAudioStreamError(error, "permission-denied")) throw error;
    }
  }
  throw onlyMonitors();
}

/** Acquires the device that the options ask for, and no other. @throws as {@link acquire}. */
export async function acquireTrack(
  scope: Scope,
  options: MicrophoneOptions,
  timeoutMs = OPEN_TIMEOUT_MS,
): Promise<MediaStreamTrack> {
  try {
    return await request(scope, { ...options, deviceId: required(options.deviceId) }, timeoutMs);
  } catch (error) {
    scope.signal.throwIfAborted();
    throw await toError(scope, error);
  }
}

/** Calls `getUserMedia` inside the call, while the person's gesture counts. */
async function request(
  scope: Scope,
  options: MicrophoneOptions,
  timeoutMs = OPEN_TIMEOUT_MS,
): Promise<MediaStreamTrack> {
  scope.signal.throwIfAborted();
  const waiting = scope.child("request");
  const acquired = getTrack(scope, options, waiting.signal);
  try {
    return await withSignal(Promise.race([acquired, platformDeadline(waiting, timeoutMs)]), scope.signal);
  } finally {
    void waiting.dispose();
  }
}

/** @param waiting aborted when nobody waits for the track any more. */
async function getTrack(scope: Scope, options: MicrophoneOptions, waiting: AbortSignal): Promise<MediaStreamTrack> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: audioConstraints(options) });
  noteGrant();
  const tracks = stream.getTracks();
  if (waiting.aborted) for (const late of tracks) late.stop();
  else for (const track of tracks) scope.defer("microphone track", () => track.stop());
  const [track] = stream.getAudioTracks();
  if (track === undefined) throw new DOMException("The stream has no audio track.", "NotFoundError");
  if (track.readyState === "ended") throw endedAtOnce();
  return track;
}

/**
 * Rejects when the browser has had the permission for so long and done nothing. While a person may be thinking at a
 * prompt, and in browsers that do not say what the permission is, there is no deadline.
 */
function platformDeadline(waiting: Scope, timeoutMs: number): Promise<never> {
  const late = deferred<never>();
  const begin = (): void => {
    waiting.timeout(timeoutMs, () => late.reject(deviceTimeout(timeoutMs)), "device deadline");
  };
  void permissionWithin(waiting).then((status) => {
    if (status === undefined || waiting.disposed) return;
    if (status.state === "granted") begin();
    else onPermissionChange(waiting, status, (state) => state === "granted" && begin());
  });
  return late.promise;
}

/** Gives a failure its code. A refusal though the page is allowed to use the microphone is none of the person's. */
async function toError(scope: Scope, error: unknown): Promise<unknown> {
  if (isAudioStreamError(error)) return error;
  // A page in a sandbox gets a `SecurityError` in Chromium, whatever it is allowed: that does not change by trying again.
  if (nameOf(error) !== "NotAllowedError") return getUserMediaError(error);
  const allowed = (await permissionWithin(scope))?.state === "granted";
  scope.signal.throwIfAborted();
  return allowed ? refusedThoughAllowed(error) : getUserMediaError(error);
}
