import { fileURLToPath } from "node:url";
import { noise } from "./signals.js";
import { wavChannels } from "./wav-channels.js";
import { readWavChunks } from "./wav-chunks.js";

/** Sample rate of {@link speechInNoise}, in Hz. */
export const SPEECH_RATE = 16_000;

/**
 * A phrase that flite speaks, twice, with two seconds of noise before, between and after.
 * @param snrDb by how much the loud parts of the phrase are louder than the noise.
 */
export async function speechInNoise(snrDb: number): Promise<{
  readonly samples: Float32Array;
  /** Where there is speech, in samples. */
  readonly phrases: readonly { readonly from: number; readonly to: number }[];
}> {
  const [phrase] = wavChannels(await readWavChunks(fileURLToPath(new URL("./fixtures/phrase.wav", import.meta.url))));
  if (phrase === undefined || phrase.sampleRate !== SPEECH_RATE) throw new Error("The recording has changed.");
  const loudest = phrase.samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const audible = (value: number): boolean => Math.abs(value) > loudest / 50;
  const from = phrase.samples.findIndex(audible);
  const to = phrase.samples.findLastIndex(audible) + 1;
  const spoken = phrase.samples.subarray(from, to);
  const loud = spoken.filter((value) => Math.abs(value) > loudest / 10);
  const rms = Math.sqrt(loud.reduce((sum, value) => sum + value * value, 0) / loud.length);
  const pause = 2 * SPEECH_RATE;
  const starts = [pause, 2 * pause + spoken.length];
  const level = rms * 10 ** (-snrDb / 20) * Math.sqrt(3);
  const samples = noise(3 * pause + 2 * spoken.length).map((value) => value * level);
  for (const start of starts) {
    for (const [index, value] of spoken.entries()) samples[start + index] = (samples[start + index] ?? 0) + value;
  }
  return { samples, phrases: starts.map((start) => ({ from: start, to: start + spoken.length })) };
}
