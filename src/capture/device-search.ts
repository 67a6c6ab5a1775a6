import { isAudioStreamError } from "../errors.js";
import { withSignal } from "../internal/abort.js";
import { systemClock } from "../internal/clock.js";
import { deferred } from "../internal/deferred.js";
import type { Scope } from "../internal/scope.js";
import { acquireTrack } from "./device.js";
import { deviceLost } from "./media-errors.js";
import type { MicrophoneOptions } from "./microphone-options.js";
import { listInputs, onDevicesChanged } from "./microphones.js";

/** How often is asked again where the browser tells of no change. */
const POLL_MS = 2_000;

/** By what a device is known again. Browsers leave empty what they do not tell. */
export interface DeviceIdentity {
  readonly deviceId: string;
  readonly groupId: string;
  readonly label: string;
}

export function identityOf(track: MediaStreamTrack): DeviceIdentity {
  const { deviceId = "", groupId = "" } = track.getSettings();
  return { deviceId, groupId, label: track.label };
}

/**
 * Acquires the lost device again, or the browser's choice where it is gone; waits for one to come where there is none.
 * @param device owns the new track, and ends the waiting.
 * @param limitMs how long is waited while there is no device at all; the time of a prompt does not count.
 * @throws AudioStreamError `permission-denied` at once, `device-lost` when none came in time; the reason of the scope's end.
 */
export async function searchTrack(
  device: Scope,
  options: MicrophoneOptions,
  lost: DeviceIdentity | undefined,
  limitMs: number,
): Promise<MediaStreamTrack> {
  let leftMs = limitMs;
  for (;;) {
    if (leftMs <= 0) throw deviceLost(limitMs);
    try {
      return await acquireTrack(device, { ...options, deviceId: await preference(device, options, lost) });
    } catch (error) {
      device.signal.throwIfAborted();
      if (isAudioStreamError(error, "permission-denied")) throw error;
    }
    leftMs -= await nextChance(device, Math.min(POLL_MS, leftMs));
  }
}

/** Whether the browser lists the device; `undefined` where it does not say. */
export async function isListed({ deviceId }: DeviceIdentity): Promise<boolean | undefined> {
  const inputs = await listInputs();
  return deviceId === "" ? undefined : inputs?.some((input) => input.deviceId === deviceId);
}

/** The id that the device has now, which may be another after it was plugged in again; `undefined` while it is gone. */
export async function findDevice(lost: DeviceIdentity): Promise<string | undefined> {
  const inputs = (await listInputs()) ?? [];
  const again =
    inputs.find(({ deviceId }) => deviceId !== "" && deviceId === lost.deviceId) ??
    inputs.find(({ label }) => label !== "" && label === lost.label) ??
    inputs.find(({ groupId }) => groupId !== "" && groupId === lost.groupId);
  return again?.deviceId || undefined;
}

/** A wish, not a demand: what is not there is passed over without a second prompt. */
async function preference(
  device: Scope,
  options: MicrophoneOptions,
  lost: DeviceIdentity | undefined,
): Promise<ConstrainDOMString | undefined> {
  if (lost === undefined) return options.deviceId;
  const deviceId = (await withSignal(findDevice(lost), device.signal)) ?? lost.deviceId;
  return deviceId === "" ? options.deviceId : deviceId;
}

/** Waits for a change of the devices, or the delay. @returns how long that was; what a timer came too late does not count. */
async function nextChance(device: Scope, delayMs: number): Promise<number> {
  const chance = deferred<void>();
  const wait = device.child("waiting");
  const begun = systemClock.now();
  onDevicesChanged(wait, () => chance.resolve());
  wait.timeout(delayMs, () => chance.resolve(), "device poll");
  try {
    await withSignal(chance.promise, device.signal);
  } finally {
    void wait.dispose();
  }
  return Math.min(systemClock.now() - begun, delayMs);
}
