import { isAudioStreamError } from "../../../errors.js";
import { withSignal } from "../../../internal/abort.js";
import { systemClock } from "../../../internal/clock.js";
import { deferred } from "../../../internal/deferred.js";
import type { Scope } from "../../../internal/scope.js";
import { deviceLost, onlyMonitors } from "../../media-errors.js";
import type { MicrophoneOptions } from "../microphone-options.js";
import { listInputs, onDevicesChanged } from "../microphones.js";
import { type Acquired, acquireTrack, chosenId, OPEN_TIMEOUT_MS } from "./acquisition.js";
import { delayAfter } from "./delays.js";
import { type DeviceIdentity, type DeviceList, isAlias, isMonitor } from "./device-list.js";

/** How long a search waits after each failure, in milliseconds; after the last one, always as long. */
const POLL_MS = [500, 1_000, 2_000, 4_000];
/** For how long a round waits for the browser's list, in milliseconds; it can ask for the lost device without one. */
const LIST_PATIENCE_MS = 2_000;
/** How long it waits at least, also if the browser reports one change of the devices after the other. */
const PAUSE_MS = [0, 0, 0, 50, 100, 250, 500, 1_000];

/** A device that is to be known again when it comes back. */
export interface LostDevice {
  readonly identity: DeviceIdentity;
  /** Ids that were listed beside it: devices of the same name are not this one. */
  readonly others: ReadonlySet<string>;
}

/** What {@link searchTrack} looks for. */
export interface DeviceSearch {
  readonly asked: MicrophoneOptions;
  readonly lost: LostDevice | undefined;
  /** How long a device is waited for, in milliseconds; the time of a prompt does not count. */
  readonly limitMs: number;
  /** How many devices in a row were found and lost again at once. */
  readonly flaps: number;
}

/**
 * Acquires the lost device again, or another in its place; waits for one to come if there is none.
 * @param device owns the new track, and ends the waiting.
 * @throws AudioStreamError `permission-denied` at once, `device-lost` if none came in time; the reason of the scope's end.
 */
export async function searchTrack(device: Scope, search: DeviceSearch): Promise<Acquired> {
  let leftMs = search.limitMs;
  if (search.flaps > 0 && leftMs > 0) leftMs -= await nextChance(device, search.flaps - 1, leftMs);
  for (let attempt = 0; ; attempt += 1) {
    if (leftMs <= 0) throw deviceLost(search.limitMs);
    const begun = systemClock.now();
    try {
      return await anyOf(device, search, attempt, Math.min(OPEN_TIMEOUT_MS, leftMs));
    } catch (error) {
      device.signal.throwIfAborted();
      if (isAudioStreamError(error, "permission-denied")) throw error;
      if (isAudioStreamError(error, "device-timeout")) leftMs -= systemClock.now() - begun;
    }
    if (leftMs > 0) leftMs -= await nextChance(device, attempt, leftMs);
  }
}

/** Acquires the first of these devices that delivers, except one; `undefined` if none does. */
export async function acquireUnmuted(
  device: Scope,
  asked: MicrophoneOptions,
  ids: readonly string[],
  except: string,
): Promise<MediaStreamTrack | undefined> {
  for (const id of ids.filter((other) => other !== except)) {
    const track = await acquireTrack(device, { ...asked, deviceId: { exact: id } }).catch((error: unknown) => {
      device.signal.throwIfAborted();
      if (isAudioStreamError(error, "permission-denied")) throw error;
    });
    if (track?.muted === false) return track;
    track?.stop();
  }
  return undefined;
}

/** One round: what was lost, then the browser's choice, and if that cannot be used, whatever else is listed. */
async function anyOf(
  device: Scope,
  { asked, lost }: DeviceSearch,
  attempt: number,
  timeoutMs: number,
): Promise<Acquired> {
  const list = await listInputs(device, LIST_PATIENCE_MS);
  const chosen = chosenId(asked.deviceId);
  const preferred = preferredId(chosen, lost, list);
  const wish = chosen === undefined ? asked.deviceId : undefined;
  const others = (list?.microphoneIds ?? []).filter((id) => id !== preferred);
  let failure: unknown;
  for (const id of preferred === undefined ? [undefined, ...others] : [preferred, undefined, ...others]) {
    try {
      const deviceId = id === undefined ? wish : { exact: id };
      const track = await acquireTrack(device, { ...asked, deviceId }, timeoutMs);
      const isAsked = (id !== undefined && id === preferred) || chosen === "default";
      if (id !== undefined || !isMonitor(track.label)) return { track, insteadOf: isAsked ? undefined : chosen };
      track.stop();
      failure = onlyMonitors();
    } catch (error) {
      device.signal.throwIfAborted();
      failure = error;
      if (isAudioStreamError(error, "permission-denied")) break;
      // A device that is just being plugged in may be ready in a moment; and where there is none, there are no others.
      if (id === undefined && (attempt === 0 || isAudioStreamError(error, "device-not-found"))) break;
    }
  }
  throw failure;
}

/** The id that is asked for first; `undefined` if that is the browser's choice. */
function preferredId(
  chosen: string | undefined,
  lost: LostDevice | undefined,
  list: DeviceList | undefined,
): string | undefined {
  if (chosen !== undefined && isAlias(chosen)) return chosen;
  // If the choice was left to the system, its default is captured, whichever device was lost.
  if (chosen === undefined && list?.behind("default") !== undefined) return undefined;
  return (lost && list?.find(lost.identity, lost.others)) ?? chosen;
}

/** Waits for a change of the devices, or the delay. @returns how long that was; what a timer came too late does not count. */
async function nextChance(device: Scope, attempt: number, leftMs: number): Promise<number> {
  const delayMs = Math.min(delayAfter(POLL_MS, attempt), leftMs);
  const pauseMs = delayAfter(PAUSE_MS, attempt);
  const chance = deferred<void>();
  const wait = device.child("waiting");
  const begun = systemClock.now();
  onDevicesChanged(wait, () => {
    const tooEarlyMs = begun + pauseMs - systemClock.now();
    if (tooEarlyMs > 0) wait.timeout(tooEarlyMs, () => chance.resolve(), "device pause");
    else chance.resolve();
  });
  wait.timeout(delayMs, () => chance.resolve(), "device poll");
  try {
    await withSignal(chance.promise, device.signal);
  } finally {
    void wait.dispose();
  }
  return Math.min(systemClock.now() - begun, delayMs);
}
