import type { Scope } from "../../internal/scope.js";
import type { MicrophoneOptions } from "./microphone-options.js";

/** What the tracks of a stream are followed with. */
export interface FollowerParts {
  readonly scope: Scope;
  /** The track that is captured. */
  current(): MediaStreamTrack | undefined;
  /** Captures from this track in place of the one before. If it rejects, the one before goes on. */
  follow(track: MediaStreamTrack): Promise<void>;
  /** The track that is captured has ended, and no other can be captured. */
  onEnded(): void;
}

/** Looks for another track when the one that is captured leaves its stream, or ends. */
export interface TrackFollower {
  /** The track that is captured has ended. */
  ended(): void;
}

/** What a capture is opened with: a microphone to be acquired, or sound that the caller gives. */
export interface CaptureOptions extends MicrophoneOptions {
  /** Capture what comes out of this node; `audioContext` is its own. */
  readonly node?: AudioNode | undefined;
  /** Follows the tracks of the caller's stream that the given track is of. */
  readonly follow?: ((parts: FollowerParts) => TrackFollower) | undefined;
}

/** What the caller gave, and owns. */
export function givenSound({ node, track }: CaptureOptions): AudioNode | MediaStreamTrack | undefined {
  return node ?? track;
}
