import { lstat, unlink } from "node:fs/promises";
import { basename } from "node:path";
import { codeOf } from "../error-code.js";
import { syncDirectory } from "../recording/files/sync-directory.js";
import { ArchiveRefusal } from "./archive-refusal.js";
import { joinRecordings, type RecordedCaptions } from "./join-recordings.js";
import { parseCaptions } from "./kept-caption.js";
import { type KeptFile, notAFile, openKeptFile } from "./open-kept-file.js";
import { findSessionFiles, type RecordingFiles } from "./session-files.js";
import { type TranscriptFormat, toJsonLines, toSubRip, toWebVtt } from "./transcript-formats.js";

/**
 * A transcript that is larger, as of more than a day of speech without a pause, is not read: while it is turned into another
 * format, nobody is served.
 */
const MAX_TRANSCRIPT_BYTES = 4_194_304;

/** A recording of this server that goes on. */
export interface LiveRecording {
  /** Resolves when what was said so far is in the files. */
  saveTranscript(): Promise<void>;
}

export interface SessionArchiveOptions {
  /** Where recordings are. */
  readonly directory: string;
  /** Those of one session. */
  liveRecordings(sessionId: string): readonly LiveRecording[];
}

/** Which of several things is meant, counted from 1. */
export interface Choice {
  readonly recording?: number | undefined;
  readonly file?: number | undefined;
}

/** What is kept of sessions that are over, and of those that go on. Every refusal is an {@link ArchiveRefusal}. */
export class SessionArchive {
  readonly #options: SessionArchiveOptions;

  constructor(options: SessionArchiveOptions) {
    this.#options = options;
  }

  /** What there is of a session. */
  async describe(sessionId: string) {
    const recordings = await this.#find(sessionId);
    const isLive = this.#options.liveRecordings(sessionId).length > 0;
    return {
      sessionId,
      live: isLive || recordings.some(({ isUnfinished }) => isUnfinished),
      recordings: recordings.map(({ startedAt, isUnfinished, paths }, index) => ({
        recording: index + 1,
        startedAt,
        finished: !isUnfinished,
        files: [...paths.wav, ...paths.txt, ...paths.jsonl].map((path) => basename(path)),
      })),
    };
  }

  /** Everything that was said, or what was said in one of the recordings. */
  async readTranscript(sessionId: string, format: TranscriptFormat, choice: Choice = {}): Promise<string> {
    for (const recording of this.#options.liveRecordings(sessionId)) await recording.saveTranscript();
    const all = await this.#find(sessionId);
    const chosen = choice.recording === undefined ? all : [pick(all, choice.recording, "recordings")];
    const size = { left: MAX_TRANSCRIPT_BYTES };
    const captions: RecordedCaptions[] = [];
    const untimed: string[] = [];
    for (const [index, { paths }] of chosen.entries()) {
      const kept = parseCaptions(await readText(paths.jsonl, size));
      captions.push({ ...kept, recording: choice.recording ?? index + 1 });
      if (kept.head === undefined) untimed.push(await readText(paths.txt, size));
    }
    const joined = joinRecordings(captions);
    if (format === "txt") return untimed.join("") + joined.map(({ text }) => `${text}\n`).join("");
    if (untimed.some((text) => text !== "")) {
      throw new ArchiveRefusal(
        "no_times",
        "This session was recorded without the times of its captions; ask for transcript.txt instead.",
      );
    }
    return { jsonl: toJsonLines, vtt: toWebVtt, srt: toSubRip }[format](joined);
  }

  /** The audio of one recording, whose handle the caller closes. */
  async openAudio(sessionId: string, choice: Choice = {}): Promise<KeptFile> {
    const all = await this.#find(sessionId);
    if (all.length > 1 && choice.recording === undefined) {
      throw new ArchiveRefusal(
        "several_recordings",
        `This session has ${all.length} recordings, because it went on in another one after an interruption; ask for one of them with ?recording=1 to ?recording=${all.length}.`,
      );
    }
    const { paths, isUnfinished } = pick(all, choice.recording ?? 1, "recordings");
    if (isUnfinished) {
      throw new ArchiveRefusal(
        "still_recording",
        "The recording is not finished yet; ask again when the session is over.",
      );
    }
    const { wav } = paths;
    if (wav.length > 1 && choice.file === undefined) {
      throw new ArchiveRefusal(
        "several_files",
        `The recording is too long for one file and has ${wav.length}; ask for one of them with ?recording=${choice.recording ?? 1}&file=1 to &file=${wav.length}.`,
      );
    }
    if (wav.length === 0) throw new ArchiveRefusal("no_audio", "There is no audio of this session.");
    return openKeptFile(pick(wav, choice.file ?? 1, "files"));
  }

  /** Deletes everything that is kept of a session. @returns the names of the files. */
  async delete(sessionId: string): Promise<string[]> {
    const recordings = await this.#find(sessionId);
    if (this.#options.liveRecordings(sessionId).length > 0 || recordings.some(({ isUnfinished }) => isUnfinished)) {
      throw new ArchiveRefusal(
        "still_recording",
        "The session goes on, or is not finished yet; delete it when it is over.",
      );
    }
    // The text goes last: its name is what keeps another recording from taking it.
    const paths = recordings.flatMap(({ paths: { wav, jsonl, txt } }) => [...wav, ...jsonl, ...txt]);
    for (const path of paths) await refuseFolder(path);
    for (const path of paths) await removeIfThere(path);
    await syncDirectory(this.#options.directory);
    return paths.map((path) => basename(path));
  }

  async #find(sessionId: string): Promise<RecordingFiles[]> {
    const recordings = await findSessionFiles(this.#options.directory, sessionId);
    if (recordings.length > 0) return recordings;
    throw new ArchiveRefusal("unknown_session", "Nothing is kept of a session of this name.");
  }
}

function pick<T>(list: readonly T[], number: number, what: string): T {
  const item = list[number - 1];
  if (item !== undefined) return item;
  throw new ArchiveRefusal(
    "unknown_recording",
    `There are ${list.length} ${what}, counted from 1; there is no ${number}.`,
  );
}

/** @param size what may still be read. */
async function readText(paths: readonly string[], size: { left: number }): Promise<string> {
  const texts: string[] = [];
  for (const path of paths) {
    const { handle, bytes } = await openKeptFile(path);
    try {
      size.left -= bytes;
      if (size.left < 0) {
        throw new ArchiveRefusal(
          "too_large",
          `The transcript has more than ${MAX_TRANSCRIPT_BYTES / 1_048_576} MiB; read its files in LX_OUT_DIR.`,
        );
      }
      texts.push(await handle.readFile("utf8"));
    } finally {
      await handle.close();
    }
  }
  return texts.join("");
}

/** A symbolic link is removed like a file; what it leads to stays. */
async function refuseFolder(path: string): Promise<void> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats?.isDirectory() === true) throw notAFile(path);
}

async function removeIfThere(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (codeOf(error) !== "ENOENT") throw error;
  });
}
