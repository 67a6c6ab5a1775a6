import { Scope } from "../../internal/scope.js";
import { sentenceOf } from "../../internal/text-of.js";
import { isWithheld, type WireAudioFrame } from "../../protocol/audio-frame.js";
import type { SessionCheckpoint } from "../../session/session-io.js";
import { version } from "../../version.js";
import type { FromJournal, JournalProblem, ToJournal } from "../journal-messages.js";
import type { JournalSubject } from "../log/journal-state.js";
import { JournalKeeper, type JournalKeeperParts } from "./journal-keeper.js";
import { eraseJournal, findJournal, listJournals, type Shelf } from "./journal-shelf.js";

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
      this.#last = this.#last.then(() => this.#handle(data)).catch((cause) => this.#tell("storage-failed", cause));
    });
    thread.postMessage({ type: "ready", version });
  }

  async #handle(message: ToJournal): Promise<void> {
    switch (message.type) {
      case "keep":
        await this.#begin(message.journal, message.subject, message.maxBytes);
        return;
      case "list": {
        const shelf = await this.#openedShelf();
        const journals = shelf === undefined ? [] : await listJournals(shelf, this.#scope);
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
    const shelf = await this.#openedShelf();
    if (shelf === undefined) return;
    await shelf.lock(journal, this.#scope);
    const key = await shelf.makeKey();
    await shelf.keys.add(journal, key);
    this.#journal = journal;
    this.#keep(shelf, { journal, subject, maxBytes, sealing: shelf.sealing(key) });
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
      const { state, last } = content;
      this.#keep(shelf, {
        journal,
        subject: state,
        maxBytes: NO_BOUND,
        sealing: left.sealing,
        before: { state, last },
      });
      this.#thread.postMessage({ type: "content", content });
    }
  }

  /** @returns `undefined`, and says so, where nothing can be kept. */
  async #openedShelf(): Promise<Shelf<Key> | undefined> {
    try {
      this.#shelf ??= await this.#openShelf();
    } catch (cause) {
      this.#tell("no-storage", cause);
    }
    return this.#shelf;
  }

  /** @returns `undefined`, and says so, if another tab has the journal. */
  async #lockedShelf(journal: string): Promise<Shelf<Key> | undefined> {
    const shelf = await this.#openedShelf();
    if (shelf === undefined || (await shelf.lock(journal, this.#scope))) return shelf;
    this.#tell("in-use", "Another tab has it.");
    return undefined;
  }

  #keep(shelf: Shelf<Key>, parts: Omit<JournalKeeperParts, "store" | "scope" | "now" | "onProblem">): void {
    this.#scope.defer("files of the journal", () => shelf.store.close());
    this.#keeper = new JournalKeeper({
      ...parts,
      store: shelf.store,
      scope: this.#scope,
      now: () => shelf.now(),
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
    await keeper?.flush();
    this.#keeper = undefined;
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
