import { silenceByte } from "../../protocol/audio-frame.js";
import type { Bytes } from "../../protocol/bytes.js";
import type { AudioEncoding } from "../../protocol/messages.js";

/** Below −50 dB of full scale, in which no word is: linear, 0 to 1. */
const QUIET_PEAK = 10 ** (-50 / 20);
const FULL_SCALE_S16 = 32_768;
/** The code word whose value is closest to {@link QUIET_PEAK}: (2 × 15 + 33) << 1 − 33 of 8 159, from G.711. */
const MULAW_QUIET = 0x10;

/** Whether nobody speaks in this audio. Says no if it cannot tell. */
export function isQuiet(encoding: AudioEncoding, payload: Bytes): boolean {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  switch (encoding) {
    case "pcm_s16le":
      for (let at = 0; at + 1 < payload.byteLength; at += 2)
        if (Math.abs(view.getInt16(at, true)) > QUIET_PEAK * FULL_SCALE_S16) return false;
      return true;
    case "pcm_f32le":
      for (let at = 0; at + 3 < payload.byteLength; at += 4)
        if (!(Math.abs(view.getFloat32(at, true)) <= QUIET_PEAK)) return false;
      return true;
    case "mulaw":
      return payload.every((byte) => (~byte & 0x7f) <= MULAW_QUIET);
    case "opus":
      return false;
  }
}

/** So many bytes of silence. */
export function silenceOf(encoding: AudioEncoding, bytes: number): Bytes {
  return new Uint8Array(bytes).fill(silenceByte(encoding));
}
