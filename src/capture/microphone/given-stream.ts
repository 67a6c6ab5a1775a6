import type { FollowerParts, TrackFollower } from "./capture-options.js";

/** How often the tracks of a stream are looked up, in milliseconds. A page that exchanges them itself fires no event. */
const LOOK_MS = 1_000;

/** The audio track to be captured of a stream: the one that is captured, if it is live and part of it, else the first. */
export function trackOf(stream: MediaStream, current?: MediaStreamTrack): MediaStreamTrack | undefined {
  const live = stream.getAudioTracks().filter(isLive);
  return live.find((track) => track === current) ?? live[0];
}

/** Follows the audio track of a stream that the page gave and may change, until the scope ends. */
export class GivenStream implements TrackFollower {
  readonly #stream: MediaStream;
  readonly #parts: FollowerParts;
  #isFollowing = false;

  constructor(stream: MediaStream, parts: FollowerParts) {
    this.#stream = stream;
    this.#parts = parts;
    const look = (): void => {
      this.#look();
      parts.scope.timeout(LOOK_MS, look, "tracks of a given stream");
    };
    look();
  }

  ended(): void {
    this.#look();
    if (!this.#isFollowing) this.#parts.onEnded();
  }

  /** Another track takes the place of one that has left the stream, or has ended. */
  #look(): void {
    const { current } = this.#parts;
    const track = trackOf(this.#stream, current());
    if (track !== undefined && track !== current() && !this.#isFollowing) void this.#follow(track);
  }

  async #follow(track: MediaStreamTrack): Promise<void> {
    const { current, follow, onEnded, scope } = this.#parts;
    this.#isFollowing = true;
    // What cannot be captured now is tried again, as long as the one before goes on.
    await follow(track).catch(() => {});
    this.#isFollowing = false;
    if (!scope.disposed && !isLive(current())) onEnded();
  }
}

const isLive = (track: MediaStreamTrack | undefined): boolean => track?.readyState === "live";
