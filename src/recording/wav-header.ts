import type { AudioFormat } from "../capture/source.js";

/** How a WAV file names an encoding, and how many bytes a sample has. */
const ENCODINGS = {
  pcm_s16le: { tag: 1, sampleBytes: 2 },
  pcm_f32le: { tag: 3, sampleBytes: 4 },
  mulaw: { tag: 7, sampleBytes: 1 },
} as const;

/** RIFF and the format, then the count of samples, which only integers of PCM may leave out, then the data's own head. */
const PCM_BYTES = 44;
const OTHER_BYTES = 58;

const encodingOf = ({ encoding }: AudioFormat) => ENCODINGS[encoding as keyof typeof ENCODINGS];

/** Bytes of one sample in all channels. */
export const blockBytesOf = (format: AudioFormat): number => format.channelCount * encodingOf(format).sampleBytes;

/** The byte whose repetition is silence. */
export const silenceOf = ({ encoding }: AudioFormat): number => (encoding === "mulaw" ? 0xff : 0);

/**
 * What comes before the samples in a WAV file.
 * @param dataBytes of the samples; an odd number is followed by a byte that counts for the file alone.
 */
export function wavHeader(format: AudioFormat, dataBytes: number): Uint8Array<ArrayBuffer> {
  const { tag, sampleBytes } = encodingOf(format);
  const isInteger = tag === ENCODINGS.pcm_s16le.tag;
  const bytes = new Uint8Array(isInteger ? PCM_BYTES : OTHER_BYTES);
  const view = new DataView(bytes.buffer);
  const blockBytes = blockBytesOf(format);
  let at = 0;
  const name = (text: string): void => {
    for (const letter of text) bytes[at++] = letter.charCodeAt(0);
  };
  const short = (value: number): void => {
    view.setUint16(at, value, true);
    at += 2;
  };
  const long = (value: number): void => {
    view.setUint32(at, value, true);
    at += 4;
  };
  name("RIFF");
  long(bytes.length - 8 + dataBytes + (dataBytes % 2));
  name("WAVEfmt ");
  long(isInteger ? 16 : 18);
  short(tag);
  short(format.channelCount);
  long(format.sampleRate);
  long(format.sampleRate * blockBytes);
  short(blockBytes);
  short(8 * sampleBytes);
  if (!isInteger) {
    // Nothing is added to the format.
    short(0);
    name("fact");
    long(4);
    long(dataBytes / blockBytes);
  }
  name("data");
  long(dataBytes);
  return bytes;
}
