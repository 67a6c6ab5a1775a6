import type { AudioFormat } from "../../capture/source.js";
import type { Bytes } from "../../protocol/bytes.js";

/** Bytes that `String.fromCharCode` takes at once on every engine. */
const CHUNK_BYTES = 8_192;
const FULL_SCALE = 32_768;

export function toBase64(bytes: Bytes): string {
  let text = "";
  for (let at = 0; at < bytes.byteLength; at += CHUNK_BYTES)
    text += String.fromCharCode(...bytes.subarray(at, at + CHUNK_BYTES));
  return btoa(text);
}

/** 16-bit samples as 32-bit floats from −1 to 1, both little-endian. */
export function toFloats(bytes: Bytes): Bytes {
  const floats = new Uint8Array(bytes.byteLength * 2);
  const [from, to] = [new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), new DataView(floats.buffer)];
  for (let at = 0; at + 1 < bytes.byteLength; at += 2)
    to.setFloat32(at * 2, from.getInt16(at, true) / FULL_SCALE, true);
  return floats;
}

/** Why this is not one channel of 16-bit PCM, of this rate if one is given; `undefined` if it is. */
export function refuseUnlessMono(
  service: string,
  format: AudioFormat,
  sampleRate = format.sampleRate,
): string | undefined {
  if (format.encoding === "pcm_s16le" && format.channelCount === 1 && format.sampleRate === sampleRate) return;
  return `${service} takes one channel of 16-bit PCM at ${sampleRate} Hz here. Use encoding "pcm_s16le", channelCount 1 and sampleRate ${sampleRate}.`;
}
