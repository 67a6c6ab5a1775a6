import {
  checkBoolean,
  checkChannelCount,
  checkDeviceId,
  checkEach,
  checkObject,
  checkUrl,
  isObject,
  numberFrom,
  oneOf,
  optional,
} from "../../internal/arguments.js";
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
  /**
   * Whether the browser takes out what the loudspeakers play. `"all"`: whatever this computer plays, as far as the browser hears it;
   * `"remote-only"`: voices that come over a WebRTC connection, and nothing else, so that music the page plays stays in. Browsers that
   * do not know the two take them for `true`; `getCapabilities()` of the track names those that they know.
   * @defaultValue the browser's choice
   */
  readonly echoCancellation?: boolean | "all" | "remote-only" | undefined;
  /** Whether the browser takes out noise of the room. @defaultValue the browser's choice */
  readonly noiseSuppression?: boolean | undefined;
  /** Whether the browser evens out how loud it is. @defaultValue the browser's choice */
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

const CONSTRAINTS = ["deviceId", "channelCount", "echoCancellation", "noiseSuppression", "autoGainControl"] as const;

/** @throws TypeError for a value of the wrong kind, RangeError for one out of range. */
export function checkMicrophoneOptions(options: MicrophoneOptions): void {
  checkObject("microphone", options, " of options, such as { deviceId }");
  checkEach(
    "",
    options,
    {},
    {
      deviceId: optional(checkDeviceId),
      channelCount: optional(checkChannelCount),
      channels: optional(oneOf(CHANNEL_POLICIES)),
      echoCancellation: optional(oneOf([true, false, "all", "remote-only"])),
      noiseSuppression: optional(checkBoolean),
      autoGainControl: optional(checkBoolean),
      deviceLossTimeoutMs: optional(numberFrom(0, 86_400_000)),
      track: optional(checkTrack),
      audioContext: optional(checkContext),
      workletUrl: optional(checkUrl),
    },
  );
  if (options.track === undefined) return;
  for (const name of CONSTRAINTS) {
    if (options[name] !== undefined) throw new TypeError(`${name} has no effect on a given track: leave it out.`);
  }
}

function checkTrack(name: string, value: unknown): void {
  if (!isObject(value) || !("kind" in value) || value.kind !== "audio") {
    throw new TypeError(`${name} must be an audio MediaStreamTrack.`);
  }
}

function checkContext(name: string, value: unknown): void {
  if (!isObject(value) || !("createMediaStreamSource" in value)) {
    throw new TypeError(`${name} must be an AudioContext.`);
  }
}

/** What is asked of `getUserMedia`. */
export function audioConstraints(options: MicrophoneOptions): MediaTrackConstraints | true {
  const { channels = "mix", channelCount = channels === "mix" ? undefined : 2 } = options;
  const wanted = { ...options, channelCount };
  const asked = CONSTRAINTS.filter((name) => wanted[name] !== undefined).map((name) => [name, wanted[name]]);
  return asked.length === 0 ? true : Object.fromEntries(asked);
}
