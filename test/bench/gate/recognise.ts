import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Phrase, SAMPLE_RATE, type Scene } from "./material.js";

const BEFORE_SEC = 0.5;
const AFTER_SEC = 1;
const MODEL = "/usr/share/pocketsphinx/model/en-us";

/** What pocketsphinx understands of each phrase of a scene, as words. @param samples the scene's, or what is left of them. */
export function recognise({ phrases }: Scene, samples: Float32Array): string[][] {
  const folder = mkdtempSync(join(tmpdir(), "loquilex-gate-"));
  try {
    for (const [index, { at }] of phrases.entries()) {
      const part = samples.subarray(
        Math.max(0, at.from - BEFORE_SEC * SAMPLE_RATE),
        Math.round(at.to + AFTER_SEC * SAMPLE_RATE),
      );
      const pcm = Int16Array.from(part, (value) => Math.round(Math.max(-1, Math.min(value, 1)) * 32_767));
      writeFileSync(join(folder, `${index}.raw`), new Uint8Array(pcm.buffer));
    }
    writeFileSync(join(folder, "ctl"), phrases.map((_, index) => `${index}\n`).join(""));
    const hypotheses = join(folder, "hyp");
    const grammar = join(folder, "words.jsgf");
    writeFileSync(grammar, grammarOf(phrases));
    execFileSync(
      "pocketsphinx_batch",
      [
        ...["-adcin", "yes", "-cepdir", folder, "-cepext", ".raw", "-ctl", join(folder, "ctl"), "-hyp", hypotheses],
        ...["-hmm", `${MODEL}/en-us`, "-jsgf", grammar, "-dict", `${MODEL}/cmudict-en-us.dict`],
        // Each phrase begins with the same knowledge of the microphone, so that one that goes wrong spoils no other.
        ...["-cmn", "batch"],
        ...["-dither", "yes", "-seed", "1", "-logfn", join(folder, "log")],
      ],
      { stdio: "ignore" },
    );
    const lines = readFileSync(hypotheses, "utf8").trimEnd().split("\n");
    return lines.map((line) =>
      line
        .replace(/\s*\([^)]*\)\s*$/, "")
        .split(" ")
        .filter(Boolean),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Any of the words of all phrases, in any order: dictation guesses so much in noise of 20 dB that it hears another sentence for
 * each change of a sample.
 */
function grammarOf(phrases: readonly Pick<Phrase, "words">[]): string {
  const words = new Set(phrases.flatMap(saidIn));
  return `#JSGF V1.0;\ngrammar words;\npublic <said> = (${[...words].join(" | ")})+;\n`;
}

const saidIn = ({ words }: Pick<Phrase, "words">): string[] =>
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
