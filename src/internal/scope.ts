import { asyncDispose } from "./async-dispose.js";
import { type Clock, systemClock } from "./clock.js";

/** Called once, synchronously, by the disposal; a promise it returns is awaited with the step's deadline. */
export type Disposer = () => unknown;

export interface ScopeOptions {
  /** Names the owner in reports. */
  readonly name: string;
  readonly clock?: Clock | undefined;
  /** How long the disposal waits for one asynchronous step, in milliseconds. @defaultValue 3_000 */
  readonly stepTimeoutMs?: number | undefined;
  /** Told what went wrong during disposal, once, after everything else was released. */
  readonly onReport?: ((report: DisposalReport) => void) | undefined;
}

export interface DisposalFailure {
  readonly resource: string;
  readonly error: unknown;
}

export interface DisposalReport {
  readonly scope: string;
  readonly failures: readonly DisposalFailure[];
}

/** A live resource, as {@link Scope.resources} lists it. */
export interface ResourceInfo {
  readonly owner: string;
  readonly resource: string;
  readonly ageMs: number;
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
}

/**
 * The only owner of resources: a tree of disposers with an AbortSignal. Disposal runs children first and then its own
 * disposers, last in first out, all of them inside the call to {@link dispose}; what they return is awaited afterwards,
 * each with a deadline. A failing step stops nothing: failures are collected into one report. What is registered after
 * the disposal is disposed at once.
 */
export class Scope implements AsyncDisposable {
  readonly name: string;
  readonly #clock: Clock;
  readonly #stepTimeoutMs: number;
  readonly #onReport: ((report: DisposalReport) => void) | undefined;
  readonly #controller = new AbortController();
  readonly #entries = new Set<Entry>();
  readonly #children = new Set<Scope>();
  readonly #failures: DisposalFailure[] = [];
  #leaveParent: (() => void) | undefined;
  #disposal: Promise<DisposalReport> | undefined;

  constructor(options: ScopeOptions) {
    this.name = options.name;
    this.#clock = options.clock ?? systemClock;
    this.#stepTimeoutMs = options.stepTimeoutMs ?? 3_000;
    this.#onReport = options.onReport;
  }

  /** Aborted, with the disposal's reason, before the first disposer runs. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get disposed(): boolean {
    return this.#controller.signal.aborted;
  }

  /** A scope that ends before this one does. Its failures are part of this scope's report. */
  child(name: string): Scope {
    const child = new Scope({
      name: `${this.name}/${name}`,
      clock: this.#clock,
      stepTimeoutMs: this.#stepTimeoutMs,
      onReport: (report) => {
        this.#failures.push(...report.failures);
        if (this.#disposal === undefined) this.#onReport?.(report);
      },
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
    const entry: Entry = { resource, since: this.#clock.now(), dispose };
    if (this.disposed) {
      void this.#settle([this.#run(entry)]);
    } else this.#entries.add(entry);
    return {
      dispose: () => {
        if (this.#entries.delete(entry)) void this.#settle([this.#run(entry)]);
      },
      release: () => {
        this.#entries.delete(entry);
      },
    };
  }

  /** Calls back once after `delayMs`, unless the scope or the registration is disposed first. */
  timeout(delayMs: number, callback: () => void, resource = "timer"): Registration {
    if (this.disposed) return { dispose() {}, release() {} };
    const cancel = this.#clock.schedule(delayMs, () => {
      registration.release();
      callback();
    });
    const registration = this.defer(resource, cancel);
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
    const attached = listener as EventListener;
    target.addEventListener(type, attached, options);
    return this.defer(`listener ${type}`, () => target.removeEventListener(type, attached, options));
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
    return [...own, ...Array.from(this.#children, (child) => child.resources()).flat()];
  }

  /** Idempotent. Releases everything before it returns; the promise, which never rejects, waits for what ends later. */
  dispose(reason?: unknown): Promise<DisposalReport> {
    if (this.#disposal !== undefined) return this.#disposal;
    let finish: (report: Promise<DisposalReport>) => void = () => {};
    this.#disposal = new Promise((resolve) => {
      finish = resolve;
    });
    this.#controller.abort(reason);
    const pending: Promise<void>[] = [];
    for (const child of Array.from(this.#children).reverse()) pending.push(child.dispose(reason).then(() => {}));
    this.#children.clear();
    for (const entry of Array.from(this.#entries).reverse()) pending.push(this.#run(entry));
    this.#entries.clear();
    this.#leaveParent?.();
    finish(this.#settle(pending));
    return this.#disposal;
  }

  async [asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #settle(steps: readonly Promise<void>[]): Promise<DisposalReport> {
    await Promise.all(steps);
    const report = { scope: this.name, failures: this.#failures.splice(0) };
    if (report.failures.length > 0) this.#onReport?.(report);
    return report;
  }

  #run(entry: Entry): Promise<void> {
    let result: unknown;
    try {
      result = entry.dispose();
    } catch (error) {
      this.#failures.push({ resource: entry.resource, error });
      return Promise.resolve();
    }
    return isThenable(result) ? this.#await(entry, result) : Promise.resolve();
  }

  async #await(entry: Entry, step: PromiseLike<unknown>): Promise<void> {
    let cancel: () => void = () => {};
    const deadline = new Promise<never>((_, reject) => {
      cancel = this.#clock.schedule(this.#stepTimeoutMs, () =>
        reject(new Error(`Not released within ${this.#stepTimeoutMs} ms.`)),
      );
    });
    try {
      await Promise.race([step, deadline]);
    } catch (error) {
      this.#failures.push({ resource: entry.resource, error });
    } finally {
      cancel();
    }
  }
}

const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
