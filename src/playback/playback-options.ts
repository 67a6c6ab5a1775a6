import { checkEach, checkFunction, checkObject, checkUrl, numberFrom, optional } from "../internal/arguments.js";

/** When the microphone is silenced because the voice is heard: see {@link PlaybackOptions.halfDuplex}. */
export interface HalfDuplexOptions {
  /**
   * Loudness of the voice from which on the microphone is silenced, in dB below full scale, −90 to −10, as the peak of what is
   * played, before {@link PlaybackOptions.output} makes it louder or softer. By default that of a quiet room: a loudspeaker so
   * loud that the microphone hears the voice undiminished plays what is softer than that below the room's own noise.
   * @defaultValue -50
   */
  readonly thresholdDb?: number | undefined;
  /**
   * How long the microphone stays silenced after the voice was loud, in milliseconds, 100 to 5_000, beside the latency that the
   * browser knows of the loudspeaker. By default 250 for the room, in which sound that ends fades by 30 dB in half its
   * reverberation time, 0.2 to 0.5 s in small offices (https://vocal.com/?p=18474), and 50 for the microphone's own latency.
   * Loudspeakers over Bluetooth, and halls, need more. @defaultValue 300
   */
  readonly holdMs?: number | undefined;
}

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
  /**
   * Silences the microphone while the voice is loud and a little longer, for loudspeakers that the browser's echo cancellation
   * does not take out. The person cannot interrupt by voice then. @defaultValue false
   */
  readonly halfDuplex?: boolean | HalfDuplexOptions | undefined;
}

/** {@link PlaybackOptions} with the defaults filled in. */
export interface CheckedPlaybackOptions {
  readonly cushionMs: number;
  readonly workletUrl: string | URL | undefined;
  readonly sinkId: string;
  readonly output: (context: AudioContext) => AudioNode;
  readonly halfDuplex: { readonly thresholdDb: number; readonly holdMs: number } | undefined;
}

const DEFAULTS = { cushionMs: 120, sinkId: "", halfDuplex: false };
const HALF_DUPLEX_DEFAULTS = { thresholdDb: -50, holdMs: 300 };

/** @throws TypeError or RangeError naming the option that cannot be. */
export function checkPlaybackOptions(options: PlaybackOptions): CheckedPlaybackOptions {
  checkObject("options", options);
  const { workletUrl, output = (context) => context.destination } = options;
  const { cushionMs, sinkId, halfDuplex } = checkEach("", options, DEFAULTS, {
    cushionMs: numberFrom(0, 5_000),
    sinkId: checkSinkId,
    workletUrl: optional(checkUrl),
    output: optional(checkFunction),
    halfDuplex: checkHalfDuplex,
  });
  return { cushionMs, sinkId, workletUrl, output, halfDuplex };
}

function checkHalfDuplex(name: string, value: unknown): CheckedPlaybackOptions["halfDuplex"] {
  if (value === false) return undefined;
  const given = value === true ? {} : value;
  checkObject(name, given, ", true or false");
  return checkEach(`${name}.`, given, HALF_DUPLEX_DEFAULTS, {
    thresholdDb: numberFrom(-90, -10),
    holdMs: numberFrom(100, 5_000),
  });
}

/** @throws TypeError if it is no id of a device. */
export function checkSinkId(name: string, value: unknown): string {
  if (typeof value !== "string") throw new TypeError(`${name} must be a string, and is ${typeof value}.`);
  return value;
}
