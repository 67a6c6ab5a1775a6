import type { Scope } from "loquilex/resources";
import type { TranscriptJournal } from "../recording/disk/transcript-journal.js";
import { oneLine } from "../recording/files/one-line.js";
import { RollingTextFile } from "../recording/files/rolling-text-file.js";
import type { StorageError } from "../recording/files/storage-error.js";
import type { CaptionsHead, KeptCaption } from "./kept-caption.js";

/** The times are in the journal at once, so that their own file may wait longer than the text. */
const CAPTIONS_INTERVAL_MS = 300_000;

export interface TranscriptFilesOptions {
  /** The recording's path without an extension. */
  readonly stem: string;
  readonly head: CaptionsHead;
  readonly scope: Scope;
  readonly journal: TranscriptJournal;
  /** Told of a failed write, once until one succeeds again. */
  onError(error: StorageError): void;
}

/** What was said in one recording: `.txt` for people, and `.jsonl` with the times, which begins with the first caption. */
export class TranscriptFiles {
  readonly #options: TranscriptFilesOptions;
  readonly #text: RollingTextFile;
  readonly #captions: RollingTextFile;
  #hasHead = false;
  #isFailing = false;

  constructor(options: TranscriptFilesOptions) {
    this.#options = options;
    const { stem, scope, journal } = options;
    const onError = (error: StorageError): void => this.#report(error);
    this.#text = new RollingTextFile({ path: `${stem}.txt`, scope, journal, onError });
    const captions = { path: `${stem}.jsonl`, saveIntervalMs: CAPTIONS_INTERVAL_MS };
    this.#captions = new RollingTextFile({ ...captions, scope, journal, onError });
  }

  /** Appends a finished caption. @returns a promise of whether it is durable; it never rejects. */
  async append({ text, ...where }: KeptCaption): Promise<boolean> {
    const writes = [this.#text.append(text)];
    if (!this.#hasHead) writes.push(this.#captions.append(JSON.stringify(this.#options.head)));
    this.#hasHead = true;
    writes.push(this.#captions.append(JSON.stringify({ ...where, text: oneLine(text) })));
    const isDurable = (await Promise.all(writes)).every((durable) => durable);
    if (isDurable) this.#isFailing = false;
    return isDurable;
  }

  /** Resolves when everything is in its file. @throws StorageError */
  async flush(): Promise<void> {
    const [text, captions] = await Promise.allSettled([this.#text.flush(), this.#captions.flush()]);
    for (const result of [text, captions]) if (result.status === "rejected") throw result.reason;
  }

  #report(error: StorageError): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    this.#options.onError(error);
  }
}
