import { availableParallelism } from "node:os";
import type { Clock, Scope } from "loquilex/resources";
import { forEverybody } from "../../fault-owner.js";
import { threadCode } from "../../processes/thread-code.js";
import { DecoderThread } from "./decoder-thread.js";

export interface OpusThreadsOptions {
  readonly clock: Clock;
  /** Ends the threads. */
  readonly scope: Scope;
  /** What they run. @defaultValue `opus-thread.ts` */
  readonly module?: URL | undefined;
  /** @defaultValue as many as this process may use processors */
  readonly maxThreads?: number | undefined;
  /** A thread that answers nothing for so long, twice in a row, hangs. @defaultValue the one of {@link DecoderThread} */
  readonly lookMs?: number | undefined;
}

/** The threads that decode Opus. They begin when they are needed, and stay until the scope ends. */
export class OpusThreads {
  readonly #options: OpusThreadsOptions;
  readonly #threads = new Set<DecoderThread>();
  #code: Promise<string> | undefined;

  constructor(options: OpusThreadsOptions) {
    this.#options = options;
  }

  /** The thread with the fewest streams. @throws Error if its code cannot be compiled, or the server has ended. */
  async leastBusy(): Promise<DecoderThread> {
    const { module = new URL("./opus-thread.ts", import.meta.url), maxThreads, lookMs, clock, scope } = this.#options;
    this.#code ??= forEverybody(() => threadCode(module));
    const code = await this.#code;
    if (scope.disposed) throw new Error("The server has ended.");
    const [least] = [...this.#threads].toSorted((a, b) => a.size - b.size);
    if (least !== undefined && (least.size === 0 || this.#threads.size >= (maxThreads ?? availableParallelism()))) {
      return least;
    }
    const thread: DecoderThread = forEverybody(
      () => new DecoderThread({ code, clock, scope, lookMs, onDeath: () => this.#threads.delete(thread) }),
    );
    this.#threads.add(thread);
    return thread;
  }
}
