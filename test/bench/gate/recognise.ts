import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Phrase, SAMPLE_RATE, type Scene } from "./material.js";

const BEFORE_SEC = 0.5;
const AFTER_SEC = 1;
const MODEL = "/usr/share/pocketsphinx/model/en-us";
/** For one phrase, on a machine that is busy with other things. */
const RECOGNISE_MS = 120_000;

/**
 * Each phrase in a process of its own that knows nothing of the others, and nothing of itself before it has heard it: whatever
 * the recogniser adapts while it listens (mean of the cepstrum, spectrum of the noise, level of silence) carries what was sent
 * in one place over to what is understood in another, so that two runs would differ in words that are the same to the sample.
 */
const FIXED = [
  ...["-cmn", "live", "-cmninit", "41.00,-5.29,-0.12,5.09,2.48,-4.07,-1.37,-1.78,-5.08,-2.05,-6.45,-1.42,1.17"],
  ...["-remove_noise", "no", "-remove_silence", "no"],
  ...["-dither", "yes", "-seed", "1"],
];

/** What pocketsphinx understands of each phrase of a scene, as words. @param samples the scene's, or what is left of them. */
export function recognise({ phrases }: Scene, samples: Float32Array): string[][] {
  const folder = mkdtempSync(join(tmpdir(), "loquilex-gate-"));
  try {
    const words = new Set(phrases.flatMap(saidIn));
    const [grammar, dictionary] = [join(folder, "words.jsgf"), join(folder, "words.dict")];
    // Any of the words of all phrases, in any order: dictation guesses so much in noise of 20 dB that it hears another
    // sentence for each change of a sample.
    writeFileSync(grammar, `#JSGF V1.0;\ngrammar words;\npublic <said> = (${[...words].join(" | ")})+;\n`);
    writeFileSync(dictionary, pronunciationsOf(words));
    return phrases.map(({ at }) => {
      const part = samples.subarray(
        Math.max(0, at.from - BEFORE_SEC * SAMPLE_RATE),
        Math.round(at.to + AFTER_SEC * SAMPLE_RATE),
      );
      return recogniseOne(folder, part, ["-jsgf", grammar, "-dict", dictionary]);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function recogniseOne(folder: string, samples: Float32Array, language: readonly string[]): string[] {
  const pcm = Int16Array.from(samples, (value) => Math.round(Math.max(-1, Math.min(value, 1)) * 32_767));
  writeFileSync(join(folder, "phrase.raw"), new Uint8Array(pcm.buffer));
  writeFileSync(join(folder, "ctl"), "phrase\n");
  const hypothesis = join(folder, "hyp");
  execFileSync(
    "pocketsphinx_batch",
    [
      ...["-adcin", "yes", "-cepdir", folder, "-cepext", ".raw", "-ctl", join(folder, "ctl"), "-hyp", hypothesis],
      ...["-hmm", `${MODEL}/en-us`, ...language, ...FIXED, "-logfn", join(folder, "log")],
    ],
    { stdio: "ignore", timeout: RECOGNISE_MS },
  );
  return readFileSync(hypothesis, "utf8")
    .replace(/\s*\([^)]*\)\s*$/, "")
    .split(" ")
    .filter(Boolean);
}

/** The lines of the model's dictionary that are needed: all of it takes a second to load. */
function pronunciationsOf(words: ReadonlySet<string>): string {
  const lines = readFileSync(`${MODEL}/cmudict-en-us.dict`, "utf8").split("\n");
  return `${lines.filter((line) => words.has(line.replace(/(?:\(\d+\))? .*$/, ""))).join("\n")}\n`;
}

/** The words of a phrase. */
export const saidIn = ({ words }: Pick<Phrase, "words">): string[] =>
  words
    .toLowerCase()
    .replace(/[^a-z' ]/g, "")
    .split(" ")
    .filter(Boolean);

/** Of the words that were said, those that were understood, by their place in the phrase. */
export function understood(phrase: Pick<Phrase, "words">, heard: readonly string[]): Set<number> {
  const said = saidIn(phrase);
  // The longest words in common, in order.
  const best = Array.from({ length: said.length + 1 }, () => new Array<number>(heard.length + 1).fill(0));
  for (let i = said.length - 1; i >= 0; i -= 1) {
    for (let j = heard.length - 1; j >= 0; j -= 1) {
      const row = best[i];
      if (row === undefined) continue;
      row[j] =
        said[i] === heard[j] ? (best[i + 1]?.[j + 1] ?? 0) + 1 : Math.max(best[i + 1]?.[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  const found = new Set<number>();
  for (let i = 0, j = 0; i < said.length && j < heard.length; ) {
    if (said[i] === heard[j]) {
      found.add(i);
      i += 1;
      j += 1;
    } else if ((best[i + 1]?.[j] ?? 0) >= (best[i]?.[j + 1] ?? 0)) i += 1;
    else j += 1;
  }
  return found;
}
