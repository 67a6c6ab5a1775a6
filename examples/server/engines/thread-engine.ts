import { type Clock, type Deferred, deferred, type Scope } from "loquilex/resources";
import { presentOwner } from "../fault-owner.js";
import { pooledBytes } from "../processes/growing-bytes.js";
import { threadCode } from "../processes/thread-code.js";
import type { Engine, EngineOpenOptions, EngineRun, Segment } from "./engine.js";
import type { PoolThread, ThreadMember } from "./pool-thread.js";
import { SEGMENTER } from "./segmenter.js";
import { bytesOf, type RunNote, type RunStep } from "./thread-batch.js";
import { ThreadPool } from "./thread-pool.js";

/** Audio on its way to the thread, before the writer has to wait. */
const MAX_IN_FLIGHT_SEC = 4;
/** How many dead threads a run is taken over from, if it has not caused their death. */
const MAX_MOVES = 3;

export interface ThreadEngineOptions {
  readonly name: string;
  /** What the runs work in: a module that calls `serveRuns()`. */
  readonly module: URL;
  /** What people are told about it. */
  readonly detail: string;
  readonly clock: Clock;
  /** Owns the threads. */
  readonly scope: Scope;
  /** @defaultValue as many as this process may use processors */
  readonly maxThreads?: number | undefined;
}

/**
 * An engine whose work is done off the event loop, by as many threads as there are processors. A recogniser that throws
 * costs its own stream its captions; so does one in which a thread dies or hangs, and the streams beside it go on in
 * another thread.
 */
export async function threadEngine(options: ThreadEngineOptions): Promise<Engine> {
  const { name, clock, scope, maxThreads } = options;
  const pool = new ThreadPool({ name, code: await threadCode(options.module), clock, scope, maxThreads });
  let runs = 0;
  return {
    name,
    open(openOptions) {
      openOptions.onStatus({ engine: name, words: false, detail: options.detail });
      runs += 1;
      return new ThreadRun(runs, name, pool, openOptions);
    },
  };
}

/** The engine that needs nothing. */
export function segmenterEngine(clock: Clock, scope: Scope): Promise<Engine> {
  return threadEngine({
    name: SEGMENTER,
    module: new URL("./segmenter-thread.ts", import.meta.url),
    detail: "The built-in segmenter tells when somebody speaks; it recognises no words.",
    clock,
    scope,
  });
}

/** Samples that follow each other and wait for the thread. */
interface HeardStretch {
  readonly type: "stretch";
  readonly position: number;
  /** Where they are among those that wait. */
  readonly from: number;
  to: number;
}

class ThreadRun implements EngineRun, ThreadMember {
  readonly id: number;
  readonly #engineName: string;
  readonly #pool: ThreadPool;
  readonly #options: EngineOpenOptions;
  readonly #maxInFlightBytes: number;
  /** The thread is everybody's; what it says is this stream's. */
  readonly #forOwner = presentOwner();
  /** Begins with the first sound. */
  #thread: PoolThread | undefined;
  #waiting: (RunStep | HeardStretch)[] = [];
  #atWork: readonly RunStep[] = [];
  /** The samples of what waits, and of what is at work. */
  #waitingSamples = pooledBytes();
  #samplesAtWork = pooledBytes();
  #inFlightBytes = 0;
  #moves = 0;
  /** What was said last, unless it is final. */
  #unfinished: Segment | undefined;
  /** Waits for the thread to catch up. */
  #room: Deferred<void> | undefined;
  /** Waits for the thread's last word. */
  #ended: Deferred<void> | undefined;
  #over = false;

  constructor(id: number, engineName: string, pool: ThreadPool, options: EngineOpenOptions) {
    this.id = id;
    this.#engineName = engineName;
    this.#pool = pool;
    this.#options = options;
    this.#maxInFlightBytes = MAX_IN_FLIGHT_SEC * options.format.sampleRate * 2 * options.format.channels;
  }

