import type { AudioSource } from "../source.js";
import { MicrophoneCapture } from "./microphone-capture.js";
import { checkMicrophoneOptions, type MicrophoneOptions } from "./microphone-options.js";

/**
 * The microphone as a source, captured on the audio thread at the device's own rate. Does nothing until it
 * is opened; open it inside a click's handler, so that browsers let the audio context run. A device that is lost is
 * acquired again, or another in its place.
 * @throws TypeError or RangeError naming the option that is wrong.
 */
export function microphone(options: MicrophoneOptions = {}): AudioSource {
  checkMicrophoneOptions(options);
  return { canGate: true, open: (openOptions) => MicrophoneCapture.open(options, openOptions) };
}
