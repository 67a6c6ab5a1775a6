import { AUDIO_FRAME_HEADER_BYTES, AUDIO_FRAME_KIND } from "loquilex/protocol";

/** Samples of a frame of 5 milliseconds at 8 kHz, the smallest that the SDK makes. */
const SAMPLES_PER_FRAME = 40;
/** Shorter frames come where a stream ends or is muted, and where large frames are split. */
const SPARE_FRAMES = 2_000;

/**
 * How many frames a client may send for the audio in them. The work of a frame hardly depends on its length, so that
 * frames of one sample are a flood, and so are gaps with hardly any audio between them. It counts frames and samples and asks no clock.
 */
export class FrameBudget {
  #left = SPARE_FRAMES;

  /** Whether another frame is within the budget, whatever it is. */
  get hasRoom(): boolean {
    return this.#left >= 1;
  }

  /** @returns whether the frame is within the budget. What is no frame costs nothing: others decide about it. */
  take(message: Uint8Array): boolean {
    if (message[0] !== AUDIO_FRAME_KIND || message.byteLength <= AUDIO_FRAME_HEADER_BYTES) return true;
    const samples = (message[2] ?? 0) + 256 * (message[3] ?? 0);
    this.#left = Math.min(SPARE_FRAMES, this.#left - 1 + samples / SAMPLES_PER_FRAME);
    return this.#left >= 0;
  }
}