  write(samples: Uint8Array, position: number): Promise<void> | undefined {
    if (this.#over) return undefined;
    const from = this.#waitingSamples.byteLength;
    this.#waitingSamples.append(samples);
    const to = this.#waitingSamples.byteLength;
    const last = this.#waiting.at(-1);
    if (last?.type === "stretch" && this.#endOf(last) === position) {
      last.to = to;
      this.#thread?.wake(this, false);
    } else this.#put({ type: "stretch", position, from, to });
    this.#inFlightBytes += samples.byteLength;
    if (this.#inFlightBytes < this.#maxInFlightBytes) return undefined;
    this.#room ??= deferred();
    return this.#room.promise;
  }

  gap(from: number, to: number): void {
    if (!this.#over) this.#put({ type: "gap", from, to });
  }

  end(): Promise<void> {
    if (this.#over || this.#thread === undefined) return Promise.resolve();
    this.#ended ??= deferred();
    this.#put({ type: "end" });
    return this.#ended.promise;
  }

  async dispose(): Promise<void> {
    this.#letGo();
  }

  takeSteps(): readonly RunStep[] {
    this.#atWork = this.#waitingSteps;
    this.#waiting = [];
    [this.#waitingSamples, this.#samplesAtWork] = [this.#samplesAtWork, this.#waitingSamples];
    return this.#atWork;
  }

  done(): void {
    this.#inFlightBytes -= this.#atWork.reduce((sum, step) => sum + bytesOf(step), 0);
    this.#atWork = [];
    this.#samplesAtWork.release();
    if (this.#inFlightBytes < this.#maxInFlightBytes) this.#letWriterGo();
  }

  hear(note: RunNote): void {
    if (this.#over) return;
    this.#forOwner(() => {
      if (note.type === "segment") this.#report(note.segment);
      else if (note.type === "ended") this.#letGo();
      else this.#fail(`The engine ${this.#engineName} failed: ${note.message}.`);
    });
  }

  bereave(reason: string, isCulprit: boolean): void {
    this.#forOwner(() => this.#move(reason, isCulprit));
  }

  #move(reason: string, isCulprit: boolean): void {
    this.#thread = undefined;
    this.#moves += 1;
    if (isCulprit || this.#moves > MAX_MOVES) {
      this.#fail(reason);
      return;
    }
    if (this.#unfinished !== undefined) this.#report({ ...this.#unfinished, final: true });
    // What the dead thread was given last it has told nothing of.
    this.#waiting = [...this.#atWork, ...this.#waitingSteps].flatMap((step) => {
      if (step.type === "open") return [];
      return step.type === "audio" ? { ...step, samples: step.samples.slice() } : step;
    });
    this.#atWork = [];
    this.#waitingSamples.release();
    this.#samplesAtWork.release();
    const detail = `${reason} Another one listens from here on.`;
    this.#options.onStatus({ engine: this.#engineName, words: false, detail });
    const [first] = this.#waitingSteps;
    if (first !== undefined) this.#join(first);
  }

  get #waitingSteps(): RunStep[] {
    return this.#waiting.map((step) => {
      if (step.type !== "stretch") return step;
      return { type: "audio", position: step.position, samples: this.#waitingSamples.subarray(step.from, step.to) };
    });
  }

  #endOf({ position, from, to }: HeardStretch): number {
    return position + (to - from) / (2 * this.#options.format.channels);
  }

  #put(step: RunStep | HeardStretch): void {
    this.#waiting.push(step);
    if (this.#thread === undefined) this.#join(step);
    else this.#thread.wake(this, step.type === "end");
  }

  /** @param first what is to be done first. */
  #join(first: RunStep | HeardStretch): void {
    const { format } = this.#options;
    const startPosition = positionOf(first) ?? this.#options.startPosition;
    this.#waiting.unshift({ type: "open", startPosition, format });
    this.#thread = this.#pool.leastBusy;
    this.#thread.join(this);
    this.#thread.wake(this, false);
  }

  #report(segment: Segment): void {
    this.#unfinished = segment.final ? undefined : segment;
    this.#options.onSegment(segment);
  }

  #fail(message: string): void {
    if (this.#over) return;
    this.#letGo();
    this.#options.onError(new Error(message));
  }

  #letGo(): void {
    if (!this.#over) this.#thread?.leave(this);
    this.#over = true;
    this.#waiting = [];
    this.#atWork = [];
    this.#waitingSamples.release();
    this.#samplesAtWork.release();
    this.#inFlightBytes = 0;
    this.#letWriterGo();
    this.#ended?.resolve();
  }

  #letWriterGo(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }
}

/** The sample that a step begins with. */
const positionOf = (step: RunStep | HeardStretch): number | undefined => {
  if (step.type === "audio" || step.type === "stretch") return step.position;
  return step.type === "gap" ? step.from : undefined;
};
