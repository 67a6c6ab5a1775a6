import type { AudioFrame } from "../capture/source.js";
import type { AudioStreamError } from "../errors.js";
import type { AudioRange } from "../internal/range-set.js";

/** What of a frame is kept. A payload without bytes is of a frame that is not to be heard. */
export type RecordedFrame = Pick<AudioFrame, "position" | "sampleCount" | "payload">;

/** What was captured, by position: each sample once, silence where none was. */
export interface KeptAudio {
  /** Position after the last sample. */
  readonly end: number;
  /** Where silence stands for what was not captured, in order. */
  readonly gaps: readonly AudioRange[];
  readonly byteLength: number;
  /** Takes a frame. What it has of samples that are there already is left out. */
  push(frame: RecordedFrame): void;
  /** A file of everything that was pushed by now. @throws AudioStreamError if there is none, and never will be. */
  toBlob(): Promise<Blob>;
  /** Nothing more comes: lets go of what makes the file, as soon as that is whole. */
  finish(): void;
}

/** Told, at most once, that nothing more is kept. */
export type OnIncomplete = (error: AudioStreamError<"recording-incomplete">) => void;
