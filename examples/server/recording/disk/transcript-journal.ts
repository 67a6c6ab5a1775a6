import { type FileHandle, open, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock, Scope } from "loquilex/resources";
import { syncDirectory } from "../files/sync-directory.js";
import { temporaryPath } from "../files/temporary-path.js";
import { SharedTurn } from "./shared-turn.js";

/** Lines are gathered this long, since making them durable costs the same for one as for a hundred. */
const COMMIT_INTERVAL_MS = 50;
/** How long a page takes lines. */
const PAGE_MS = 60_000;

/** A finished line of a transcript. */
export interface JournalLine {
  /** Name of the transcript, beside the journal. */
  readonly file: string;
  /** Which line of that file it is, counted from 0. */
  readonly line: number;
  readonly text: string;
}

/** A file of the journal. */
export interface JournalPage {
  /** A line of it is durable in its transcript. A page that no line needs any more is deleted. Never rejects. */
  release(): Promise<void>;
}

export interface TranscriptJournalOptions {
  /** Where the transcripts are. */
  readonly directory: string;
  readonly clock: Clock;
  /** Ends after the last transcript. */
  readonly scope: Scope;
}

/**
 * Makes the lines of all transcripts durable together, as lines of JSON in a file of its own, so that no transcript needs
 * to be written for each of them. What a dead server's journal holds is brought into the transcripts by
 * {@link recoverRecordings}.
 */
export class TranscriptJournal {
  readonly #options: TranscriptJournalOptions;
  readonly #turn: SharedTurn;
  #waiting: { readonly line: JournalLine; readonly settle: (page: JournalPage | undefined) => void }[] = [];
  /** What goes on; never rejects. */
  #committing: Promise<void> | undefined;
  #page: OpenPage | undefined;

  constructor(options: TranscriptJournalOptions) {
    this.#options = options;
    this.#turn = new SharedTurn({ ...options, intervalMs: COMMIT_INTERVAL_MS });
  }

  /** @returns the page on which the line is durable, or `undefined` if the journal cannot be written. */
  append(line: JournalLine): Promise<JournalPage | undefined> {
    const durable = new Promise<JournalPage | undefined>((settle) => this.#waiting.push({ line, settle }));
    this.#committing ??= this.#commit();
    return durable;
  }

  async #commit(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#turn.next();
      const lines = this.#waiting;
      this.#waiting = [];
      const page = await this.#write(lines.map(({ line }) => line)).catch(() => undefined);
      for (const { settle } of lines) settle(page);
    }
    this.#committing = undefined;
  }

  async #write(lines: readonly JournalLine[]): Promise<JournalPage> {
    const { clock } = this.#options;
    if (this.#page === undefined || !this.#page.isOpen || clock.now() - this.#page.since > PAGE_MS) {
      await this.#page?.seal();
      this.#page = await OpenPage.create(this.#options);
    }
    await this.#page.write(lines);
    return this.#page;
  }
}

class OpenPage implements JournalPage {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #releaseScope: () => void;
  readonly since: number;
  /** Lines that are not in their transcripts. */
  #needed = 0;
  #closed: Promise<void> | undefined;

  /** For {@link OpenPage.create}. */
  constructor(path: string, handle: FileHandle, { clock, scope }: TranscriptJournalOptions) {
    this.#path = path;
    this.#handle = handle;
    this.since = clock.now();
    const registration = scope.defer("page of the journal", () => this.seal());
    this.#releaseScope = () => registration.release();
  }

  static async create(options: TranscriptJournalOptions): Promise<OpenPage> {
    const path = temporaryPath(join(options.directory, "finals"), "journal");
    const page = new OpenPage(path, await open(path, "wx"), options);
    await syncDirectory(dirname(path));
    return page;
  }

  /** Whether it takes lines. */
  get isOpen(): boolean {
    return this.#closed === undefined;
  }

  /** @throws the system's error; nothing may follow then, since half a line may be there. */
  async write(lines: readonly JournalLine[]): Promise<void> {
    this.#needed += lines.length;
    try {
      await this.#handle.appendFile(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
      await this.#handle.datasync();
      // If this process slept for long, another server has taken the journal.
      await (await open(this.#path, "r")).close();
    } catch (error) {
      await this.seal();
      for (const _ of lines) await this.release();
      throw error;
    }
  }

  async release(): Promise<void> {
    this.#needed -= 1;
    if (this.#needed > 0) return;
    await this.seal();
    await rm(this.#path, { force: true }).catch(() => {});
  }

  /** Takes no more lines. Never rejects. */
  async seal(): Promise<void> {
    this.#closed ??= this.#handle.close().catch(() => {});
    await this.#closed;
    this.#releaseScope();
  }
}
