import { deferred } from "../../internal/deferred.js";
import { inTurn } from "../../internal/in-turn.js";
import type { ResourceChange } from "../../internal/resource-reports.js";
import { type Registration, Scope } from "../../internal/scope.js";
import { sentenceOf } from "../../internal/text-of.js";
import { afterWakingTime } from "../../internal/waking-time.js";
import { within } from "../../internal/within.js";
import { startWorker, type WorkerCode } from "../../internal/worker-thread.js";
import { countUnheard } from "../page/unheard.js";
import { onPageGone } from "../page-watch.js";
import type { HostObserver, RunningHost } from "../running-host.js";
import type { RunningCommand, RunningStats } from "../running-messages.js";
import { type Answerer, Answers } from "./answers.js";
import { hearWorker } from "./hear-worker.js";
import { NOTHING_LEFT, nextCheckpoint, type Restored } from "./restored.js";
import { unwired, type Wired } from "./wire-error.js";
import { endOverdue, workerDied, workerFellBack } from "./worker-errors.js";
import type { PageMessage, WorkerEvent, WorkerMessage, WorkerSetup } from "./worker-messages.js";
import { type WorkerWatch, watchWorker } from "./worker-watch.js";

/** How long the worker may take to close its socket when everything ends, in milliseconds. */
const END_TIMEOUT_MS = 250;
/** How long a worker may say nothing during the end, in milliseconds, be there ever so little time. */
const MIN_PATIENCE_MS = 1_000;
/** After so many workers that died, the page does their work. */
const MAX_DEATHS = 3;

/** What a {@link WorkerHost} is made with. */
export interface WorkerHostParts extends HostObserver {
  /** Its disposal ends the worker. */
  readonly scope: Scope;
  readonly setup: WorkerSetup;
  /** Where to get the code, what is tried first in front. */
  readonly codes: readonly LateWorkerCode[];
  readonly answerer: Answerer;
  /** Something in the worker did not end well. */
  onUnreleased(failures: readonly { readonly resource: string; readonly message: string }[]): void;
  /** No worker can be made. @param reasons one for each code. */
  onNone(reasons: readonly string[]): void;
  /** Runs on the page instead. */
  onPage(restored: Restored): RunningHost;
}

/** Code as it is, or code that has to be loaded first, at most for as long as the scope lives. */
export type LateWorkerCode = WorkerCode | ((scope: Scope) => Promise<WorkerCode>);

interface StartedWorker {
  readonly thread: Worker;
  readonly watch: WorkerWatch;
}

interface Posted {
  readonly command: RunningCommand;
  readonly transfer: readonly Transferable[];
}

/** Runs in a dedicated worker, or on the page if the browser or the page's policy allows no worker. */
export class WorkerHost implements RunningHost {
  readonly #parts: WorkerHostParts;
  readonly #answers: Answers;
  /** Without a thread while its code is loaded. */
  #worker: ({ readonly scope: Scope } & Partial<StartedWorker>) | undefined;
  #page: RunningHost | undefined;
  /** Commands from before the worker's code ran; `undefined` from then on. */
  #early: Posted[] | undefined = [];
  /** What the worker says that it holds. */
  readonly #held = new Map<string, Registration[]>();
  readonly #gone = deferred<void>();
  #restored: Restored = {};
  #deaths = 0;
  /** Watches that the end does not take longer than it may. */
  #ending: Registration | undefined;
  /** The end has taken longer than it may: no worker is waited for any more. */
  #isOverdue = false;
  #lastStats: RunningStats | undefined;

