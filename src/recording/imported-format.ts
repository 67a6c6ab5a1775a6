import type { AudioFormat } from "../capture/source.js";
import type { KeptAudio, OnIncomplete } from "./kept-audio.js";
import type { OggOpus } from "./opus/ogg-opus.js";

/** A format other than WAV as a value, so that only an application that uses it carries it. */
export interface ImportedFormat extends OggOpus {
  /** @throws AudioStreamError `unsupported` if this browser is known not to make it. */
  check(): void;
  keep(format: AudioFormat, maxBytes: number, onIncomplete: OnIncomplete): KeptAudio;
}
