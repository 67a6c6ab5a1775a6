/** How samples are kept in a WAV file: as they came, but for Opus, which is decoded to 16 bits. */
export type StoredEncoding = "pcm_s16le" | "pcm_f32le" | "mulaw";

/** What a WAV header says. */
export interface WavFormat {
  /** @defaultValue "pcm_s16le" */
  readonly encoding?: StoredEncoding | undefined;
  /** Hz. */
  readonly sampleRate: number;
  readonly channels: number;
}

/** Of 16-bit samples. The other encodings need more: {@link wavHeaderBytes}. */
export const WAV_HEADER_BYTES = 44;
export const MAX_WAV_HEADER_BYTES = 58;

/** Stands for "until the end of the file" while a recording is going on; players and converters understand it. */
export const UNKNOWN_SIZE = 0xffff_ffff;

/** The registered number of each encoding, the size of its samples, and the byte whose repetition is silence. */
const KINDS: Readonly<
  Record<StoredEncoding, { readonly tag: number; readonly bits: number; readonly silence: number }>
> = {
  pcm_s16le: { tag: 1, bits: 16, silence: 0 },
  pcm_f32le: { tag: 3, bits: 32, silence: 0 },
  mulaw: { tag: 7, bits: 8, silence: 0xff },
};

const encodingOf = (format: WavFormat): StoredEncoding => format.encoding ?? "pcm_s16le";

/** Bytes of one sample of all channels. */
export const bytesPerFrame = (format: WavFormat): number => (KINDS[encodingOf(format)].bits / 8) * format.channels;

/** The byte whose repetition is silence. */
export const silenceByte = (format: WavFormat): number => KINDS[encodingOf(format)].silence;

/** Bytes before the samples. */
export const wavHeaderBytes = (format: WavFormat): number =>
  encodingOf(format) === "pcm_s16le" ? WAV_HEADER_BYTES : MAX_WAV_HEADER_BYTES;

/** Bytes after the samples: a chunk of odd length is followed by one that does not count. */
export const wavPaddingBytes = (dataBytes: number): number => dataBytes % 2;

/** @param dataBytes size of the samples, or {@link UNKNOWN_SIZE}. */
export function encodeWavHeader(format: WavFormat, dataBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(wavHeaderBytes(format));
  const view = new DataView(bytes.buffer);
  const { tag, bits } = KINDS[encodingOf(format)];
  const frameBytes = bytesPerFrame(format);
  const isPcm = bytes.byteLength === WAV_HEADER_BYTES;
  const text = (offset: number, name: string) => {
    for (let index = 0; index < 4; index += 1) view.setUint8(offset + index, name.charCodeAt(index));
  };
  const riffBytes = dataBytes + wavPaddingBytes(dataBytes) + bytes.byteLength - 8;
  text(0, "RIFF");
  view.setUint32(4, Math.min(riffBytes, UNKNOWN_SIZE), true);
  text(8, "WAVE");
  text(12, "fmt ");
  view.setUint32(16, isPcm ? 16 : 18, true);
  view.setUint16(20, tag, true);
  view.setUint16(22, format.channels, true);
  view.setUint32(24, format.sampleRate, true);
  view.setUint32(28, format.sampleRate * frameBytes, true);
  view.setUint16(32, frameBytes, true);
  view.setUint16(34, bits, true);
  if (!isPcm) {
    // What is not 16-bit PCM has room for an extension, here of no bytes, and says how many samples there are.
    text(38, "fact");
    view.setUint32(42, 4, true);
    view.setUint32(46, dataBytes === UNKNOWN_SIZE ? UNKNOWN_SIZE : dataBytes / frameBytes, true);
  }
  text(bytes.byteLength - 8, "data");
  view.setUint32(bytes.byteLength - 4, dataBytes, true);
  return bytes;
}

/** Reads a header that {@link encodeWavHeader} wrote; `undefined` for anything else. */
export function decodeWavHeader(bytes: Uint8Array): WavFormat | undefined {
  if (bytes.byteLength < WAV_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const encoding = ENCODINGS.find((name) => KINDS[name].tag === view.getUint16(20, true));
  if (encoding === undefined) return undefined;
  const format = { encoding, sampleRate: view.getUint32(24, true), channels: view.getUint16(22, true) };
  const expected = encodeWavHeader(format, 0);
  const sizesAt = expected.byteLength === WAV_HEADER_BYTES ? [4, 40] : [4, 46, 54];
  const isSize = (index: number): boolean => sizesAt.some((at) => index >= at && index < at + 4);
  if (bytes.byteLength < expected.byteLength) return undefined;
  const same = expected.every((byte, index) => isSize(index) || byte === bytes[index]);
  return same && format.channels > 0 ? format : undefined;
}

const ENCODINGS = Object.keys(KINDS) as StoredEncoding[];
