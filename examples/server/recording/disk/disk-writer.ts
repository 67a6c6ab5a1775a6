import { type Clock, deferred, type Scope } from "loquilex/resources";
import { forEverybody } from "../../fault-owner.js";
import { sharedBytes, totalBytes } from "../../processes/growing-bytes.js";
import { Thread } from "../../processes/thread.js";
import { threadCode } from "../../processes/thread-code.js";
import { type AppendAnswer, type AppendStart, type AppendStep, packAppends } from "./append-batch.js";

/**
 * How much the thread is given at once, in memory that is kept. It gets one batch in each turn of the event loop, which may
 * take 40 ms with thousands of clients: with less, the disk would wait for the loop. With more, the first of those
 * that write at the same time would hear as late as the last.
 */
const BATCH_BYTES = 2 ** 23;
/** How many threads in a row may die of a batch before its writes fail. */
const MAX_DEATHS = 3;

export interface DiskWriterOptions {
  readonly clock: Clock;
  /** Ends the thread, and what is open in it. */
  readonly scope: Scope;
  /**
   * File that another server removes before it takes this one's files, see `AppendStart`. @defaultValue none: each file is
   * looked at after each write
   */
  readonly lease?: string | undefined;
  /** What the thread runs. @defaultValue `append-thread.ts` */
  readonly module?: URL | undefined;
  /** The thread died; another one goes on, unless too many did. */
  readonly onThreadDeath?: ((error: Error) => void) | undefined;
}

/** Called on nobody's behalf. @param error the system's reason for which something was not done; `undefined` if it was. */
export type OnDone = (error: unknown) => void;

/** A file that grows. Calls must not overlap. */
export interface AppendedFile {
  /**
   * Writes the pieces, one behind the other, at a place of the file, which is made by the first call. Resolves when the
   * system has them and the file is still where it was. The pieces must stay as they are until then.
   * @throws the system's error.
   */
  write(position: number, pieces: readonly Uint8Array[]): Promise<void>;
  /**
   * The same for one piece and without a promise, which would cost more than the rest of it.
   * @param onDone called once, and never inside the call.
   */
  append(position: number, piece: Uint8Array, onDone: OnDone): void;
  /** Lets go of the handle. Resolves when the file may be renamed. Never rejects. */
  close(): Promise<void>;
}

/** A file, and what threads know of it. */
interface FileState {
  readonly id: number;
  readonly path: string;
  /** `made` once a write was confirmed; `unsure` if a thread died while it made it. */
  existence: "none" | "unsure" | "made";
  /** The thread that knows it, by its {@link DiskWriter.#generation}. */
  knownTo: number | undefined;
  /** Another server may have it. */
  lost: boolean;
}

/** What is to be done with a file. */
interface Work {
  readonly file: FileState;
  readonly type: "write" | "close";
  readonly position: number;
  readonly pieces: readonly Uint8Array[];
}

interface Pending extends Work {
  /** `undefined` once it has been called. */
  onDone: OnDone | undefined;
}

/**
 * Appends to many files from one thread, which begins with the first write. What comes while the thread is at work is done
 * in one go when it is through. If the thread dies, another one does again whatever the dead one did not confirm: each
 * piece has its place in its file, so that nothing is there twice.
 */
