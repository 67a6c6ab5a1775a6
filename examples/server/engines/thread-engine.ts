import { type Clock, type Deferred, deferred, type Registration } from "loquilex/resources";
import { Thread } from "../processes/thread.js";
import { threadCode } from "../processes/thread-code.js";
import type { Engine, EngineOpenOptions, EngineRun } from "./engine.js";
import { SEGMENTER } from "./segmenter.js";
import type { ThreadAnswer, ThreadInput, ThreadStream } from "./thread-messages.js";

/** Audio on its way to the thread, before the writer has to wait. */
const MAX_IN_FLIGHT_SEC = 1;
/** A thread that says nothing for so long while it has work is taken for hanging. Its start counts. */
const ANSWER_MS = 10_000;
/** A timer this late says that this process slept, and its threads with it. */
const LATE_MS = 1_000;

export interface ThreadEngineOptions {
  readonly name: string;
  /** What each run works in; speaks {@link ThreadInput} and {@link ThreadAnswer}. */
  readonly module: URL;
  /** What people are told about it. */
  readonly detail: string;
  readonly clock: Clock;
}

/**
 * An engine whose work is done off the event loop. Each stream has a thread of its own, so that one which hangs or
 * crashes costs no other stream its captions; it begins with the first sound, and takes about 9 MB.
 */
export async function threadEngine(options: ThreadEngineOptions): Promise<Engine> {
  const code = await threadCode(options.module);
  return {
    name: options.name,
    open(openOptions) {
      openOptions.onStatus({ engine: options.name, words: false, detail: options.detail });
      return new ThreadRun({ ...options, code }, openOptions);
    },
  };
}

/** The engine that needs nothing. */
export function segmenterEngine(clock: Clock): Promise<Engine> {
  return threadEngine({
    name: SEGMENTER,
    module: new URL("./segmenter-thread.ts", import.meta.url),
    detail: "The built-in segmenter tells when somebody speaks; it recognises no words.",
    clock,
  });
}

class ThreadRun implements EngineRun {
  readonly #engine: ThreadEngineOptions & { readonly code: string };
  readonly #options: EngineOpenOptions;
  readonly #maxInFlightBytes: number;
  #thread: Thread | undefined;
  #inFlightBytes = 0;
  /** Waits for the thread to catch up. */
  #room: Deferred<void> | undefined;
  /** Waits for the thread's last word. */
  #ended: Deferred<void> | undefined;
  /** Whether the thread has said nothing since the watchdog began to wait. */
  #silent = false;
  #watchdog: Registration | undefined;
  #over = false;

  constructor(engine: ThreadEngineOptions & { readonly code: string }, options: EngineOpenOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#maxInFlightBytes = MAX_IN_FLIGHT_SEC * options.format.sampleRate * 2 * options.format.channels;
  }

  write(samples: Uint8Array, position: number): Promise<void> | undefined {
    if (this.#over) return undefined;
    // The recording still needs the caller's bytes; the copy goes over to the thread without another one.
    const own = new Uint8Array(samples);
    this.#post({ type: "audio", samples: own, position }, own.buffer);
    this.#inFlightBytes += samples.byteLength;
    this.#watch();
    if (this.#inFlightBytes < this.#maxInFlightBytes) return undefined;
    this.#room ??= deferred();
    return this.#room.promise;
  }

  gap(from: number, to: number): void {
    if (!this.#over) this.#post({ type: "gap", from, to });
  }

  end(): Promise<void> {
    if (this.#over || this.#thread === undefined) return Promise.resolve();
    this.#ended ??= deferred();
    this.#post({ type: "end" });
    this.#watch();
    return this.#ended.promise;
  }

  async dispose(): Promise<void> {
    this.#letGo();
    await this.#thread?.dispose();
  }

  #post(input: ThreadInput, ...transfer: ArrayBuffer[]): void {
    this.#thread ??= this.#start();
    this.#thread.post(input, transfer);
  }

  #start(): Thread {
    const { format, startPosition, scope } = this.#options;
    const data: ThreadStream = { format, startPosition };
    return new Thread({
      name: this.#engine.name,
      code: this.#engine.code,
      data,
      clock: this.#engine.clock,
      scope,
      onMessage: (message) => this.#take(message as ThreadAnswer),
      onCrash: (error) => this.#fail(`ended: ${error.message}`),
    });
  }

  #take(answer: ThreadAnswer): void {
    if (this.#over) return;
    this.#silent = false;
    if (answer.type === "segment") this.#options.onSegment(answer.segment);
    else if (answer.type === "ended") this.#letGo();
    else {
      this.#inFlightBytes -= answer.bytes;
      if (this.#inFlightBytes < this.#maxInFlightBytes) this.#letWriterGo();
    }
  }

  /** Looks after the thread for as long as it has something to answer. */
  #watch(): void {
    if (this.#watchdog !== undefined || this.#over) return;
    const { clock } = this.#engine;
    const dueAt = clock.now() + ANSWER_MS;
    this.#silent = true;
    this.#watchdog = this.#options.scope.timeout(ANSWER_MS, () => this.#check(clock.now() - dueAt), "thread watchdog");
  }

  #check(lateMs: number): void {
    this.#watchdog = undefined;
    if (this.#inFlightBytes === 0 && this.#ended === undefined) return;
    if (this.#silent && lateMs < LATE_MS) this.#fail(`did not answer for ${ANSWER_MS / 1_000} s`);
    else this.#watch();
  }

  #fail(how: string): void {
    if (this.#over) return;
    this.#letGo();
    void this.#thread?.dispose();
    this.#options.onError(new Error(`The thread of the engine ${this.#engine.name} ${how}.`));
  }

  #letGo(): void {
    this.#over = true;
    this.#inFlightBytes = 0;
    this.#watchdog?.dispose();
    this.#watchdog = undefined;
    this.#letWriterGo();
    this.#ended?.resolve();
  }

  #letWriterGo(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }
}
