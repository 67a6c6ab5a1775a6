import type { AudioFormat } from "../capture/source.js";

/** What the source has to deliver. */
export function sourceFormat(format: AudioFormat): AudioFormat {
  return format.encoding === "opus" ? { ...format, encoding: "pcm_f32le" } : format;
}
