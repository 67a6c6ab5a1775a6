import type { AudioFormat } from "../capture/source.js";
import type { AudioStreamError } from "../errors.js";
import type { Scope } from "../internal/scope.js";

/** Keeping what a stream captures, as a value, so that only an application that uses it carries it. */
export interface ImportedRecording {
  /**
   * Has a stream kept from now on. Called again when another running side takes the place of one that died.
   * @returns where the running side posts each frame, sends back each number that comes, and says `"end"` when nothing more comes;
   * `undefined` if the stream is not kept.
   */
  record(parts: RecordingParts): MessagePort | undefined;
}

export interface RecordingParts {
  /** The stream's scope. */
  readonly scope: Scope;
  /** The format of the frames. */
  readonly format: AudioFormat;
  /** Not all is kept. */
  onWarning(error: AudioStreamError): void;
}
