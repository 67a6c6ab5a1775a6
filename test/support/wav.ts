import { readFile } from "node:fs/promises";

/** One channel of audio, samples from -1 to 1. */
export interface MonoAudio {
  readonly samples: Float64Array;
  /** Hz. */
  readonly sampleRate: number;
}

const HEADER_BYTES = 44;

/** @throws Error when the bytes are not a complete WAV file of 16-bit mono PCM whose header tells the truth. */
export function parseWav(bytes: Uint8Array): MonoAudio {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tag = (offset: number): string => String.fromCharCode(...bytes.subarray(offset, offset + 4));
  if (bytes.byteLength < HEADER_BYTES || tag(0) !== "RIFF" || tag(8) !== "WAVE") throw new Error("Not a WAV file.");
  const riffBytes = view.getUint32(4, true);
  if (riffBytes !== bytes.byteLength - 8) {
    throw new Error(`The RIFF header says ${riffBytes} bytes follow, and ${bytes.byteLength - 8} do.`);
  }
  let sampleRate: number | undefined;
  for (let offset = 12; offset + 8 <= bytes.byteLength; ) {
    const size = view.getUint32(offset + 4, true);
    const body = offset + 8;
    if (body + size > bytes.byteLength) throw new Error(`The chunk "${tag(offset)}" is longer than the file.`);
    if (tag(offset) === "fmt ") {
      const [kind, channels, bits] = [0, 2, 14].map((at) => view.getUint16(body + at, true));
      if (kind !== 1 || channels !== 1 || bits !== 16) {
        throw new Error(`Expected 16-bit mono PCM, found format ${kind} with ${channels} channels of ${bits} bits.`);
      }
      sampleRate = view.getUint32(body + 4, true);
    } else if (tag(offset) === "data") {
      if (sampleRate === undefined) throw new Error('The "data" chunk comes before the "fmt " chunk.');
      const samples = Float64Array.from({ length: size >> 1 }, (_, i) => view.getInt16(body + i * 2, true) / 32768);
      return { samples, sampleRate };
    }
    offset = body + size + (size % 2);
  }
  throw new Error('The WAV file has no "data" chunk.');
}

/** Rounds to 16 bits. @param channels of one length and rate. */
export function encodeWav(...channels: readonly [MonoAudio, ...MonoAudio[]]): Uint8Array {
  const [{ samples, sampleRate }] = channels;
  const frameBytes = channels.length * 2;
  const dataBytes = samples.length * frameBytes;
  const bytes = new Uint8Array(HEADER_BYTES + dataBytes);
  const view = new DataView(bytes.buffer);
  const tag = (offset: number, text: string): void => {
    for (let i = 0; i < 4; i++) bytes[offset + i] = text.charCodeAt(i);
  };
  tag(0, "RIFF");
  view.setUint32(4, bytes.byteLength - 8, true);
  tag(8, "WAVE");
  tag(12, "fmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, channels.length, true);
  view.setUint32(24, sampleRate, true);
  view.setUint32(28, sampleRate * frameBytes, true);
  view.setUint16(32, frameBytes, true);
  view.setUint16(34, 16, true);
  tag(36, "data");
  view.setUint32(40, dataBytes, true);
  for (const [channel, { samples }] of channels.entries()) {
    samples.forEach((sample, i) => {
      const scaled = Math.max(-32768, Math.min(32767, Math.round(sample * 32768)));
      view.setInt16(HEADER_BYTES + i * frameBytes + channel * 2, scaled, true);
    });
  }
  return bytes;
}

export const readWav = async (path: string): Promise<MonoAudio> => parseWav(await readFile(path));
