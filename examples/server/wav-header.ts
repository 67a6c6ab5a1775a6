/** What a WAV header says about 16-bit PCM. */
export interface WavFormat {
  /** Hz. */
  readonly sampleRate: number;
  readonly channels: number;
}

export const WAV_HEADER_BYTES = 44;

/** Stands for "until the end of the file" while a recording is going on; players and converters understand it. */
export const UNKNOWN_SIZE = 0xffff_ffff;

export const bytesPerFrame = (format: WavFormat): number => 2 * format.channels;

/** @param dataBytes size of the samples, or {@link UNKNOWN_SIZE}. */
export function encodeWavHeader(format: WavFormat, dataBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(WAV_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  const tag = (offset: number, text: string) => {
    for (let index = 0; index < 4; index += 1) view.setUint8(offset + index, text.charCodeAt(index));
  };
  tag(0, "RIFF");
  view.setUint32(4, Math.min(dataBytes + WAV_HEADER_BYTES - 8, UNKNOWN_SIZE), true);
  tag(8, "WAVE");
  tag(12, "fmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, format.channels, true);
  view.setUint32(24, format.sampleRate, true);
  view.setUint32(28, format.sampleRate * bytesPerFrame(format), true);
  view.setUint16(32, bytesPerFrame(format), true);
  view.setUint16(34, 16, true);
  tag(36, "data");
  view.setUint32(40, dataBytes, true);
  return bytes;
}

/** Reads a header that {@link encodeWavHeader} wrote; `undefined` for anything else. */
export function decodeWavHeader(bytes: Uint8Array): WavFormat | undefined {
  if (bytes.byteLength < WAV_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const format = { sampleRate: view.getUint32(24, true), channels: view.getUint16(22, true) };
  const expected = encodeWavHeader(format, 0);
  const sizeBytes = new Set([4, 5, 6, 7, 40, 41, 42, 43]);
  const same = expected.every((byte, index) => sizeBytes.has(index) || byte === bytes[index]);
  return same && format.channels > 0 ? format : undefined;
}
