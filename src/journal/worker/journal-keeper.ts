import type { Scope } from "../../internal/scope.js";
import { sentenceOf } from "../../internal/text-of.js";
import { within } from "../../internal/within.js";
import type { WireAudioFrame } from "../../protocol/audio-frame.js";
import type { SessionCheckpoint } from "../../session/session-io.js";
import type { JournalProblem } from "../journal-messages.js";
import { encodeEntry } from "../log/journal-entry.js";
import { beginningOf, type JournalState, type JournalSubject, stateOf } from "../log/journal-state.js";
import { type JournalOperation, JournalWriter, type NumberedEntry } from "../log/journal-writer.js";
import type { Sealing } from "../log/sealing.js";
import { problemOf } from "./journal-problem.js";
import type { JournalStore } from "./journal-store.js";

/** What waits is written so soon, in milliseconds: a crash takes along no more than this, and what is just being written. */
const BATCH_MS = 100;
/** How soon a disk that has refused is asked again, in milliseconds. */
const RETRY_MS = 1_000;
/** A disk that takes longer is given up, in milliseconds. */
const DISK_TIMEOUT_MS = 10_000;
/** What may wait for a disk that is slow or full. */
const MAX_WAITING_BYTES = 4_194_304;
/** A file that is as large is followed by the next one, and goes when all in it is settled. */
const SEGMENT_BYTES = 131_072;

/** What a {@link JournalKeeper} is made with. */
export interface JournalKeeperParts {
  readonly journal: string;
  readonly store: Pick<JournalStore, "append" | "sync" | "remove">;
  readonly sealing: Pick<Sealing, "seal">;
  readonly scope: Scope;
  readonly maxBytes: number;
  /** @defaultValue 131_072 */
  readonly segmentBytes?: number | undefined;
  /** What is in the journal already. */
  readonly before?: {
    readonly state: JournalState;
    readonly last: { readonly segment: number; readonly record: number };
    readonly end: number;
  };
  readonly subject: JournalSubject;
  /** Milliseconds since 1970. */
  now(): number;
  onProblem(problem: JournalProblem, reason: string): void;
}

/** Brings what a session takes to the disk, and removes what is settled. */
export class JournalKeeper {
  readonly #parts: JournalKeeperParts;
  readonly #writer: JournalWriter;
  #subject: JournalSubject;
  #isWaiting = false;
  #writing: Promise<void> | undefined;
  /** The disk has refused the last time. */
  #isRefused = false;
  /** The disk does not answer: nothing is given to it any more. */
  #isBroken = false;
  readonly #told = new Set<JournalProblem>();

  constructor(parts: JournalKeeperParts) {
    const { before, subject, maxBytes, segmentBytes = SEGMENT_BYTES } = parts;
    this.#parts = parts;
    this.#subject = subject;
    this.#writer = new JournalWriter(before?.state ?? beginningOf(subject), {
      segmentBytes,
      maxBytes,
      after: before?.last ?? { segment: 0, record: 0 },
      writtenTo: before?.end ?? 0,
    });
  }

  /** Whether the server has all audio, or its loss was announced. */
  get isSettled(): boolean {
    return this.#writer.isSettled;
  }

  /** The session has taken a frame. */
  push(frame: WireAudioFrame): void {
    if (this.#isBroken) return;
    if (this.#writer.waitingBytes > MAX_WAITING_BYTES) {
      this.#writer.drop();
      this.#tell("storage-failed", "The disk is too slow.");
    }
    this.#writer.push(frame);
    this.#writeSoon();
  }

  /** The session stands there now. */
  note(checkpoint: SessionCheckpoint): void {
    this.#writer.note(stateOf(this.#subject, checkpoint));
    this.#writeSoon();
  }

  /** The audio belongs to another session, which no server has answered yet. Resolves when this is kept. */
  async rename(names: Pick<JournalSubject, "sessionId" | "clientId">): Promise<void> {
    this.#subject = { ...this.#subject, ...names };
    const { captured, settled, losses, absent } = this.#writer.state;
    this.#writer.note({ ...beginningOf(this.#subject), captured, settled, losses, absent });
    await this.flush();
  }

  /** Writes everything that waits, as far as the disk takes it. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    if (this.#writer.hasWork) await this.#write();
  }

  /** Nothing is written from now on. Resolves when nothing is being written. */
  async stop(): Promise<void> {
    this.#isBroken = true;
    await this.#writing;
  }

  #writeSoon(): void {
    // How soon is known when the disk has answered: one that takes things again is not left to wait like one that refuses.
    if (this.#isWaiting || this.#writing !== undefined || this.#isBroken || !this.#writer.hasWork) return;
    this.#isWaiting = true;
    this.#parts.scope.timeout(
      this.#isRefused ? RETRY_MS : BATCH_MS,
      () => {
        this.#isWaiting = false;
        void this.flush();
      },
      "journal's next record",
    );
  }

  #write(): Promise<void> {
    this.#writing = this.#writeRecord().finally(() => {
      this.#writing = undefined;
      this.#writeSoon();
    });
    return this.#writing;
  }

  async #writeRecord(): Promise<void> {
    const entry = this.#isBroken ? undefined : this.#writer.take(this.#parts.now());
    if (entry === undefined) return;
    try {
      const body = await this.#inTime(this.#parts.sealing.seal(encodeEntry(entry), entry.record));
      for (const operation of this.#writer.write(entry, body)) await this.#inTime(this.#perform(operation));
      this.#isRefused = false;
    } catch (cause) {
      this.#onFailed(entry, cause);
    }
  }

  #perform(operation: JournalOperation): Promise<void> {
    const { store, journal } = this.#parts;
    switch (operation.type) {
      case "append":
        return store.append(journal, operation.segment, operation.bytes, operation.sync);
      case "sync":
        return store.sync(journal, operation.segment);
      case "remove":
        if (operation.isLoss) this.#tell("storage-full", "There is more unacknowledged audio than maxBytes allows.");
        return store.remove(journal, operation.segment);
    }
  }

  #onFailed(entry: NumberedEntry, cause: unknown): void {
    this.#isRefused = true;
    this.#writer.failed(entry);
    if (this.#parts.scope.disposed) return;
    const problem = problemOf(cause);
    // What will be the same as long as there is this page.
    if (problem === "no-storage" || problem === "other-version") this.#isBroken = true;
    this.#tell(problem, sentenceOf(cause));
  }

  async #inTime<T>(promise: Promise<T>): Promise<T> {
    const late = {};
    const result = await within(this.#parts.scope, DISK_TIMEOUT_MS, promise, late);
    if (result !== late) return result as T;
    this.#isBroken = true;
    throw new Error(`The disk did not answer within ${DISK_TIMEOUT_MS / 1_000} seconds.`);
  }

  /** Each problem once. */
  #tell(problem: JournalProblem, reason: string): void {
    if (this.#told.has(problem)) return;
    this.#told.add(problem);
    this.#parts.onProblem(problem, reason);
  }
}
