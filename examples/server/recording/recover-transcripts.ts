import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { codeOf } from "../error-code.js";
import type { JournalLine } from "./disk/transcript-journal.js";
import { writeFileAtomically } from "./files/atomic-file.js";

/** No transcript has more lines in one file. */
const MAX_LINES = 1_000_000;

/**
 * Brings the lines of a dead server's journal into the transcripts beside it. Doing so again changes nothing.
 * @returns the paths of the transcripts that were behind.
 */
export async function recoverTranscripts(journal: string, directory: string): Promise<string[]> {
  const files = new Map<string, JournalLine[]>();
  for (const entry of readLines(await readFile(journal, "utf8"))) {
    files.set(entry.file, [...(files.get(entry.file) ?? []), entry]);
  }
  const completed: string[] = [];
  for (const [file, entries] of files) {
    const path = join(directory, file);
    const before = await readFile(path, "utf8").catch((error: unknown) => {
      if (codeOf(error) === "ENOENT") return "";
      throw error;
    });
    const lines: string[] = before.split("\n").slice(0, -1);
    for (const { line, text } of entries) lines[line] = text;
    // Somebody may have deleted the transcript, with the lines that the journal does not hold.
    const after = lines.flatMap((line) => (line === undefined ? [] : `${line}\n`)).join("");
    if (after === before) continue;
    await writeFileAtomically(path, after);
    completed.push(path);
  }
  return completed;
}

/** The whole lines; the last one may be half a line that was never said to be durable. */
function* readLines(text: string): Generator<JournalLine> {
  for (const json of text.split("\n").slice(0, -1)) {
    const { file, line, text } = JSON.parse(json) as JournalLine;
    // Whoever can write to the folder could otherwise name any file.
    const isBeside = basename(file) === file && /\.(?:txt|jsonl)$/.test(file);
    if (isBeside && Number.isInteger(line) && line >= 0 && line < MAX_LINES) yield { file, line, text };
  }
}
