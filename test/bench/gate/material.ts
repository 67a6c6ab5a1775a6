import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type MonoAudio, parseWav } from "../../support/wav.js";
import { makeNoise, type NoiseColour } from "./noise.js";

export const SAMPLE_RATE = 16_000;

/** Something that is said, alone. */
export interface Phrase {
  readonly words: string;
  readonly samples: Float64Array;
}

/** A stretch of samples. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** Phrases with pauses between, over noise. */
export interface Scene {
  readonly samples: Float32Array;
  readonly phrases: readonly { readonly words: string; readonly at: Stretch }[];
  /** Where there is speech, as the phrases say without the noise. */
  readonly speech: readonly Stretch[];
}

const SENTENCES = [
  "She sells sea shells on the shore.",
  "Please open the window and close the door.",
  "Have you seen my keys?",
  "The weather will be fine on Friday.",
  "Half of the people were late for school.",
  "Put the book on the table.",
  "I would like a cup of coffee.",
  "Turn left at the next street.",
  "Five fresh fish came from the sea.",
  "What time does the train leave?",
  "The children were playing in the garden.",
  "He has not answered the phone since Sunday.",
];
/** For one sentence, on a machine that is busy with other things. */
const SPEAK_MS = 60_000;
const VOICES = ["slt", "rms"] as const;

const TESTDATA = "/usr/share/pocketsphinx/test/data";
/** Real voices, and what they say. */
const CLIPS: Readonly<Record<string, string>> = {
  "goforward.raw": "go forward ten meters",
  "numbers.raw": "",
  "something.raw": "",
  "tidigits/dhd.2934z.raw": "two nine three four zero",
  "cards/001.wav": "ten of clubs",
  "cards/002.wav": "four queen of clubs",
  "cards/003.wav": "seven of clubs",
  "cards/004.wav": "five five",
  "cards/005.wav": "eight of spades four of clubs seven of hearts",
  "librivox/sense_and_sensibility_01_austen_64kb-0870.wav":
    "and mister john dashwood had then leisure to consider how much there might be prudently in his power to do for them",
  "librivox/sense_and_sensibility_01_austen_64kb-0880.wav": "he was not an ill disposed young man",
  "librivox/sense_and_sensibility_01_austen_64kb-0890.wav":
    "unless to be rather cold hearted and rather selfish is to be ill disposed",
  "librivox/sense_and_sensibility_01_austen_64kb-0920.wav":
    "had he married a more amiable woman he might have been made still more respectable than he was",
  "librivox/sense_and_sensibility_01_austen_64kb-0930.wav": "he might even have been made amiable himself",
};

/** Loudness of what is spoken, as RMS where somebody speaks. */
const SPEECH_RMS = 0.05;
const HOP = SAMPLE_RATE / 100;
const PAUSES_SEC = [2.5, 4, 3, 2, 5];

/** Spoken by flite. */
export function spokenPhrases(): Phrase[] {
  const folder = mkdtempSync(join(tmpdir(), "loquilex-gate-"));
  const path = join(folder, "sentence.wav");
  try {
    return SENTENCES.map((words, index) => {
      const voice = VOICES[index % VOICES.length] ?? "slt";
      execFileSync("flite", ["-voice", voice, "-t", words, "-o", path], { timeout: SPEAK_MS });
      return { words, samples: levelled(at16kHz(parseWav(readFileSync(path)))) };
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Spoken by people. */
export function realPhrases(): Phrase[] {
  return Object.entries(CLIPS).map(([name, words]) => {
    const bytes = readFileSync(join(TESTDATA, name));
    const raw = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const samples = name.endsWith(".wav")
      ? parseWav(bytes).samples
      : Float64Array.from({ length: bytes.length >> 1 }, (_, index) => raw.getInt16(2 * index, true) / 32_768);
    return { words, samples: levelled(samples) };
  });
}

/**
 * Puts phrases behind each other.
 * @param snrDb by how much speech is louder than the noise; `Infinity` for none but the phrases' own.
 */
export function makeScene(phrases: readonly Phrase[], colour: NoiseColour, snrDb: number): Scene {
  const placed: { words: string; at: Stretch }[] = [];
  const speech: Stretch[] = [];
  let end = 3 * SAMPLE_RATE;
  const clean: [number, Float64Array][] = [];
  for (const [index, { words, samples }] of phrases.entries()) {
    clean.push([end, samples]);
    placed.push({ words, at: { from: end, to: end + samples.length } });
    for (const { from, to } of speechIn(samples)) speech.push({ from: end + from, to: end + to });
    end += samples.length + Math.round((PAUSES_SEC[index % PAUSES_SEC.length] ?? 3) * SAMPLE_RATE);
  }
  const noise = makeNoise(colour, end, 7);
  const level = Math.max(SPEECH_RMS * 10 ** (-snrDb / 20), 1e-4);
  const samples = Float32Array.from(noise, (value) => value * level);
  for (const [at, phrase] of clean) {
    for (let index = 0; index < phrase.length; index += 1) {
      samples[at + index] = (samples[at + index] ?? 0) + (phrase[index] ?? 0);
    }
  }
  return { samples, phrases: placed, speech };
}

/**
 * Where the phrase is louder than 30 dB below its own loudness, and than 8 dB above the room that it was recorded in; holes of up
 * to 50 ms included.
 */
function speechIn(samples: Float64Array): Stretch[] {
  const found: { from: number; to: number }[] = [];
  const hops = hopsOf(samples);
  const room = [...hops].sort((a, b) => a - b)[Math.floor(hops.length / 20)] ?? 0;
  const least = Math.max(SPEECH_RMS * 10 ** (-30 / 20), room * 10 ** (8 / 20));
  for (const [index, rms] of hops.entries()) {
    if (rms < least) continue;
    const from = index * HOP;
    const last = found.at(-1);
    if (last !== undefined && from - last.to <= 5 * HOP) last.to = from + HOP;
    else found.push({ from, to: from + HOP });
  }
  return found.filter(({ from, to }) => to - from > 2 * HOP);
}

const rmsOf = (samples: Float64Array): number =>
  Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);

const hopsOf = (samples: Float64Array): number[] =>
  Array.from({ length: Math.floor(samples.length / HOP) }, (_, index) =>
    rmsOf(samples.subarray(index * HOP, (index + 1) * HOP)),
  );

/** The same at the loudness of all phrases, measured where it is not quiet. */
function levelled(samples: Float64Array): Float64Array {
  const hops = hopsOf(samples);
  const loudest = Math.max(...hops);
  const loud = hops.filter((rms) => rms > loudest / 10);
  const rms = Math.sqrt(loud.reduce((sum, value) => sum + value * value, 0) / loud.length);
  return samples.map((value) => (value * SPEECH_RMS) / rms);
}

function at16kHz({ samples, sampleRate }: MonoAudio): Float64Array {
  if (sampleRate !== SAMPLE_RATE) throw new Error(`flite gave ${sampleRate} Hz.`);
  return samples;
}
