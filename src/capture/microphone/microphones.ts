import { checkFunction, checkObject, checkSignal, optional } from "../../internal/arguments.js";
import { Scope } from "../../internal/scope.js";
import { within } from "../../internal/within.js";
import { captureFailed, insecureContext, listTimeout, messageOf, noMediaDevices } from "../media-errors.js";
import { missingCaptureFeatures } from "../requirements.js";
import { DeviceList } from "./devices/device-list.js";
import { onGrant } from "./permission/grants.js";
import { onPermissionChange, permissionWithin } from "./permission/permission.js";

/** How long a browser may take to list its devices, in milliseconds. A busy one takes seconds. */
const LIST_TIMEOUT_MS = 10_000;

/** A microphone that the browser lists. */
export interface MicrophoneInfo {
  /** For the option `deviceId` and for `setDevice()`; empty until the page has had the microphone's permission. */
  readonly deviceId: string;
  /** The same for all parts of one piece of hardware, and no identity; empty if the browser does not say. */
  readonly groupId: string;
  /** For people; empty until the page has had the microphone's permission. */
  readonly label: string;
  /** Whether the system has chosen it as the default; `false` for all if the browser does not say. */
  readonly isDefault: boolean;
}

/** How long the list is watched. */
export interface WatchMicrophonesOptions {
  /** Ends the watch, as the function does that {@link watchMicrophones} returns. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The microphones that can be chosen, in the browser's order, each once. Asks for no permission: until the page has been
 * given the microphone once, browsers reveal at most that there is one, with an empty id and label.
 * @throws AudioStreamError `insecure-context`, `unsupported`, or `capture-failed` if the browser does not list them.
 */
export async function listMicrophones(): Promise<MicrophoneInfo[]> {
  checkDevices();
  const scope = new Scope({ name: "microphone list" });
  try {
    const list = await listWithin(scope, LIST_TIMEOUT_MS);
    if (list === undefined) throw listTimeout(LIST_TIMEOUT_MS);
    const { devices, default: chosen } = list;
    return devices.map((device) => {
      const { deviceId, groupId, label } = device;
      return { deviceId, groupId, label, isDefault: device === chosen };
    });
  } finally {
    void scope.dispose();
  }
}

/**
 * Calls back with the microphones now, and again whenever the list changes: when one is plugged in or out, when the system
 * has another default, and when a stream has been given the microphone or, if the browser reports that, the permission is
 * given, and the labels with it. A list that the browser fails to give is passed over.
 * @returns what ends the watch.
 * @throws AudioStreamError `insecure-context` or `unsupported`, TypeError for a callback or a signal that is none.
 */
export function watchMicrophones(
  callback: (microphones: MicrophoneInfo[]) => void,
  options: WatchMicrophonesOptions = {},
): () => void {
  checkFunction("callback", callback);
  checkObject("options", options);
  const { signal } = options;
  optional(checkSignal)("signal", signal);
  checkDevices();
  const scope = new Scope({ name: "microphone list" });
  const stop = (): void => void scope.dispose();
  if (signal?.aborted) return stop;
  scope.follow(signal, (reason) => void scope.dispose(reason));
  let reported: string | undefined;
  let asked = 0;
  let answered = 0;
  const report = async (): Promise<void> => {
    asked += 1;
    const turn = asked;
    const microphones = await listMicrophones().catch(() => undefined);
    // An answer that comes after a newer one is old.
    if (microphones === undefined || scope.disposed || turn < answered) return;
    answered = turn;
    const list = JSON.stringify(microphones);
    if (list === reported) return;
    reported = list;
    callback(microphones);
  };
  onDevicesChanged(scope, () => void report());
  onGrant(scope, () => void report());
  void permissionWithin(scope).then((status) => {
    if (status !== undefined) onPermissionChange(scope, status, () => void report());
  });
  void report();
  return stop;
}

/** The microphones that the browser lists; `undefined` if it fails to, or not in time. @throws the reason of the scope's end. */
export async function listInputs(scope: Scope, timeoutMs = LIST_TIMEOUT_MS): Promise<DeviceList | undefined> {
  try {
    return await listWithin(scope, timeoutMs);
  } catch {
    scope.signal.throwIfAborted();
    return undefined;
  }
}

/** Calls back when the browser's list of devices changes, until the scope ends; never if the browser does not report it. */
export function onDevicesChanged(scope: Scope, callback: () => void): void {
  const devices: Partial<MediaDevices> | undefined = globalThis.navigator?.mediaDevices;
  if (typeof devices?.addEventListener === "function") scope.listen(devices as MediaDevices, "devicechange", callback);
}

async function listWithin(scope: Scope, timeoutMs: number): Promise<DeviceList | undefined> {
  const devices = await within(scope, timeoutMs, enumerate(), undefined);
  return devices && new DeviceList(devices);
}

async function enumerate(): Promise<MediaDeviceInfo[]> {
  try {
    return (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "audioinput");
  } catch (cause) {
    throw captureFailed(`The browser does not list its microphones: ${messageOf(cause)}`, cause);
  }
}

function checkDevices(): void {
  const missing = missingCaptureFeatures();
  if (missing.includes("secure-context")) throw insecureContext();
  if (missing.includes("media-devices")) throw noMediaDevices();
}