export class DiskWriter {
  readonly #options: DiskWriterOptions;
  #memory = sharedBytes();
  #thread: Thread | undefined;
  /** The count that the present thread keeps of its finished batches, how many it was sent, and how many are settled here. */
  #done: Int32Array = new Int32Array(1);
  #sent = 0;
  #over = 0;
  #answers = 0;
  #starting = false;
  #files = 0;
  readonly #open = new Set<FileState>();
  /** Changes with each thread, which knows nothing of the files of another. */
  #generation = 0;
  /** Threads that died since the last answer. */
  #deaths = 0;
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
    const file: FileState = { id: this.#files, path, existence: "none", knownTo: undefined, lost: false };
    this.#open.add(file);
    return {
      write: (position, pieces) => this.#do({ file, type: "write", position, pieces }),
      append: (position, piece, onDone) => this.#begin({ file, type: "write", position, pieces: [piece] }, onDone),
      close: async () => {
        this.#open.delete(file);
        if (file.knownTo !== this.#generation) return;
        await this.#do({ file, type: "close", position: 0, pieces: [] }).catch(() => {});
      },
    };
  }

  /**
   * Another server has taken this one's files. Nothing that is written to those that are open now is confirmed any more,
   * also if it is being written at the moment.
   */
  lose(): void {
    for (const file of this.#open) file.lost = true;
    for (const pending of [...(this.#atWork ?? []), ...this.#waiting]) if (pending.file.lost) settle(pending, lost());
  }

  /**
   * Looks whether the thread is through with its batch, which its message says only when the event loop turns: with thousands
   * of clients, whose sockets are all read first, that is a long time.
   */
  look(): void {
    if (this.#atWork !== undefined && Atomics.load(this.#done, 0) === this.#sent) this.#take([]);
  }

  #do(work: Work): Promise<void> {
    const { promise, resolve, reject } = deferred<void>();
    this.#begin(work, (error) => (error === undefined ? resolve() : reject(error)));
    return promise;
  }

  #begin({ file, type, position, pieces }: Work, onDone: OnDone): void {
    const pending: Pending = { file, type, position, pieces, onDone };
    if (file.lost && type === "write") {
      process.nextTick(() => settle(pending, lost()));
      return;
    }
    this.#waiting.push(pending);
    if (this.#options.scope.disposed) process.nextTick(() => this.#fail(new Error("The server has ended.")));
    else if (this.#atWork === undefined && this.#waiting.length === 1) {
      // The rest of those whose turn it is come before that.
      process.nextTick(() => this.#sendFirst());
    }
  }

  #sendFirst(): void {
    if (this.#atWork === undefined && this.#waiting.length > 0) this.#send();
  }

  #send(): void {
    if (this.#thread === undefined) {
      void forEverybody(() => this.#start());
      return;
    }
    this.#atWork = this.#takeBatch();
    const batch = packAppends(
      this.#atWork.map((pending) => this.#stepOf(pending)),
      this.#memory,
    );
    this.#sent += 1;
    this.#thread.post(batch);
  }

  /** Takes out the oldest, but no more than a batch has room for. One that is larger is a batch of its own. */
  #takeBatch(): readonly Pending[] {
    let bytes = 0;
    const end = this.#waiting.findIndex(({ pieces }, index) => {
      bytes += totalBytes(pieces);
      return index > 0 && bytes > BATCH_BYTES;
    });
    return this.#waiting.splice(0, end < 0 ? this.#waiting.length : end);
  }

  #stepOf({ file, type, position, pieces }: Work): AppendStep {
    const { id, path, existence } = file;
    if (type === "close" || (existence === "made" && file.knownTo === this.#generation)) {
      return { type, file: id, position, pieces };
    }
    file.knownTo = this.#generation;
    return { type: HOW_TO_OPEN[existence], file: id, path, position, pieces };
  }

  async #start(): Promise<void> {
    if (this.#starting) return;
    this.#starting = true;
    const { clock, scope, lease } = this.#options;
    try {
      const code = await threadCode(this.#module);
      const done = new Int32Array(new SharedArrayBuffer(4));
      const data: AppendStart = { lease, done };
      [this.#done, this.#sent, this.#over, this.#answers] = [done, 0, 0, 0];
      this.#thread = new Thread({
        ...{ name: "disk", code, data, clock, scope },
        onMessage: (answer) => this.#hear(answer as AppendAnswer),
        onCrash: (error) => this.#replaceThread(error),
      });
      this.#send();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#starting = false;
    }
  }

  #hear(answer: AppendAnswer): void {
    this.#answers += 1;
    // Otherwise it was seen before it was told.
    if (this.#answers > this.#over) this.#take(answer);
  }

  #take(failures: AppendAnswer): void {
    this.#over += 1;
    const done = this.#atWork ?? [];
    this.#atWork = undefined;
    this.#deaths = 0;
    for (const { step, message, code } of failures) {
      const failed = done[step];
      if (failed === undefined) continue;
      // It may have been made before the disk took no more. What is there from somebody else is never written over.
      if (failed.file.existence === "none" && code !== "EEXIST") failed.file.existence = "unsure";
      settle(failed, Object.assign(new Error(message), code === undefined ? {} : { code }));
    }
    for (const pending of done) {
      if (pending.onDone === undefined) continue;
      pending.file.existence = "made";
      settle(pending, undefined);
    }
    if (this.#waiting.length > 0) this.#send();
  }

  #replaceThread(error: Error): void {
    this.#thread = undefined;
    this.#generation += 1;
    this.#deaths += 1;
    // A thread that was ended in the middle of a call may still read what it was given.
    this.#memory = sharedBytes();
    this.#options.onThreadDeath?.(error);
    for (const { file } of this.#atWork ?? []) if (file.existence === "none") file.existence = "unsure";
    if (this.#deaths >= MAX_DEATHS) {
      this.#fail(new Error(`The thread that writes recordings ended ${MAX_DEATHS} times in a row: ${error.message}.`));
      return;
    }
    this.#waiting = [...(this.#atWork ?? []), ...this.#waiting];
    this.#atWork = undefined;
    if (this.#waiting.length > 0) this.#send();
  }

  #fail(error: unknown): void {
    const failed = [...(this.#atWork ?? []), ...this.#waiting];
    this.#atWork = undefined;
    this.#waiting = [];
    for (const pending of failed) settle(pending, error);
  }
}

function settle(pending: Pending, error: unknown): void {
  const { onDone } = pending;
  pending.onDone = undefined;
  onDone?.(error);
}

const HOW_TO_OPEN = { none: "create", unsure: "ensure", made: "reopen" } as const;

const lost = (): Error => Object.assign(new Error("Another server has taken the file."), { code: "ENOENT" });
