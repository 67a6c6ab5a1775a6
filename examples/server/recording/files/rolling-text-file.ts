import { basename, extname } from "node:path";
import type { Registration, Scope } from "loquilex/resources";
import type { JournalPage, TranscriptJournal } from "../disk/transcript-journal.js";
import { writeFileAtomically } from "./atomic-file.js";
import { oneLine } from "./one-line.js";
import { StorageError } from "./storage-error.js";

export interface RollingTextFileOptions {
  /** Ends in an extension, such as `.txt`. */
  readonly path: string;
  readonly scope: Scope;
  /** Makes lines durable before they are in the file. @defaultValue none: the file is written for each line */
  readonly journal?: TranscriptJournal | undefined;
  /** Finished lines of one file; what follows goes into `<name>.2.<extension>` and so on. @defaultValue 10_000 */
  readonly maxLines?: number | undefined;
  /** How long a line that is in the journal may wait to be in the file, in milliseconds. @defaultValue 60_000 */
  readonly saveIntervalMs?: number | undefined;
  /** Told of a failed write, once until one succeeds again. The lines of two files stay in memory until the next write. */
  onError(error: StorageError): void;
}

/**
 * A text file of finished lines. Each write replaces the whole file atomically; writes never overlap, and no handle is
 * kept.
 */
export class RollingTextFile {
  readonly #firstPath: string;
  #path: string;
  readonly #scope: Scope;
  readonly #maxLines: number;
  readonly #journal: TranscriptJournal | undefined;
  readonly #saveIntervalMs: number;
  readonly #onError: (error: StorageError) => void;
  /** Those of the file being written, and what follows them. */
  readonly #lines: string[] = [];
  /** Files that are full. */
  #fullFiles = 0;
  /** Counts lines; `#written` is the count that the files have. */
  #version = 0;
  #written = 0;
  /** The writes going on; never rejects. */
  #writing: Promise<void> | undefined;
  /** Whether another write was asked for during one. */
  #urgent = false;
  #timer: Registration | undefined;
  /** Why the last write failed. */
  #failure: StorageError | undefined;
  /** Pages of the journal that are needed until a line is in its file, oldest first. */
  #pages: { readonly version: number; readonly page: JournalPage }[] = [];
  /** Those who wait for a line to be in the file, oldest first. */
  #waiters: { readonly version: number; readonly settle: (durable: boolean) => void }[] = [];

  constructor(options: RollingTextFileOptions) {
    this.#firstPath = options.path;
    this.#path = options.path;
    this.#scope = options.scope;
    this.#maxLines = options.maxLines ?? 10_000;
    this.#journal = options.journal;
    this.#saveIntervalMs = options.saveIntervalMs ?? 60_000;
    this.#onError = options.onError;
    if (!(this.#maxLines >= 1)) throw new RangeError(`maxLines must be at least 1, and is ${this.#maxLines}.`);
  }

  /**
   * Appends a finished line, which is made durable at once.
   * @returns a promise of whether it is: `false` when the write failed, and the line goes with the next.
   */
  async append(text: string): Promise<boolean> {
    const line = oneLine(text);
    this.#lines.push(line);
    this.#version += 1;
    const version = this.#version;
    const page = await this.#journal?.append({ ...this.#placeOf(this.#lines.length - 1), text: line });
    if (page === undefined) return await this.#save(version);
    if (version <= this.#written) await page.release();
    else this.#pages.push({ version, page });
    this.#saveSoon();
    return true;
  }

  /** Resolves when all that was said before is durable; tries again if the last write failed. @throws StorageError */
  async flush(): Promise<void> {
    await this.#writing;
    const version = this.#version;
    if (this.#written >= version) return;
    this.#writeNow();
    await this.#writing;
    if (this.#failure !== undefined && this.#written < version) throw this.#failure;
  }

  /** Where a line of {@link #lines} will be. */
  #placeOf(index: number): { readonly file: string; readonly line: number } {
    const path = this.#pathOf(this.#fullFiles + Math.floor(index / this.#maxLines));
    return { file: basename(path), line: index % this.#maxLines };
  }

  #pathOf(file: number): string {
    if (file === 0) return this.#firstPath;
    const extension = extname(this.#firstPath);
    return `${this.#firstPath.slice(0, -extension.length)}.${file + 1}${extension}`;
  }

  #saveSoon(): void {
    if (this.#written === this.#version || this.#writing !== undefined) return;
    this.#timer ??= this.#scope.timeout(this.#saveIntervalMs, () => this.#writeNow(), "transcript write");
  }

  #save(version: number): Promise<boolean> {
    if (version <= this.#written) return Promise.resolve(true);
    const saved = new Promise<boolean>((settle) => this.#waiters.push({ version, settle }));
    this.#writeNow();
    return saved;
  }

  #writeNow(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
    this.#urgent = true;
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    do {
      this.#urgent = false;
      await this.#writeOnce();
    } while (this.#urgent && this.#failure === undefined);
    this.#writing = undefined;
    if (this.#failure === undefined) this.#saveSoon();
  }

  async #writeOnce(): Promise<void> {
    const version = this.#version;
    try {
      while (this.#lines.length > this.#maxLines) await this.#finishFile();
      await writeFileAtomically(this.#path, toText(this.#lines));
      this.#written = version;
      this.#failure = undefined;
      await this.#releasePages();
    } catch (error) {
      const known = this.#failure !== undefined;
      this.#failure = new StorageError("The transcript", this.#path, error);
      if (!known) this.#onError(this.#failure);
      this.#lines.splice(0, Math.max(0, this.#lines.length - 2 * this.#maxLines));
    }
    const durable = this.#failure === undefined;
    // A line that came during the write waits for the next one, which after a failure may be far away.
    const answered = this.#waiters.filter((waiter) => !durable || waiter.version <= version);
    this.#waiters = this.#waiters.filter((waiter) => !answered.includes(waiter));
    for (const { settle } of answered) settle(durable);
  }

  /** Leaves the file with as many lines as it may have, and goes on in the next one. */
  async #finishFile(): Promise<void> {
    const lines = this.#lines.slice(0, this.#maxLines);
    await writeFileAtomically(this.#path, toText(lines));
    this.#lines.splice(0, lines.length);
    this.#fullFiles += 1;
    this.#path = this.#pathOf(this.#fullFiles);
  }

  /** What is in its file is not needed in the journal. */
  async #releasePages(): Promise<void> {
    const saved = this.#pages.filter(({ version }) => version <= this.#written);
    this.#pages = this.#pages.filter(({ version }) => version > this.#written);
    for (const { page } of saved) await page.release();
  }
}

const toText = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");
