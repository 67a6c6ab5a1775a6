import { readFile } from "node:fs/promises";
import type { AudioOffer } from "loquilex/protocol";
import { StartError } from "../start/start-error.js";

/** What sessions say: what a client says, or the sound of a file. */
export type Speech =
  | { readonly kind: "echo" }
  | {
      readonly kind: "file";
      readonly sampleRate: number;
      readonly channels: number;
      /** 16-bit samples, little-endian, the channels interleaved. */
      readonly samples: Uint8Array<ArrayBuffer>;
    };

/** @param setting of LX_PLAYBACK. @throws StartError for a file that is not there, or is no WAV file that can be played. */
export async function selectSpeech(setting: string): Promise<Speech | undefined> {
  if (setting === "off") return undefined;
  if (setting === "echo") return { kind: "echo" };
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(await readFile(setting));
  } catch (cause) {
    throw new StartError(
      `LX_PLAYBACK (or --playback) is ${JSON.stringify(setting)}, and no file can be read there: ${cause instanceof Error ? cause.message : cause}. It must be off, echo or the path of a WAV file.`,
    );
  }
  const file = readWav(bytes);
  if (typeof file !== "string") return file;
  throw new StartError(`LX_PLAYBACK (or --playback) is ${JSON.stringify(setting)}, and ${file}`);
}

/** @returns the file's sound, or why it cannot be played. */
export function readWav(bytes: Uint8Array<ArrayBuffer>): Extract<Speech, { kind: "file" }> | string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = (at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (bytes.byteLength < 12 || name(0) !== "RIFF" || name(8) !== "WAVE") return "it is no WAV file.";
  let format: { readonly sampleRate: number; readonly channels: number } | undefined;
  for (let at = 12; at + 8 <= bytes.byteLength; ) {
    const size = view.getUint32(at + 4, true);
    const content = at + 8;
    if (name(at) === "fmt " && content + 16 <= bytes.byteLength) {
      const isPcm = view.getUint16(content, true) === 1 && view.getUint16(content + 14, true) === 16;
      format = { channels: view.getUint16(content + 2, true), sampleRate: view.getUint32(content + 4, true) };
      const isPlayable =
        isPcm && [1, 2].includes(format.channels) && format.sampleRate >= 8_000 && format.sampleRate <= 96_000;
      if (!isPlayable) return "it must hold 16-bit PCM of one or two channels at 8000 to 96000 Hz.";
    }
    if (name(at) === "data") {
      if (format === undefined) return "it does not say what format it has.";
      const end = Math.min(bytes.byteLength, content + size);
      const whole = end - ((end - content) % (2 * format.channels));
      return { kind: "file", ...format, samples: bytes.subarray(content, whole) };
    }
    // Chunks begin at even places.
    at = content + size + (size % 2);
  }
  return "it holds no sound.";
}

/** Whether this client's own sound can be said back to it as it comes. */
export const canEcho = ({ encoding, sample_rate }: AudioOffer): boolean =>
  encoding === "pcm_s16le" && sample_rate <= 96_000;
