import type { AudioFormat, AudioFrame } from "../capture/source.js";
import { AudioStreamError } from "../errors.js";
import { bytesPerSample, isWithheld, MAX_FRAME_SAMPLES } from "../protocol/audio-frame.js";

/**
 * Checks that a source delivers what a stream can carry. A frame that cannot be would otherwise be sent as sound that
 * nobody made, at a place where it does not belong.
 */
export class FrameCheck {
  readonly #sampleBytes: number;
  /** Position after the last frame. */
  #next = 0;

  /** @param format of the frames; not Opus, whose samples have no fixed size. */
  constructor({ encoding, channelCount }: AudioFormat) {
    this.#sampleBytes = (bytesPerSample(encoding) ?? 1) * channelCount;
  }

  /** Position after the last frame that may go on. */
  get next(): number {
    return this.#next;
  }

  /** @returns what is wrong with the frame, or `undefined` if it may go on. */
  faultOf(frame: AudioFrame): AudioStreamError<"capture-failed"> | undefined {
    const wrong = this.#wrong(frame);
    if (wrong === undefined) {
      this.#next = frame.position + frame.sampleCount;
      return undefined;
    }
    const message = `The audio source gave a frame that cannot be: ${wrong}. Correct the source, and start again.`;
    return new AudioStreamError("capture-failed", message, { details: undefined });
  }

  #wrong({ payload, position, sampleCount, timestamp, voice }: AudioFrame): string | undefined {
    if (!(Number.isInteger(sampleCount) && sampleCount >= 1 && sampleCount <= MAX_FRAME_SAMPLES)) {
      return `sampleCount must be a whole number from 1 to ${MAX_FRAME_SAMPLES}, and is ${sampleCount}`;
    }
    if (!(Number.isSafeInteger(position) && position >= this.#next)) {
      return `position must be a whole number from ${this.#next} on, where the frame before ended, and is ${position}`;
    }
    if (!(payload instanceof Uint8Array)) return "payload must be a Uint8Array";
    const bytes = sampleCount * this.#sampleBytes;
    if (payload.byteLength !== bytes && !(voice !== undefined && isWithheld({ payload }))) {
      return `payload must have ${bytes} bytes for ${sampleCount} samples, and has ${payload.byteLength}`;
    }
    // What is muted is decided by when it was captured.
    if (!Number.isFinite(timestamp)) return `timestamp must be a number, and is ${timestamp}`;
    return undefined;
  }
}
