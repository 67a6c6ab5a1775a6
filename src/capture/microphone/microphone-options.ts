import { checkBoolean, checkDeviceId, checkObject } from "../../internal/arguments.js";
import { CHANNEL_POLICIES, type ChannelPolicy } from "../../worklet/port-messages.js";

/** What an option of the microphone is when it is not given. */
export const MICROPHONE_DEFAULTS = Object.freeze({ deviceLossTimeoutMs: 30_000 });

/**
 * Which microphone, and how the browser treats its sound. Names, meanings and units are those of `MediaTrackConstraints`;
 * each but a plain `deviceId` is a preference. Fixed at construction, checked there.
 */
export interface MicrophoneOptions {
  /**
   * A plain id and `exact` choose a device: no other is used as long as it is there. If it is not there, the browser's
   * choice is used in its place, with the warning `device-fallback`, until the chosen one comes back. `ideal` is a wish.
   * `"default"` and no id at all follow the system's default as far as the browser lists it. @defaultValue the browser's
   * choice
   */
  readonly deviceId?: ConstrainDOMString | undefined;
  /**
   * What the device is asked to deliver. Browsers that cancel echo may deliver one channel all the same.
   * @defaultValue the browser's choice; 2 where `channels` needs two
   */
  readonly channelCount?: 1 | 2 | undefined;
  /**
   * What becomes of the device's channels. `"mix"`: one channel, the mean of those that carry sound, so that a microphone
   * on one side of a stereo interface keeps its level; `"left"`, `"right"`: that one alone; `"stereo"`: both, for a stream
   * whose `channelCount` is 2. A device with one channel gives it for each.
   * @defaultValue `"mix"`; `"stereo"` where the stream's `channelCount` is 2
   */
  readonly channels?: ChannelPolicy | undefined;
  /** @defaultValue the browser's choice */
  readonly echoCancellation?: boolean | undefined;
  /** @defaultValue the browser's choice */
  readonly noiseSuppression?: boolean | undefined;
  /** @defaultValue the browser's choice */
  readonly autoGainControl?: boolean | undefined;
  /**
   * How long a microphone that is lost while it is in use, with no other to take its place, is waited for, in milliseconds,
   * before the stream ends with `device-lost`; 0: not at all. Audio of the page that fails is mended for as long, 0: once,
   * before the stream ends with `capture-failed`. Time in which the page sleeps does not count. @defaultValue 30_000
   */
  readonly deviceLossTimeoutMs?: number | undefined;
  /** Capture from this track instead of prompting; it is never stopped by the stream. */
  readonly track?: MediaStreamTrack | undefined;
  /** Use this context instead of creating one; it is never closed by the stream. Resumed when the capture opens. */
  readonly audioContext?: AudioContext | undefined;
  /**
   * Address of a copy of the package's `capture.worklet.js` on your own site, for pages whose Content Security Policy
   * forbids `blob:`. @defaultValue the code inside the package, loaded from a blob
   */
  readonly workletUrl?: string | URL | undefined;
}

const MAX_DEVICE_LOSS_TIMEOUT_MS = 86_400_000;

const SWITCHES = ["echoCancellation", "noiseSuppression", "autoGainControl"] as const;
const CONSTRAINTS = ["deviceId", "channelCount", ...SWITCHES] as const;

/** @throws TypeError for a value of the wrong kind, RangeError for one out of range. */
export function checkMicrophoneOptions(options: MicrophoneOptions): void {
  checkObject("microphone", options, " of options, such as { deviceId }");
  const { deviceId, channelCount, channels, deviceLossTimeoutMs, track, audioContext, workletUrl } = options;
  checkDeviceId(deviceId);
  if (channelCount !== undefined && channelCount !== 1 && channelCount !== 2) {
    throw new RangeError(`channelCount must be 1 or 2, and is ${String(channelCount)}.`);
  }
  if (channels !== undefined && !CHANNEL_POLICIES.includes(channels)) {
    throw new TypeError(`channels must be one of ${CHANNEL_POLICIES.join(", ")}, and is ${String(channels)}.`);
  }
  for (const name of SWITCHES) checkBoolean(name, options[name]);
  if (deviceLossTimeoutMs !== undefined) {
    if (typeof deviceLossTimeoutMs !== "number") {
      throw new TypeError(`deviceLossTimeoutMs must be a number, and is ${typeof deviceLossTimeoutMs}.`);
    }
    if (!(deviceLossTimeoutMs >= 0 && deviceLossTimeoutMs <= MAX_DEVICE_LOSS_TIMEOUT_MS)) {
      throw new RangeError(
        `deviceLossTimeoutMs must be between 0 and ${MAX_DEVICE_LOSS_TIMEOUT_MS} ms, and is ${deviceLossTimeoutMs}.`,
      );
    }
  }
  if (track !== undefined) {
    if (!isObject(track) || track.kind !== "audio") throw new TypeError("track must be an audio MediaStreamTrack.");
    for (const name of CONSTRAINTS) {
      if (options[name] !== undefined) throw new TypeError(`${name} has no effect on a given track: leave it out.`);
    }
  }
  if (audioContext !== undefined && !(isObject(audioContext) && "createMediaStreamSource" in audioContext)) {
    throw new TypeError("audioContext must be an AudioContext.");
  }
  if (workletUrl !== undefined) checkWorkletUrl(workletUrl);
}

/** @throws TypeError for what is no address. */
export function checkWorkletUrl(workletUrl: unknown): void {
  if (!(workletUrl instanceof URL) && (typeof workletUrl !== "string" || workletUrl === "")) {
    throw new TypeError("workletUrl must be a URL or a string that is not empty.");
  }
}

/** What is asked of `getUserMedia`. */
export function audioConstraints(options: MicrophoneOptions): MediaTrackConstraints | true {
  const { channels = "mix", channelCount = channels === "mix" ? undefined : 2 } = options;
  const wanted = { ...options, channelCount };
  const asked = CONSTRAINTS.filter((name) => wanted[name] !== undefined).map((name) => [name, wanted[name]]);
  return asked.length === 0 ? true : Object.fromEntries(asked);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
