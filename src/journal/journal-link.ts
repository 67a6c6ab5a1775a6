import { deferred } from "../internal/deferred.js";
import { LateModule } from "../internal/late-module.js";
import { Scope } from "../internal/scope.js";
import { sentenceOf } from "../internal/text-of.js";
import { within } from "../internal/within.js";
import { startWorker, type WorkerCode } from "../internal/worker-thread.js";
import { version } from "../version.js";
import type { FromJournal, ToJournal } from "./journal-messages.js";

/** How long the worker's code may take to load and to run, over a slow network too, in milliseconds. */
const START_TIMEOUT_MS = 15_000;
/** How long the worker may take to write or erase what it has when everything ends, in milliseconds. */
const END_TIMEOUT_MS = 250;

/** A page whose worker comes from a file has no use for it. */
const inlineWorker = /* @__PURE__ */ new LateModule<{ readonly default: string }>(
  () => import("virtual:loquilex-journal-worker"),
);

export interface JournalLinkParts {
  /** Its disposal ends the worker. */
  readonly scope: Scope;
  /** Where `loquilex.journal.worker.js` is served; if it fails, the code inside the package is tried. */
  readonly workerUrl: string | undefined;
  onMessage(message: Exclude<FromJournal, { readonly type: "ready" | "gone" }>): void;
  /** There is no worker. @param reason as a sentence. */
  onNone(reason: string): void;
}

/** A journal's worker, seen from the page. */
export class JournalLink {
  readonly #parts: JournalLinkParts;
  /** Outlives that of the stream by the time that the end takes. */
  readonly #scope = new Scope({ name: "journal" });
  readonly #gone = deferred<void>();
  /** What the worker is told when its code runs; `undefined` from then on. */
  #early: { readonly message: ToJournal; readonly transfer: readonly Transferable[] }[] | undefined = [];
  #worker: Worker | undefined;
  #erases = false;

  constructor(parts: JournalLinkParts) {
    const { scope, workerUrl } = parts;
    this.#parts = parts;
    scope.defer("journal", () => this.#end());
    void this.#start(workerUrl === undefined ? [undefined] : [workerUrl, undefined]);
  }

  post(message: ToJournal, transfer: readonly Transferable[] = []): void {
    if (this.#early !== undefined) this.#early.push({ message, transfer });
    else this.#worker?.postMessage(message, [...transfer]);
  }

  /** @returns the end of a channel whose other end the worker has. */
  connect(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.post({ type: "port", port: port2 }, [port2]);
    return port1;
  }

  /** Nothing may be left of the journal when everything ends. */
  eraseAtEnd(): void {
    this.#erases = true;
  }

  async #start(urls: readonly (string | undefined)[]): Promise<void> {
    let reason = "";
    for (const url of urls) {
      const own = this.#scope.child("start");
      try {
        const code = url === undefined ? { source: (await inlineWorker.load()).default } : { url };
        // The end did not wait for a worker that was not there.
        if (this.#scope.disposed) return;
        await this.#run(code, own);
        return;
      } catch (cause) {
        if (this.#scope.disposed) return;
        void own.dispose();
        reason = sentenceOf(cause);
      }
    }
    this.#lose(reason);
  }

  /** Resolves when the worker's code runs. */
  async #run(code: WorkerCode, own: Scope): Promise<void> {
    const worker = startWorker(own, code);
    const ready = deferred<boolean>();
    own.listen(worker, "message", ({ data }: MessageEvent<FromJournal>) => {
      if (this.#worker === worker) this.#handle(data);
      else if (data?.type === "ready" && data.version === version) ready.resolve(true);
      else ready.reject(new Error(`It is not the journal's worker of LoquiLex ${version}.`));
    });
    own.listen(worker, "error", (event: ErrorEvent) => {
      const reason = event.message || "The browser does not say why.";
      ready.reject(new Error(reason));
      if (this.#worker === worker) this.#lose(reason);
    });
    if (!(await within(own, START_TIMEOUT_MS, ready.promise, false))) throw new Error("It does not answer.");
    this.#worker = worker;
    for (const { message, transfer } of this.#early?.splice(0) ?? []) worker.postMessage(message, [...transfer]);
    this.#early = undefined;
  }

  #handle(message: FromJournal): void {
    if (message.type === "gone") this.#gone.resolve();
    else if (message.type !== "ready") this.#parts.onMessage(message);
  }

  #lose(reason: string): void {
    this.#dropEarly();
    this.#early = undefined;
    this.#worker = undefined;
    this.#gone.resolve();
    void this.#scope.dispose();
    if (!this.#parts.scope.disposed) this.#parts.onNone(reason);
  }

  /** A page that goes away may be over before: the worker goes on until the browser ends it. */
  async #end(): Promise<void> {
    if (this.#worker !== undefined) {
      this.post({ type: "end", erase: this.#erases });
      await within(this.#scope, END_TIMEOUT_MS, this.#gone.promise, undefined).catch(() => {});
    }
    this.#dropEarly();
    await this.#scope.dispose();
  }

  /** Closes the ports that the worker was to get. */
  #dropEarly(): void {
    for (const { transfer } of this.#early?.splice(0) ?? []) for (const port of transfer) (port as MessagePort).close();
  }
}
