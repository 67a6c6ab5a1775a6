import { toMono } from "../../examples/server/engines/hearing/mono-samples.js";
import type { MonoAudio } from "./wav.js";
import type { WavChunks } from "./wav-chunks.js";

const ENCODINGS: Readonly<Record<number, "pcm_s16le" | "pcm_f32le" | "mulaw">> = {
  1: "pcm_s16le",
  3: "pcm_f32le",
  7: "mulaw",
};

/** Each channel of a file by itself. @throws Error when its samples are of no kind that the server writes. */
export function wavChannels({ tag, bits, channels, sampleRate, data }: WavChunks): MonoAudio[] {
  const encoding = ENCODINGS[tag];
  if (encoding === undefined) throw new Error(`The file's format is ${tag}.`);
  const bytes = bits / 8;
  return Array.from({ length: channels }, (_, channel) => {
    const alone = data.filter((_, at) => Math.floor(at / bytes) % channels === channel);
    return { sampleRate, samples: Float64Array.from(toMono(alone, encoding, 1)) };
  });
}
