import { availableParallelism } from "node:os";
import type { Clock, Scope } from "loquilex/resources";
import { forEverybody } from "../fault-owner.js";
import { PoolThread } from "./pool-thread.js";

export interface ThreadPoolOptions {
  /** For people. */
  readonly name: string;
  /** As from `threadCode()`; runs `serveRuns()`. */
  readonly code: string;
  readonly clock: Clock;
  /** Ends the threads: each is told to stop, has a while to do so, and is terminated then. */
  readonly scope: Scope;
  /** @defaultValue as many as this process may use processors */
  readonly maxThreads?: number | undefined;
}

/** As many threads as the machine has use for. They begin when they are needed, and stay until the scope ends. */
export class ThreadPool {
  readonly #options: ThreadPoolOptions;
  readonly #maxThreads: number;
  readonly #threads = new Set<PoolThread>();

  constructor(options: ThreadPoolOptions) {
    this.#options = options;
    this.#maxThreads = options.maxThreads ?? availableParallelism();
  }

  /** The thread with the fewest runs. */
  get leastBusy(): PoolThread {
    const [least] = [...this.#threads].toSorted((a, b) => a.size - b.size);
    if (least !== undefined && (least.size === 0 || this.#threads.size >= this.#maxThreads)) return least;
    const thread: PoolThread = forEverybody(
      () => new PoolThread({ ...this.#options, onDeath: () => this.#threads.delete(thread) }),
    );
    this.#threads.add(thread);
    return thread;
  }
}
