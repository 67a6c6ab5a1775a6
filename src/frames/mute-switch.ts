import type { PlacedFrame } from "../capture/inlet/frame-inlet.js";
import { AudioFrameFlag, silenceByte } from "../protocol/audio-frame.js";
import type { AudioEncoding } from "../protocol/messages.js";

/** Whether a frame is silent because the microphone was muted. */
export const isMuted = ({ flags }: Pick<PlacedFrame, "flags">): boolean => (flags & AudioFrameFlag.muted) !== 0;

/**
 * One state of being muted, applied to every frame on its way to the session, so that nothing which happens to device or
 * connection can undo it. A frame is silenced whole if any of it was captured while muted, however late it comes.
 */
export class MuteSwitch {
  readonly #silence: number;
  #muted = false;
  #unmutedAt = Number.NEGATIVE_INFINITY;

  constructor(encoding: AudioEncoding) {
    this.#silence = silenceByte(encoding);
  }

  get muted(): boolean {
    return this.#muted;
  }

  /** @param now on the `performance.now()` clock. */
  set(muted: boolean, now: number): void {
    if (this.#muted && !muted) this.#unmutedAt = now;
    this.#muted = muted;
  }

  /** Silences the frame and marks it, if any of it was captured while muted. */
  apply(frame: PlacedFrame): void {
    if (!this.#muted && frame.timestamp >= this.#unmutedAt) return;
    // Silence that is sent while somebody speaks, and only then, would say when they do.
    if (frame.voice?.withholds === true) frame.payload = new Uint8Array();
    else frame.payload.fill(this.#silence);
    frame.flags |= AudioFrameFlag.muted;
    frame.mutedPeakLevel = frame.peakLevel;
    frame.peakLevel = 0;
    frame.rmsLevel = 0;
  }
}
