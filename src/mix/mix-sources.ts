import type { AudioSource } from "../capture/source.js";

/** What becomes the two channels of a stream. */
export interface MixSources {
  /** Becomes the first channel; such as `microphone()`. Its track is the stream's. */
  readonly left: AudioSource;
  /** Becomes the second channel; such as `mediaStream()` with the sound of a tab or of a call. */
  readonly right: AudioSource;
}

/** How far the clocks of the two sources are apart. */
export interface MixFigures {
  /** By how many millionths the right source's clock is faster than the left one's; negative if it is slower. */
  readonly driftPpm: number;
  /** How much later the right channel is at present than the left one, in milliseconds, before it is corrected. */
  readonly skewMs: number;
}
