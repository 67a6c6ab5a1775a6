import type { Clock, Registration, Scope } from "loquilex/resources";
import { forEverybody } from "../fault-owner.js";
import { sharedBytes } from "../processes/growing-bytes.js";
import { Thread } from "../processes/thread.js";
import { bytesOf, packBatch, type RunNote, type RunStep, type ThreadAnswer } from "./thread-batch.js";

/** Audio is gathered this long: a message for each piece would cost more than what is done with it. */
const GATHER_MS = 100;
/** Beyond so many runs so much longer for each: a batch costs the same for a run whether it has one frame of it or five. */
const FEW_RUNS = 100;
const GATHER_MS_PER_RUN = 0.1;
const MAX_GATHER_MS = 300;
/**
 * With so much of it a batch is full: what is for the other runs comes right after it, in the same memory. A thread gets
 * one batch in each turn of the event loop, as the disk does.
 */
const BATCH_BYTES = 2 ** 23;
/** A thread that says nothing for so long while it has work is taken for hanging. Its start counts. */
const ANSWER_MS = 10_000;
/** A timer this late says that this process slept, and its threads with it. */
const LATE_MS = 1_000;

/** What a thread knows of a run. */
export interface ThreadMember {
  /** Above 0, and never used again. */
  readonly id: number;
  /** Takes out what is to be done, oldest first. */
  takeSteps(): readonly RunStep[];
  /** What {@link takeSteps} gave out the last time has been done. */
  done(): void;
  hear(note: RunNote): void;
  /** The thread died. @param isCulprit whether it died while it worked for this run. */
  bereave(reason: string, isCulprit: boolean): void;
}

export interface PoolThreadOptions {
  /** For people. */
  readonly name: string;
  /** As from `threadCode()`; runs `serveRuns()`. */
  readonly code: string;
  readonly clock: Clock;
  readonly scope: Scope;
  /** The thread is gone, though nobody asked it to be, and its members have not heard of it yet. */
  onDeath(): void;
}

/** One thread that works for many runs. It has one batch at a time; what comes meanwhile is the next one. */
export class PoolThread {
  readonly #options: PoolThreadOptions;
  readonly #thread: Thread;
  readonly #current = new Int32Array(new SharedArrayBuffer(4));
  readonly #memory = sharedBytes();
  readonly #members = new Map<number, ThreadMember>();
  /** Members that have something to do. */
  readonly #waiting = new Set<ThreadMember>();
  /** Runs that are not wanted any more. */
  #left: number[] = [];
  /** Members that the batch at work is for; `undefined` while the thread has nothing to do. */
  #atWork: readonly ThreadMember[] | undefined;
  /** There was more to do than a batch has room for. */
  #isBehind = false;
  #gathering: Registration | undefined;
  #gatheredAt = 0;
  #watchdog: Registration | undefined;
  #dead = false;

  constructor(options: PoolThreadOptions) {
    this.#options = options;
    this.#thread = new Thread({
      name: options.name,
      code: options.code,
      data: { current: this.#current },
      clock: options.clock,
      scope: options.scope,
      onMessage: (answer) => this.#take(answer as ThreadAnswer),
      onCrash: (error) => this.#die(`ended: ${error.message}`),
    });
  }

  /** Runs that it works for. */
  get size(): number {
    return this.#members.size;
  }

  join(member: ThreadMember): void {
    this.#members.set(member.id, member);
  }

  /** Nothing that comes of this run is told any more. */
  leave(member: ThreadMember): void {
    if (!this.#members.delete(member.id) || this.#dead) return;
    this.#waiting.delete(member);
    this.#left.push(member.id);
    this.#gather();
  }

  /** The member has something to do. @param hurry whether that is to be done as soon as possible. */
  wake(member: ThreadMember, hurry: boolean): void {
    this.#waiting.add(member);
    if (hurry && this.#atWork === undefined) this.#send();
    else this.#gather();
  }

  #gather(): void {
    if (this.#atWork !== undefined || this.#dead) return;
    const { clock, scope } = this.#options;
    if (this.#gathering === undefined) {
      const longerMs = GATHER_MS_PER_RUN * Math.max(0, this.size - FEW_RUNS);
      const gatherMs = Math.min(MAX_GATHER_MS, GATHER_MS + longerMs);
      this.#gatheredAt = clock.now() + gatherMs;
      this.#gathering = forEverybody(() => scope.timeout(gatherMs, () => this.#send(), "batch for a thread"));
      // A timer waits for as long as sockets bring something.
    } else if (clock.now() >= this.#gatheredAt) this.#send();
  }

  #send(): void {
    this.#gathering?.dispose();
    this.#gathering = undefined;
    if (this.#dead) return;
    const members: ThreadMember[] = [];
    const steps: (readonly [number, RunStep])[] = this.#left.map((run) => [run, { type: "close" }]);
    this.#left = [];
    let bytes = 0;
    for (const member of this.#waiting) {
      if (bytes >= BATCH_BYTES) break;
      this.#waiting.delete(member);
      members.push(member);
      for (const step of member.takeSteps()) {
        steps.push([member.id, step]);
        bytes += bytesOf(step);
      }
    }
    this.#isBehind = this.#waiting.size > 0;
    this.#atWork = members;
    this.#thread.post(packBatch(steps, this.#memory));
    this.#watch();
  }

  #take(notes: ThreadAnswer): void {
    if (this.#dead) return;
    this.#watchdog?.dispose();
    const members = this.#atWork ?? [];
    this.#atWork = undefined;
    for (const member of members) if (this.#members.has(member.id)) member.done();
    for (const note of notes) this.#members.get(note.run)?.hear(note);
    if (this.#isBehind) this.#send();
    else if (this.#waiting.size > 0 || this.#left.length > 0) this.#gather();
  }

  #watch(): void {
    const { clock, scope } = this.#options;
    const dueAt = clock.now() + ANSWER_MS;
    this.#watchdog = forEverybody(() =>
      scope.timeout(ANSWER_MS, () => this.#check(clock.now() - dueAt), "thread watchdog"),
    );
  }

  #check(lateMs: number): void {
    if (lateMs >= LATE_MS) this.#watch();
    else {
      void this.#thread.dispose();
      this.#die(`did not answer for ${ANSWER_MS / 1_000} s`);
    }
  }

  #die(how: string): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#gathering?.dispose();
    this.#watchdog?.dispose();
    this.#options.onDeath();
    const culprit = Atomics.load(this.#current, 0);
    const reason = `The thread of the engine ${this.#options.name} ${how}.`;
    for (const member of [...this.#members.values()]) member.bereave(reason, member.id === culprit);
  }
}
