import { withSignal } from "../internal/abort.js";
import type { Scope } from "../internal/scope.js";
import { getUserMediaError, isDeviceIdError } from "./media-errors.js";
import { audioConstraints, type MicrophoneOptions } from "./microphone-options.js";

/**
 * A track that the browser asks the person for. It belongs to the scope: it stops when the scope ends, also if the
 * browser delivers it only after that. A device that is gone is asked for once more without its id.
 * @throws AudioStreamError, or the reason of the scope's end.
 */
export async function acquireTrack(scope: Scope, options: MicrophoneOptions): Promise<MediaStreamTrack> {
  try {
    return await request(scope, options);
  } catch (error) {
    scope.signal.throwIfAborted();
    if (options.deviceId === undefined || !isDeviceIdError(error)) throw getUserMediaError(error);
  }
  return acquireExactTrack(scope, { ...options, deviceId: undefined });
}

/** As {@link acquireTrack}, but no other device than the one that is asked for. */
export async function acquireExactTrack(scope: Scope, options: MicrophoneOptions): Promise<MediaStreamTrack> {
  try {
    return await request(scope, options);
  } catch (error) {
    scope.signal.throwIfAborted();
    throw getUserMediaError(error);
  }
}

async function request(scope: Scope, options: MicrophoneOptions): Promise<MediaStreamTrack> {
  scope.signal.throwIfAborted();
  const acquired = navigator.mediaDevices.getUserMedia({ audio: audioConstraints(options) }).then((stream) => {
    for (const track of stream.getTracks()) scope.defer("microphone track", () => track.stop());
    const [track] = stream.getAudioTracks();
    if (track === undefined) throw new DOMException("The stream has no audio track.", "NotFoundError");
    if (track.readyState === "ended") throw new DOMException("The device ended at once.", "NotReadableError");
    return track;
  });
  return withSignal(acquired, scope.signal);
}
