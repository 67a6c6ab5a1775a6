import { type Transferable, Worker } from "node:worker_threads";
import { type Clock, type Deferred, deferred, type Registration, type Scope } from "loquilex/resources";
import { childEnvironment } from "./child-environment.js";
import { STOP } from "./thread-stop.js";

/** A recogniser that needs more than this belongs in a program of its own. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 };

export interface ThreadOptions {
  /** For people. */
  readonly name: string;
  /** A CommonJS module as text, as from `threadCode()`. */
  readonly code: string;
  /** Given to it as its `workerData`. */
  readonly data: unknown;
  readonly clock: Clock;
  readonly scope: Scope;
  /** How long the thread has to end by itself after {@link STOP}, in milliseconds. @defaultValue 1_500 */
  readonly joinMs?: number | undefined;
  onMessage(message: unknown): void;
  /** The thread is gone, though nobody asked it to be. Called at most once. */
  onCrash(error: Error): void;
}

/**
 * A thread that runs one module. It never keeps the process alive, and ends with its scope: it is told to stop, has a
 * while to do so, and is terminated then.
 */
export class Thread {
  readonly #options: ThreadOptions;
  readonly #worker: Worker;
  readonly #exited: Deferred<void> = deferred();
  readonly #registration: Registration;
  #crash: Error | undefined;
  #disposal: Promise<void> | undefined;

  constructor(options: ThreadOptions) {
    this.#options = options;
    this.#worker = new Worker(options.code, {
      eval: true,
      workerData: options.data,
      // What the server was started with, such as its loader, is not meant for its threads.
      execArgv: [],
      env: childEnvironment(),
      resourceLimits: RESOURCE_LIMITS,
    });
    this.#worker.unref();
    this.#worker.on("message", (message: unknown) => {
      if (this.#disposal === undefined) options.onMessage(message);
    });
    this.#worker.on("error", (error) => {
      this.#crash = error instanceof Error ? error : new Error(String(error));
    });
    this.#worker.on("exit", (code) => this.#onExit(code));
    this.#registration = options.scope.defer(`thread ${options.name} ${this.#worker.threadId}`, () => this.dispose());
  }

  /** Ignored when the thread is gone. */
  post(message: unknown, transfer: readonly Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  /** Stops the thread. Resolves when it is gone; never rejects. Idempotent. */
  dispose(): Promise<void> {
    this.#disposal ??= this.#join();
    return this.#disposal;
  }

  async #join(): Promise<void> {
    this.#worker.postMessage(STOP);
    const cancel = this.#options.clock.schedule(this.#options.joinMs ?? 1_500, () => void this.#worker.terminate());
    await this.#exited.promise;
    cancel();
    this.#registration.release();
  }

  #onExit(code: number): void {
    this.#registration.release();
    this.#exited.resolve();
    if (this.#disposal === undefined) this.#options.onCrash(this.#crash ?? new Error(`It ended with code ${code}`));
  }
}
