import { asyncDispose } from "./async-dispose.js";
import { type Clock, systemClock } from "./clock.js";
import { deferred } from "./deferred.js";
import type { DisposalFailure, DisposalReport, ResourceChange, ResourceInfo } from "./resource-reports.js";

/** Called once, synchronously, by the disposal; a promise it returns is awaited with the step's deadline. */
export type Disposer = () => unknown;

/** Name, clock and reports of a {@link Scope}. */
export interface ScopeOptions {
  /** Names the owner in reports. */
  readonly name: string;
  /** Measures ages and limits. @defaultValue that of the system */
  readonly clock?: Clock | undefined;
  /** How long the disposal waits for one asynchronous step, in milliseconds. @defaultValue 3_000 */
  readonly stepTimeoutMs?: number | undefined;
  /** Told what went wrong during disposal, once, after everything else was released. */
  readonly onReport?: ((report: DisposalReport) => void) | undefined;
  /** Told of each acquisition and release, here and below. Timers, which come and go all the time, are left out. */
  readonly onChange?: ((change: ResourceChange) => void) | undefined;
}

/** Hands a resource back before its scope ends. */
export interface Registration {
  /** Disposes the resource now. */
  dispose(): void;
  /** Forgets the resource without disposing it, because it ended by itself. */
  release(): void;
}

interface Entry {
  readonly resource: string;
  readonly since: number;
  readonly dispose: Disposer;
  /** Whether it comes and goes without a word. */
  readonly quiet: boolean;
}

/**
 * The only owner of resources: a tree of disposers with an AbortSignal. Disposal runs children first and then its own
 * disposers, last in first out, all of them inside the call to {@link dispose}; what they return is awaited afterwards,
 * each with a deadline. A failing step stops nothing: failures are collected into one report. What is registered after
 * the disposal is disposed at once.
 */
export class Scope implements AsyncDisposable {
  /** Names it in reports, behind the scopes that it is part of. */
  readonly name: string;
  readonly #clock: Clock;
  readonly #stepTimeoutMs: number;
  readonly #onReport: ((report: DisposalReport) => void) | undefined;
  readonly #onChange: ((change: ResourceChange) => void) | undefined;
  readonly #controller = new AbortController();
  readonly #entries = new Set<Entry>();
  /** Those that have not ended, or are still ending. */
  readonly #children = new Set<Scope>();
  /** What was handed back early and is still ending. */
  readonly #ending = new Set<Promise<unknown>>();
  /** What the disposal has begun, and how each of it ends. */
  readonly #steps: Promise<readonly DisposalFailure[]>[] = [];
  #leaveParent: (() => void) | undefined;
  #disposal: Promise<DisposalReport> | undefined;

  constructor(options: ScopeOptions) {
    this.name = options.name;
    this.#clock = options.clock ?? systemClock;
    this.#stepTimeoutMs = options.stepTimeoutMs ?? 3_000;
    this.#onReport = options.onReport;
    this.#onChange = options.onChange;
  }

  /** Aborted, with the disposal's reason, before the first disposer runs. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether its disposal has begun. */
  get disposed(): boolean {
    return this.#controller.signal.aborted;
  }

  /** A scope that ends before this one does. Its failures are in this one's report only if this one has ended it. */
  child(name: string): Scope {
    const child = new Scope({
      name: `${this.name}/${name}`,
      clock: this.#clock,
      stepTimeoutMs: this.#stepTimeoutMs,
      onReport: this.#onReport,
      onChange: this.#onChange,
    });
    if (this.disposed) void child.dispose(this.signal.reason);
    else {
      this.#children.add(child);
      child.#leaveParent = () => this.#children.delete(child);
    }
    return child;
  }

  /** Takes a resource over. After the disposal the resource is disposed at once. */
  defer(resource: string, dispose: Disposer): Registration {
    return this.#own({ resource, since: this.#clock.now(), dispose, quiet: false });
  }

