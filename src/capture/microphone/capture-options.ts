import type { MicrophoneOptions } from "./microphone-options.js";

/** What a capture is opened with: a microphone to be acquired, or sound that the caller gives. */
export interface CaptureOptions extends MicrophoneOptions {
  /** Capture what comes out of this node; `audioContext` is its own. */
  readonly node?: AudioNode | undefined;
  /** The caller's stream that the given track is of. Its tracks may be exchanged. */
  readonly stream?: MediaStream | undefined;
}

/** What the caller gave, and owns. */
export function givenSound({ node, track }: CaptureOptions): AudioNode | MediaStreamTrack | undefined {
  return node ?? track;
}
