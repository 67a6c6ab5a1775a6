import type { Clock, Scope } from "loquilex/resources";
import { forEverybody } from "../../fault-owner.js";
import { sharedBytes } from "../../processes/growing-bytes.js";
import { Thread } from "../../processes/thread.js";
import { threadCode } from "../../processes/thread-code.js";
import { type AppendAnswer, type AppendStep, packAppends } from "./append-batch.js";

export interface DiskWriterOptions {
  readonly clock: Clock;
  /** Ends the thread, and what is open in it. */
  readonly scope: Scope;
  /** What the thread runs. @defaultValue `append-thread.ts` */
  readonly module?: URL | undefined;
}

/** A file that grows. Calls must not overlap. */
export interface AppendedFile {
  /**
   * Writes the pieces, one behind the other, at a place of the file, which is made by the first call. Resolves when the
   * system has them and the file is still where it was. @throws the system's error.
   */
  write(position: number, pieces: readonly Uint8Array[]): Promise<void>;
  /** Lets go of the handle. Resolves when the file may be renamed. Never rejects. */
  close(): Promise<void>;
}

interface Pending {
  readonly step: AppendStep;
  resolve(): void;
  reject(reason: unknown): void;
}

/**
 * Appends to many files from one thread, which begins with the first write. What comes while the thread is at work is done
 * in one go when it is through.
 */
export class DiskWriter {
  readonly #options: DiskWriterOptions;
  #memory = sharedBytes();
  #thread: Thread | undefined;
  #starting = false;
  #files = 0;
  /** Changes with each thread, which knows nothing of the files of another. */
  #generation = 0;
  #waiting: Pending[] = [];
  #atWork: readonly Pending[] | undefined;

  constructor(options: DiskWriterOptions) {
    this.#options = options;
    // So that the first write need not wait for it. An error is told to whoever writes.
    threadCode(this.#module).catch(() => {});
  }

  get #module(): URL {
    return this.#options.module ?? new URL("./append-thread.ts", import.meta.url);
  }

  /** Touches nothing yet. @param path where nothing is. */
  open(path: string): AppendedFile {
    this.#files += 1;
    const file = this.#files;
    let created = false;
    let knownTo: number | undefined;
    return {
      write: (position, pieces) => {
        if (created && knownTo === this.#generation) return this.#do({ type: "write", file, position, pieces });
        knownTo = this.#generation;
        return this.#do({ type: created ? "reopen" : "create", file, path, position, pieces }).then(() => {
          created = true;
        });
      },
      close: async () => {
        if (knownTo === this.#generation) {
          await this.#do({ type: "close", file, position: 0, pieces: [] }).catch(() => {});
        }
      },
    };
  }

  #do(step: AppendStep): Promise<void> {
    const done = new Promise<void>((resolve, reject) => this.#waiting.push({ step, resolve, reject }));
    if (this.#options.scope.disposed) this.#fail(new Error("The server has ended."));
    else if (this.#atWork === undefined) this.#send();
    return done;
  }

  #send(): void {
    if (this.#thread === undefined) {
      void forEverybody(() => this.#start());
      return;
    }
    const batch = packAppends(
      this.#waiting.map(({ step }) => step),
      this.#memory,
    );
    this.#atWork = this.#waiting;
    this.#waiting = [];
    this.#thread.post(batch);
  }

  async #start(): Promise<void> {
    if (this.#starting) return;
    this.#starting = true;
    const { clock, scope } = this.#options;
    try {
      const code = await threadCode(this.#module);
      this.#thread = new Thread({
        ...{ name: "disk", code, data: undefined, clock, scope },
        onMessage: (answer) => this.#take(answer as AppendAnswer),
        onCrash: (error) => {
          this.#thread = undefined;
          this.#generation += 1;
          // A thread that was ended in the middle of a call may still read what it was given.
          this.#memory = sharedBytes();
          this.#fail(new Error(`The thread that writes recordings ended: ${error.message}.`));
        },
      });
      this.#send();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#starting = false;
    }
  }

  #take(failures: AppendAnswer): void {
    const done = this.#atWork ?? [];
    this.#atWork = undefined;
    for (const { step, message, code } of failures) {
      done[step]?.reject(Object.assign(new Error(message), code === undefined ? {} : { code }));
    }
    for (const pending of done) pending.resolve();
    if (this.#waiting.length > 0) this.#send();
  }

  #fail(error: unknown): void {
    const failed = [...(this.#atWork ?? []), ...this.#waiting];
    this.#atWork = undefined;
    this.#waiting = [];
    for (const { reject } of failed) reject(error);
  }
}
