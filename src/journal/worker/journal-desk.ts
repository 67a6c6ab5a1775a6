import { Scope } from "../../internal/scope.js";
import { sentenceOf } from "../../internal/text-of.js";
import { isWithheld, type WireAudioFrame } from "../../protocol/audio-frame.js";
import type { SessionCheckpoint } from "../../session/session-io.js";
import { version } from "../../version.js";
import type { FromJournal, JournalProblem, ToJournal } from "../journal-messages.js";
import type { JournalSubject } from "../log/journal-state.js";
import type { Sealing } from "../log/sealing.js";
import { JournalKeeper, type JournalKeeperParts } from "./journal-keeper.js";
import { problemOf, ShelfError } from "./journal-problem.js";
import { eraseJournal, findJournal, listJournals, lockLeft, type Shelf } from "./journal-shelf.js";
import type { JournalStore } from "./journal-store.js";

/** The worker as it sees itself. */
export interface JournalThread extends EventTarget {
  postMessage(message: FromJournal): void;
  close(): void;
}

/** What a journal that goes on is bounded by: it gets no new audio. */
const NO_BOUND = Number.POSITIVE_INFINITY;

/** A journal's worker, and its talk with the page. Tasks are done one after the other. */
export class JournalDesk<Key> {
  readonly #thread: JournalThread;
  readonly #openShelf: () => Promise<Shelf<Key>>;
  readonly #scope = new Scope({ name: "journal" });
  #shelf: Shelf<Key> | undefined;
  /** The journal that this worker has. */
  #journal: string | undefined;
  #keeper: JournalKeeper | undefined;
  #last: Promise<unknown> = Promise.resolve();

  /** Listens to the page from now on. @param openShelf rejects where a page may keep nothing. */
  constructor(thread: JournalThread, openShelf: () => Promise<Shelf<Key>>) {
    this.#thread = thread;
    this.#openShelf = openShelf;
    this.#scope.listen(thread, "message", ({ data }: MessageEvent<ToJournal>) => {
      this.#last = this.#last.then(() => this.#handle(data)).catch((cause) => this.#tell(problemOf(cause), cause));
    });
    thread.postMessage({ type: "ready", version });
  }

  async #handle(message: ToJournal): Promise<void> {
    switch (message.type) {
      case "keep":
        await this.#begin(message.journal, message.subject, message.maxBytes);
        return;
      case "list": {
        const journals = await listJournals(await this.#openedShelf(), this.#scope);
        this.#thread.postMessage({ type: "listed", journals });
        return;
      }
      case "erase":
        await this.#erase(message.journal);
        return;
      case "resume":
        await this.#resume(message.journal);
        return;
      case "port":
        this.#listen(message.port);
        return;
      case "rename":
        await this.#keeper?.rename({ sessionId: message.sessionId, clientId: message.clientId });
        this.#thread.postMessage({ type: "renamed" });
        return;
      case "end":
        await this.#end(message.erase);
    }
  }

  async #begin(journal: string, subject: JournalSubject, maxBytes: number): Promise<void> {
    let sealing: Sealing | undefined;
    const begun = async (): Promise<Sealing> => {
      const shelf = await this.#openedShelf();
      if (this.#journal === undefined) await shelf.lock(journal, this.#scope);
      this.#journal = journal;
      const key = await shelf.makeKey();
      await shelf.keys.add(journal, key);
      return shelf.sealing(key);
    };
    this.#keep({
      ...{ journal, subject, maxBytes },
      // A disk that is full, or does not answer, now is as one that is so later on.
      sealing: {
        async seal(plain, record) {
          sealing ??= await begun();
          return sealing.seal(plain, record);
        },
      },
    });
    await this.#keeper?.flush();
  }

  async #erase(journal: string): Promise<void> {
    const shelf = await this.#lockedShelf(journal);
    if (shelf === undefined) return;
    await eraseJournal(shelf, journal);
    this.#thread.postMessage({ type: "erased" });
  }

  async #resume(journal: string): Promise<void> {
    const shelf = await this.#lockedShelf(journal);
    if (shelf === undefined) return;
    this.#journal = journal;
    const left = await findJournal(shelf, journal);
    if (left === undefined || !("sealing" in left)) {
      this.#tell("damaged", "There is nothing in it any more that could be read.");
    } else if (left.found.kind === "other-version") {
      this.#tell("other-version", `It is of version ${left.found.version}.`);
    } else {
      const { content } = left.found;
      const { state } = content;
      this.#keep({
        journal,
        subject: state,
        maxBytes: NO_BOUND,
        sealing: left.sealing,
        before: content,
      });
      this.#thread.postMessage({ type: "content", content });
    }
  }

  /** @throws ShelfError where nothing can be kept. */
  async #openedShelf(): Promise<Shelf<Key>> {
    if (this.#shelf !== undefined) return this.#shelf;
    const shelf = await this.#openShelf().catch((cause) => {
      throw new ShelfError(cause);
    });
    this.#shelf = shelf;
    this.#scope.defer("files of journals", () => shelf.store.close());
    return shelf;
  }

  /** @returns `undefined`, and says so, if another tab has the journal. */
  async #lockedShelf(journal: string): Promise<Shelf<Key> | undefined> {
    const shelf = await this.#openedShelf();
    if (await lockLeft(shelf, journal, this.#scope)) return shelf;
    this.#tell("in-use", "Another tab has it.");
    return undefined;
  }

  #keep(parts: Omit<JournalKeeperParts, "store" | "scope" | "now" | "onProblem">): void {
    const store = async (): Promise<JournalStore> => (await this.#openedShelf()).store;
    this.#keeper = new JournalKeeper({
      ...parts,
      store: {
        append: async (...given) => (await store()).append(...given),
        sync: async (...given) => (await store()).sync(...given),
        remove: async (...given) => (await store()).remove(...given),
      },
      scope: this.#scope,
      now: () => performance.timeOrigin + performance.now(),
      onProblem: (problem, reason) => this.#tell(problem, reason),
    });
  }

  #listen(port: MessagePort): void {
    this.#scope.defer("port of the running side", () => port.close());
    this.#scope.listen(port, "message", ({ data }: MessageEvent<WireAudioFrame | SessionCheckpoint>) => {
      if ("payload" in data) {
        if (!isWithheld(data)) this.#keeper?.push(data);
      } else this.#keeper?.note(data);
    });
    port.start();
  }

  async #end(erase: boolean): Promise<void> {
    const [shelf, journal, keeper] = [this.#shelf, this.#journal, this.#keeper];
    this.#keeper = undefined;
    if (!erase) await keeper?.flush();
    else {
      // At once: a slow disk may take longer than the page gives it.
      if (shelf !== undefined && journal !== undefined) await shelf.keys.erase(journal);
      await keeper?.stop();
    }
    if (shelf !== undefined && journal !== undefined && (erase || keeper?.isSettled === true)) {
      await eraseJournal(shelf, journal);
    }
    await this.#scope.dispose();
    this.#thread.postMessage({ type: "gone" });
    this.#thread.close();
  }

  #tell(problem: JournalProblem, cause: unknown): void {
    const reason = typeof cause === "string" ? cause : sentenceOf(cause);
    this.#thread.postMessage({ type: "problem", problem, reason });
  }
}
