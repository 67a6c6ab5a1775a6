import type { AudioFormat } from "../capture/source.js";
import { bytesPerSample } from "../protocol/audio-frame.js";

/** How a WAV file names an encoding. */
const TAGS = { pcm_s16le: 1, pcm_f32le: 3, mulaw: 7 } as const;

/** RIFF and the format, then the count of samples, which only integers of PCM may leave out, then the data's own head. */
const PCM_BYTES = 44;
const OTHER_BYTES = 58;

/** Bytes of one sample in all channels. */
export const blockBytesOf = (format: AudioFormat): number =>
  format.channelCount * (bytesPerSample(format.encoding) ?? 1);

/**
 * What comes before the samples in a WAV file.
 * @param dataBytes of the samples; an odd number is followed by a byte that counts for the file alone.
 */
export function wavHeader(format: AudioFormat, dataBytes: number): Uint8Array<ArrayBuffer> {
  const isInteger = format.encoding === "pcm_s16le";
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
  short(TAGS[format.encoding as keyof typeof TAGS]);
  short(format.channelCount);
  long(format.sampleRate);
  long(format.sampleRate * blockBytes);
  short(blockBytes);
  short((8 * blockBytes) / format.channelCount);
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