  constructor(parts: WorkerHostParts) {
    this.#parts = parts;
    this.#answers = new Answers(parts.answerer, (message) => this.#send(message));
    parts.scope.defer("worker", () => this.#end());
    this.#try(parts.codes, []);
  }

  get kind(): RunningHost["kind"] {
    return this.#page?.kind ?? "worker";
  }

  get lastStats(): RunningStats | undefined {
    return this.#page?.lastStats ?? this.#lastStats;
  }

  post(command: RunningCommand, transfer: readonly Transferable[]): void {
    if (command.type === "end" && this.#page === undefined) this.#limitEnd(command.timeoutMs);
    if (this.#page !== undefined) this.#page.post(command, transfer);
    else if (this.#early !== undefined) this.#early.push({ command, transfer });
    else this.#send({ type: "command", command }, transfer);
  }

  // ---------------------------------------------------------------- life of the worker

  #try([code, ...others]: readonly LateWorkerCode[], reasons: readonly string[]): void {
    if (code === undefined) {
      this.#parts.onNone(reasons);
      this.#goToPage();
      return;
    }
    // It outlives the scope of the running side by the time that a goodbye takes.
    const scope = new Scope({ name: "worker" });
    this.#worker = { scope };
    const fail = (reason: string): void => {
      if (this.#worker?.scope !== scope) return;
      this.#worker = undefined;
      void scope.dispose();
      // While everything ends, nobody takes its place.
      if (this.#parts.scope.disposed) return;
      if (this.#early === undefined) this.#onDied(reason);
      else this.#try(others, [...reasons, reason]);
    };
    const start = (loaded: WorkerCode): void => {
      try {
        this.#worker = { scope, ...this.#start(scope, loaded, reasons, fail) };
      } catch (cause) {
        fail(sentenceOf(cause));
      }
    };
    if (typeof code === "function") code(scope).then(start, (cause) => fail(sentenceOf(cause)));
    else start(code);
  }

  /** @param reasons why other codes were of no use. */
  #start(scope: Scope, code: WorkerCode, reasons: readonly string[], fail: (reason: string) => void): StartedWorker {
    const thread = startWorker(scope, code);
    // A page that goes away takes its workers with it at some time; this one ends now.
    onPageGone(scope, () => void scope.dispose());
    const watch = watchWorker(
      scope,
      () => thread.postMessage({ type: "ping" } satisfies PageMessage),
      () => fail("It does not answer."),
    );
    hearWorker(scope, thread, {
      needsDialects: this.#parts.setup.address.given !== undefined,
      onMessage: (message) => {
        watch.heard();
        this.#handle(message, reasons);
      },
      onFault: fail,
    });
    return { thread, watch };
  }

  #onReady(): void {
    const early = this.#early;
    if (early === undefined) return;
    this.#early = undefined;
    const { options, ...setup } = this.#parts.setup;
    const { session, ...beginning } = this.#restored;
    const restored = { ...options, ...beginning, session: { ...options.session, restored: session } };
    this.#send({ type: "open", setup: { ...setup, options: restored } });
    for (const { command, transfer } of early) this.#send({ type: "command", command }, transfer);
  }

  /** The worker is gone with all that it held: another one takes its place, or the page, if this happens time and again. */
  #onDied(reason: string): void {
    const { codes, source, onEvent, onReplaced } = this.#parts;
    const { session = NOTHING_LEFT } = this.#restored;
    this.#restored = { session: nextCheckpoint(session), ...source.beginning };
    for (const held of this.#held.values()) for (const registration of held.splice(0)) registration.release();
    this.#early = [];
    this.#deaths += 1;
    this.#answers.end();
    // The application, which hears that its answer is of no use any more, may have ended the stream.
    if (this.#parts.scope.disposed) return;
    if (this.#deaths < MAX_DEATHS) this.#try(codes, []);
    else this.#goToPage();
    onReplaced();
    const error = workerDied(reason);
    onEvent({ type: "warning", error });
    if (session.answered) onEvent({ type: "reconnecting", attempt: 1, delayMs: 0, error });
  }

  #goToPage(): void {
    const early = this.#early;
    // It has ended meanwhile, because it was not to run on the page.
    if (early === undefined) return;
    this.#early = undefined;
    this.#page = this.#parts.onPage(this.#restored);
    for (const { command, transfer } of early) this.#page.post(command, transfer);
  }

  // ---------------------------------------------------------------- talk

  #send(message: PageMessage, transfer: readonly Transferable[] = []): void {
    this.#worker?.thread?.postMessage(message, [...transfer]);
  }

  #handle(message: WorkerMessage, reasons: readonly string[]): void {
    switch (message.type) {
      case "ready":
        if (reasons.length > 0) this.#parts.onEvent({ type: "warning", error: workerFellBack(reasons) });
        this.#onReady();
        return;
      case "events":
        if (message.checkpoint !== undefined) this.#restored = { ...this.#restored, session: message.checkpoint };
        this.#takeAll(message.events);
        this.#send({ type: "seen" });
        return;
      case "gone":
        this.#lastStats = message.stats;
        this.#takeAll(message.events);
        this.#gone.resolve();
    }
  }

  /** One that is wrong must not cost the others, of which one may be the only word about a loss. */
  #takeAll(events: readonly Wired<WorkerEvent>[]): void {
    inTurn(events, (event) => this.#take(unwired<WorkerEvent>(event, (id) => this.#answers.thrown(id))));
  }

  #take(event: WorkerEvent): void {
    switch (event.type) {
      case "ask":
        // A worker may ask while the word that everything ends is on its way to it.
        if (!this.#parts.scope.disposed) void this.#answers.ask(event.id, event.question, event.attempt);
        return;
      case "unask":
        this.#answers.unask(event.id);
        return;
      case "resource":
        this.#note(event.change);
        return;
      case "unreleased":
        this.#parts.onUnreleased(event.failures);
        return;
      default:
        this.#parts.onEvent(event);
    }
  }

  /** The worker has not said at its end what it held, or was not there yet. */
  #countWithout(): void {
    const { stats, lost } = countUnheard(this.#restored.session, this.#parts.source);
    this.#lastStats = stats;
    for (const range of lost) this.#parts.onEvent({ type: "drop", range });
  }

  /** Lists what the worker holds as if it were held here. */
  #note({ type, owner, resource }: ResourceChange): void {
    const name = `${owner}: ${resource}`;
    const held = this.#held.get(name) ?? [];
    this.#held.set(name, held);
    if (type === "acquired") held.push(this.#parts.scope.defer(name, () => {}));
    else held.pop()?.release();
  }

  // ---------------------------------------------------------------- end

  /** Has the stream end in its time even if the worker hangs, or is not there yet. */
  #limitEnd(timeoutMs: number): void {
    const { scope, source, setup, onEvent } = this.#parts;
    const resource = "deadline of the end";
    const fail = (): void => {
      this.#isOverdue = true;
      const { session = NOTHING_LEFT } = this.#restored;
      onEvent({ type: "failed", error: endOverdue(timeoutMs, session, source, setup.options) });
    };
    const onOverdue = (): void => {
      // One that is well says in a moment how the end went.
      const isWell = this.#early === undefined && this.#worker?.watch?.isSilent === false;
      if (isWell) afterWakingTime(scope, END_TIMEOUT_MS, fail, { resource });
      else fail();
    };
    this.#ending ??= afterWakingTime(scope, timeoutMs, onOverdue, { resource });
    this.#worker?.watch?.limit(Math.max(MIN_PATIENCE_MS, timeoutMs / 2));
  }

  /** @returns when the worker is gone. */
  async #end(): Promise<void> {
    const [worker, early] = [this.#worker, this.#early];
    this.#answers.end();
    if (early !== undefined) {
      this.#worker = undefined;
      this.#early = undefined;
      void worker?.scope.dispose();
      this.#countWithout();
    } else {
      if (worker === undefined) return;
      try {
        this.#send({ type: "abort" });
        if (!this.#isOverdue) await within(worker.scope, END_TIMEOUT_MS, this.#gone.promise, undefined);
      } catch {
        // One that cannot be told, or ends meanwhile, is not waited for.
      }
      void worker.scope.dispose();
      if (this.#lastStats === undefined) this.#countWithout();
    }
    this.#parts.onGone();
  }
}
