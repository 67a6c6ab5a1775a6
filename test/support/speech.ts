import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { resample } from "./audio-compare-resample.js";
import { encodeWav, type MonoAudio, parseWav } from "./wav.js";
import { wavChannels } from "./wav-channels.js";
import { readWavChunks } from "./wav-chunks.js";

/** Spoken by espeak-ng, 16 kHz; its band ends at 7 kHz, where a flat response is promised, so comparisons need no allowance. */
const SENTENCE = fixture("sentence.wav");
/** "switch off the radio", spoken by flite's voice slt, in µ-law. */
const PHRASE = fixture("phrase.wav");
/** Three sentences of the demo's sample, spoken by flite. */
const SAMPLE = fixture("../../../examples/demo/stream/sample.wav");
/** "three one four two", spoken by espeak-ng, a second apart over a faint noise as every room has it. */
const DIGITS = fixture("digits.wav");

export const SPOKEN_DIGITS: readonly string[] = ["three", "one", "four", "two"];
/** A grammar of one digit an utterance, which makes the small recogniser exact. */
export const DIGITS_GRAMMAR = fixture("digits.jsgf");

const RECORDINGS = { sentence: SENTENCE, digits: DIGITS, phrase: PHRASE, sample: SAMPLE };

const NOTHING: MonoAudio = { samples: new Float64Array(), sampleRate: 16_000 };

const FADE_MS = 20;

export interface SpeechOptions {
  /** Where the file goes. */
  readonly folder: string;
  readonly what: keyof typeof RECORDINGS | { readonly wav: string };
  /** From where to where in the recording it is taken, in milliseconds. @defaultValue all of it */
  readonly part?: readonly [fromMs: number, toMs: number];
  /** Silence before; a browser swallows some of it until the page's audio runs. @defaultValue 500 */
  readonly leadMs?: number;
  /** Silence after. @defaultValue 500 */
  readonly tailMs?: number;
  /** Of the file that is played. @defaultValue 44_100 */
  readonly sampleRate?: number;
}

/** A file for the browser's fake microphone, and what is in it. */
export interface Speech {
  readonly path: string;
  /** Exactly as in the file. */
  readonly audio: MonoAudio;
  readonly durationMs: number;
}

/** Writes speech to a file, at a rate of which the product must make 16 kHz again. */
export async function writeSpeech(options: SpeechOptions): Promise<Speech> {
  const { folder, what, part, leadMs = 500, tailMs = 500, sampleRate = 44_100 } = options;
  const [name, file] = typeof what === "string" ? [what, RECORDINGS[what]] : ["speech", what.wav];
  const [recording = NOTHING] = wavChannels(await readWavChunks(file));
  const spoken = part === undefined ? recording : cut(recording, ...part);
  const durationMs = leadMs + (spoken.samples.length * 1_000) / spoken.sampleRate + tailMs;
  const inSamples = (ms: number): number => Math.round((ms * sampleRate) / 1_000);
  const samples = resample(spoken, sampleRate, -inSamples(leadMs), inSamples(durationMs));
  const path = join(folder, `${[name, ...(part ?? []), sampleRate].join("-")}.wav`);
  const bytes = encodeWav({ samples, sampleRate });
  await writeFile(path, bytes);
  return { path, audio: parseWav(bytes), durationMs };
}

/** Fades at its ends, so that they have no frequencies which the recording has not. */
function cut({ samples, sampleRate }: MonoAudio, fromMs: number, toMs: number): MonoAudio {
  const part = samples.slice((fromMs * sampleRate) / 1_000, (toMs * sampleRate) / 1_000);
  const fade = (FADE_MS * sampleRate) / 1_000;
  for (let i = 0; i < fade; i++) {
    const gain = 0.5 - 0.5 * Math.cos((Math.PI * i) / fade);
    part[i] = (part[i] ?? 0) * gain;
    part[part.length - 1 - i] = (part[part.length - 1 - i] ?? 0) * gain;
  }
  return { samples: part, sampleRate };
}

function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
}
