import type { Clock, Registration, Scope } from "loquilex/resources";
import { writeFileAtomically } from "./atomic-file.js";
import { StorageError } from "./storage-error.js";

export interface RollingTextFileOptions {
  /** Ends in `.txt`. */
  readonly path: string;
  readonly clock: Clock;
  readonly scope: Scope;
  /** Finished lines of one file; what follows goes into `<name>.2.txt` and so on. @defaultValue 10_000 */
  readonly maxLines?: number | undefined;
  /** The least time between two writes for the sake of the unfinished line, in milliseconds. @defaultValue 250 */
  readonly partialIntervalMs?: number | undefined;
  /** Told of a failed write, once until one succeeds again. The lines of two files stay in memory until the next write. */
  onError(error: StorageError): void;
}

/**
 * A text file of finished lines and at most one unfinished last line, which is rewritten in place. Each write replaces
 * the whole file atomically; writes never overlap, and no handle is kept.
 */
export class RollingTextFile {
  readonly #firstPath: string;
  #path: string;
  readonly #clock: Clock;
  readonly #scope: Scope;
  readonly #maxLines: number;
  readonly #partialIntervalMs: number;
  readonly #onError: (error: StorageError) => void;
  /** Those of the file being written, and what follows them. */
  readonly #lines: string[] = [];
  /** Files that are full. */
  #fullFiles = 0;
  #partial: string | undefined;
  /** Counts changes; `#written` is the count that the disk has. */
  #version = 0;
  #written = 0;
  #lastWriteAt = Number.NEGATIVE_INFINITY;
  /** The writes going on; never rejects. */
  #writing: Promise<void> | undefined;
  /** Whether what came during a write may not wait for the partials' interval. */
  #urgent = false;
  #timer: Registration | undefined;
  /** Why the last write failed. */
  #failure: StorageError | undefined;
  /** Those who wait for a line to be durable, oldest first. */
  #waiters: { readonly version: number; readonly settle: (durable: boolean) => void }[] = [];

  constructor(options: RollingTextFileOptions) {
    this.#firstPath = options.path;
    this.#path = options.path;
    this.#clock = options.clock;
    this.#scope = options.scope;
    this.#maxLines = options.maxLines ?? 10_000;
    this.#partialIntervalMs = options.partialIntervalMs ?? 250;
    this.#onError = options.onError;
    if (!(this.#maxLines >= 1)) throw new RangeError(`maxLines must be at least 1, and is ${this.#maxLines}.`);
  }

  /** Replaces the unfinished last line, soon; `undefined` takes it away. */
  setPartial(text: string | undefined): void {
    const line = text === undefined ? undefined : oneLine(text);
    if (line === this.#partial) return;
    this.#partial = line;
    this.#version += 1;
    this.#writeSoon();
  }

  /**
   * Appends a finished line in place of the unfinished one, and writes at once.
   * @returns a promise of whether the line is durable: `false` when the write failed, and the line goes with the next.
   */
  append(text: string): Promise<boolean> {
    this.#partial = undefined;
    this.#lines.push(oneLine(text));
    this.#version += 1;
    const version = this.#version;
    const durable = new Promise<boolean>((settle) => this.#waiters.push({ version, settle }));
    this.#writeNow();
    return durable;
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

  #writeSoon(): void {
    if (this.#timer !== undefined || this.#writing !== undefined) return;
    const waitMs = this.#lastWriteAt + this.#partialIntervalMs - this.#clock.now();
    if (waitMs <= 0) this.#writeNow();
    else this.#timer = this.#scope.timeout(waitMs, () => this.#writeNow(), "transcript write");
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
    if (this.#written < this.#version && this.#failure === undefined) this.#writeSoon();
  }

  async #writeOnce(): Promise<void> {
    this.#lastWriteAt = this.#clock.now();
    const version = this.#version;
    try {
      while (this.#lines.length > this.#maxLines) await this.#finishFile();
      const lines = this.#partial === undefined ? this.#lines : [...this.#lines, this.#partial];
      await writeFileAtomically(this.#path, toText(lines));
      this.#written = version;
      this.#failure = undefined;
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
    this.#path = this.#firstPath.replace(/\.txt$/, `.${this.#fullFiles + 1}.txt`);
  }
}

const toText = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");

/** A segment is one line whatever an engine prints: nothing in it may begin another or steer a terminal. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, " ").trim();
}
