import { Scope } from "../internal/scope.js";
import { captureFailed, insecureContext, messageOf, noMediaDevices } from "./media-errors.js";
import { microphonePermission } from "./permission.js";
import { missingCaptureFeatures } from "./requirements.js";

/** A microphone that the browser tells of. */
export interface MicrophoneInfo {
  /** For the option `deviceId` and for `setDevice()`; empty until the page has had the microphone's permission. */
  readonly deviceId: string;
  /** The same for all parts of one piece of hardware; empty where the browser does not tell. */
  readonly groupId: string;
  /** For people; empty until the page has had the microphone's permission. */
  readonly label: string;
}

/** How long the list is watched. */
export interface WatchMicrophonesOptions {
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

/**
 * The microphones that can be chosen, in the browser's order. Asks for no permission: until the page has been given the
 * microphone once, browsers tell at most that there is one, with an empty id and label.
 * @throws AudioStreamError `insecure-context`, `unsupported`, or `capture-failed` where the browser does not tell.
 */
export async function listMicrophones(): Promise<MicrophoneInfo[]> {
  checkDevices();
  try {
    return (await audioInputs()).map(({ deviceId, groupId, label }) => ({ deviceId, groupId, label }));
  } catch (cause) {
    throw captureFailed(`The browser does not list its microphones: ${messageOf(cause)}`, cause);
  }
}

/**
 * Tells the microphones now, and again whenever the list changes: when one is plugged in or out, and, where the browser
 * tells of that, when the permission is given and the labels with it. What the browser fails to tell is passed over.
 * @throws AudioStreamError `insecure-context` or `unsupported`.
 */
export function watchMicrophones(
  callback: (microphones: MicrophoneInfo[]) => void,
  { signal }: WatchMicrophonesOptions,
): void {
  checkDevices();
  if (signal.aborted) return;
  const scope = new Scope({ name: "microphone list" });
  scope.follow(signal, (reason) => void scope.dispose(reason));
  let told: string | undefined;
  const tell = async (): Promise<void> => {
    const microphones = await listMicrophones().catch(() => undefined);
    const list = JSON.stringify(microphones);
    if (microphones === undefined || scope.disposed || list === told) return;
    told = list;
    callback(microphones);
  };
  onDevicesChanged(scope, () => void tell());
  void microphonePermission().then((status) => {
    if (status !== undefined) scope.listen(status, "change", () => void tell());
  });
  void tell();
}

/** The microphones that the browser tells of; `undefined` where it fails to. */
export async function listInputs(): Promise<MediaDeviceInfo[] | undefined> {
  try {
    return await audioInputs();
  } catch {
    return undefined;
  }
}

/** Calls back when the browser's list of devices changes, until the scope ends; never where it does not tell. */
export function onDevicesChanged(scope: Scope, callback: () => void): void {
  const devices: Partial<MediaDevices> | undefined = globalThis.navigator?.mediaDevices;
  if (typeof devices?.addEventListener === "function") scope.listen(devices as MediaDevices, "devicechange", callback);
}

async function audioInputs(): Promise<MediaDeviceInfo[]> {
  return (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "audioinput");
}

function checkDevices(): void {
  const missing = missingCaptureFeatures();
  if (missing.includes("secure-context")) throw insecureContext();
  if (missing.includes("media-devices")) throw noMediaDevices();
}
