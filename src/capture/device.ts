import { withSignal } from "../internal/abort.js";
import type { Scope } from "../internal/scope.js";
import { captureFailed, deviceLost, getUserMediaError, isDeviceIdError, messageOf } from "./media-errors.js";
import { audioConstraints, type MicrophoneOptions } from "./microphone-options.js";

/**
 * The given track, or one that the browser asks the person for. An acquired track belongs to the scope: it stops when
 * the scope ends, also if the browser delivers it only after that.
 * @throws AudioStreamError, or the reason of the scope's end.
 */
export async function acquireTrack(scope: Scope, options: MicrophoneOptions): Promise<MediaStreamTrack> {
  scope.signal.throwIfAborted();
  if (options.track !== undefined) {
    if (options.track.readyState === "ended") throw deviceLost();
    return options.track;
  }
  try {
    return await request(scope, options);
  } catch (error) {
    scope.signal.throwIfAborted();
    if (options.deviceId === undefined || !isDeviceIdError(error)) throw getUserMediaError(error);
  }
  try {
    return await request(scope, { ...options, deviceId: undefined });
  } catch (error) {
    scope.signal.throwIfAborted();
    throw getUserMediaError(error);
  }
}

function request(scope: Scope, options: MicrophoneOptions): Promise<MediaStreamTrack> {
  const acquired = navigator.mediaDevices.getUserMedia({ audio: audioConstraints(options) }).then((stream) => {
    for (const track of stream.getTracks()) scope.defer("microphone track", () => track.stop());
    const [track] = stream.getAudioTracks();
    if (track === undefined) throw new DOMException("The stream has no audio track.", "NotFoundError");
    return track;
  });
  return withSignal(acquired, scope.signal);
}

/** Leads the track's sound to the node until the scope ends. @throws AudioStreamError `capture-failed`. */
export function connectTrack(scope: Scope, context: AudioContext, track: MediaStreamTrack, node: AudioNode): void {
  try {
    const source = context.createMediaStreamSource(new MediaStream([track]));
    // The registration also keeps the source alive: engines have collected sources that nothing refers to.
    scope.defer("microphone source node", () => source.disconnect());
    source.connect(node);
  } catch (cause) {
    throw captureFailed(
      `The microphone could not be connected to the audio context: ${messageOf(cause)} Where you give the audioContext, ` +
        "create it without a sampleRate, because Firefox does not connect devices of another rate.",
      cause,
    );
  }
}