  /** Calls back once after `delayMs`, unless the scope or the registration is disposed first. */
  timeout(delayMs: number, callback: () => void, resource = "timer"): Registration {
    if (this.disposed) return { dispose() {}, release() {} };
    const cancel = this.#clock.schedule(delayMs, () => {
      registration.release();
      callback();
    });
    const registration = this.#own({ resource, since: this.#clock.now(), dispose: cancel, quiet: true });
    return registration;
  }

  /** Listens until the scope or the registration is disposed. */
  listen<E extends Event>(
    target: EventTarget,
    type: string,
    listener: (event: E) => void,
    options?: AddEventListenerOptions,
  ): Registration {
    if (this.disposed) return { dispose() {}, release() {} };
    let registration: Registration | undefined;
    let isOver = false;
    const attached = (event: Event) => {
      // Scripts that wrap the platform's calls may leave listeners attached.
      if (isOver) return;
      isOver = options?.once === true;
      try {
        listener(event as E);
      } finally {
        if (isOver) registration?.release();
      }
    };
    target.addEventListener(type, attached, options);
    registration = this.defer(`listener ${type}`, () => {
      isOver = true;
      target.removeEventListener(type, attached, options);
    });
    // A logger that hears of the listener may bring the event about.
    if (isOver) registration.release();
    return registration;
  }

  /** Calls back when `signal` aborts, or at once if it already has. */
  follow(signal: AbortSignal | undefined, callback: (reason: unknown) => void): Registration {
    if (signal === undefined) return { dispose() {}, release() {} };
    if (signal.aborted) {
      callback(signal.reason);
      return { dispose() {}, release() {} };
    }
    return this.listen(signal, "abort", () => callback(signal.reason), { once: true });
  }

  /** Everything alive here and below, oldest first. */
  resources(): ResourceInfo[] {
    const now = this.#clock.now();
    const own = Array.from(this.#entries, ({ resource, since }) => ({
      owner: this.name,
      resource,
      ageMs: now - since,
    }));
    const below = Array.from(this.#children, (child) => child.resources()).flat();
    return [...own, ...below].sort((a, b) => b.ageMs - a.ageMs);
  }

  /** Idempotent. Releases everything before it returns; the promise, which never rejects, waits for what ends later. */
  dispose(reason?: unknown): Promise<DisposalReport> {
    return this.#dispose(reason, true);
  }

  /** Disposes it at the end of an `await using` block. */
  async [asyncDispose](): Promise<void> {
    await this.dispose();
  }

  #own(entry: Entry): Registration {
    this.#tell("acquired", entry);
    if (this.disposed) void this.#settle([this.#run(entry)]);
    else this.#entries.add(entry);
    return {
      dispose: () => {
        if (this.#entries.delete(entry)) this.#endEarly(entry);
      },
      release: () => {
        if (this.#entries.delete(entry)) this.#tell("released", entry);
      },
    };
  }

  #tell(type: ResourceChange["type"], { resource, quiet }: Entry): void {
    if (this.#onChange === undefined || quiet) return;
    try {
      this.#onChange({ type, owner: this.name, resource });
    } catch {
      // Neither an acquisition nor a release may fail because a logger does.
    }
  }

  /** @param tells whether this scope reports, and not the one above it. */
  #dispose(reason: unknown, tells: boolean): Promise<DisposalReport> {
    if (this.#disposal !== undefined) return this.#disposal;
    const ended = deferred<DisposalReport>();
    // Before the first disposer runs, since one of them may call again.
    this.#disposal = ended.promise;
    this.#controller.abort(reason);
    const steps = this.#steps;
    for (const child of Array.from(this.#children).reverse()) steps.push(child.#disposeWithParent(this.signal.reason));
    this.#runAll();
    for (const early of this.#ending) steps.push(early.then(() => []));
    void this.#settle(steps, tells).then((report) => {
      this.#leaveParent?.();
      ended.resolve(report);
    });
    return ended.promise;
  }

  /** Returns what failed, unless that is part of a report of its own. */
  async #disposeWithParent(reason: unknown): Promise<readonly DisposalFailure[]> {
    const own = this.#disposal;
    if (own === undefined) return (await this.#dispose(reason, false)).failures;
    this.#runAll();
    await own;
    return [];
  }

  /** Runs every disposer that has not run, also if one of them leads to a disposal from above, which must not return before. */
  #runAll(): void {
    for (const entry of Array.from(this.#entries).reverse()) {
      if (this.#entries.delete(entry)) this.#steps.push(this.#run(entry));
    }
  }

  #endEarly(entry: Entry): void {
    const ending: Promise<unknown> = this.#settle([this.#run(entry)]).then(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  async #settle(steps: readonly Promise<readonly DisposalFailure[]>[], tells = true): Promise<DisposalReport> {
    const report = { scope: this.name, failures: (await Promise.all(steps)).flat() };
    if (tells && report.failures.length > 0) {
      try {
        this.#onReport?.(report);
      } catch {
        // Whoever waits for the disposal must not be the victim of a logger that fails.
      }
    }
    return report;
  }

  /** Runs one disposer at once, and returns how it failed, if it did. */
  #run(entry: Entry): Promise<readonly DisposalFailure[]> {
    this.#tell("released", entry);
    try {
      const result = entry.dispose();
      return isThenable(result) ? this.#await(entry, result) : Promise.resolve([]);
    } catch (error) {
      return Promise.resolve([{ resource: entry.resource, error }]);
    }
  }

  async #await(entry: Entry, step: PromiseLike<unknown>): Promise<readonly DisposalFailure[]> {
    const late = deferred<never>();
    const cancel = this.#clock.schedule(this.#stepTimeoutMs, () =>
      late.reject(new Error(`Not released within ${this.#stepTimeoutMs} ms.`)),
    );
    try {
      await Promise.race([step, late.promise]);
      return [];
    } catch (error) {
      return [{ resource: entry.resource, error }];
    } finally {
      cancel();
    }
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
