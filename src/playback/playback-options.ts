import { checkEach, checkFunction, checkObject, checkUrl, numberFrom, optional } from "../internal/arguments.js";

/** Options of {@link playback}. */
export interface PlaybackOptions {
  /**
   * Audio that has to be there before the player begins, and before it goes on after it ran empty, 0 to 5_000. More rides out
   * a worse network, and is heard later. What the server has ended is played at once. @defaultValue 120
   */
  readonly cushionMs?: number | undefined;
  /** Where `dist/playback.worklet.js` is served, for pages whose policy forbids modules from a blob. */
  readonly workletUrl?: string | URL | undefined;
  /** The device to play on, as `enumerateDevices()` names it, where the browser can choose. @defaultValue "", its default */
  readonly sinkId?: string | undefined;
  /**
   * Returns the node that the sound is led to, in place of the loudspeaker: for volume, meters or an echo reference.
   * @defaultValue (context) => context.destination
   */
  readonly output?: ((context: AudioContext) => AudioNode) | undefined;
}

/** {@link PlaybackOptions} with the defaults filled in. */
export interface CheckedPlaybackOptions {
  readonly cushionMs: number;
  readonly workletUrl: string | URL | undefined;
  readonly sinkId: string;
  readonly output: (context: AudioContext) => AudioNode;
}

const DEFAULTS = { cushionMs: 120, sinkId: "" };

/** @throws TypeError or RangeError naming the option that cannot be. */
export function checkPlaybackOptions(options: PlaybackOptions): CheckedPlaybackOptions {
  checkObject("options", options);
  const { workletUrl, output = (context) => context.destination } = options;
  const { cushionMs, sinkId } = checkEach("", options, DEFAULTS, {
    cushionMs: numberFrom(0, 5_000),
    sinkId: checkSinkId,
    workletUrl: optional(checkUrl),
    output: optional(checkFunction),
  });
  return { cushionMs, sinkId, workletUrl, output };
}

/** @throws TypeError if it is no id of a device. */
export function checkSinkId(name: string, value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`${name} must be a string, and is ${typeof value}.`);
  return value;
}
