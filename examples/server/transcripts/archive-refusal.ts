/** Why something cannot be had from the archive. The message is a sentence for people. */
export class ArchiveRefusal extends Error {
  override readonly name = "ArchiveRefusal";
  readonly code: ArchiveRefusalCode;

  constructor(code: ArchiveRefusalCode, message: string) {
    super(message);
    this.code = code;
  }
}

export type ArchiveRefusalCode =
  | "unknown_session"
  | "unknown_recording"
  | "no_audio"
  | "no_times"
  | "several_recordings"
  | "several_files"
  | "still_recording"
  | "not_a_file"
  | "too_large";
