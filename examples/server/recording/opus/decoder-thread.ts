import type { Clock, Registration, Scope } from "loquilex/resources";
import { forEverybody } from "../../fault-owner.js";
import { Thread } from "../../processes/thread.js";
import { afterRunningTime } from "../../running-time.js";
import type { OpusAnswer, OpusRequest } from "./opus-messages.js";

/** A stream whose packets a thread decodes. */
export interface DecodedStream {
  /** Above 0, and never used again. */
  readonly id: number;
  hear(samples: Uint8Array<ArrayBuffer> | undefined): void;
  /** The thread is gone. @param isCulprit whether it was at work for this stream. */
  bereave(isCulprit: boolean): void;
}

export interface DecoderThreadOptions {
  /** As from `threadCode()`. */
  readonly code: string;
  readonly clock: Clock;
  readonly scope: Scope;
  /** A thread that answers nothing for so long, twice in a row, hangs. @defaultValue 5_000 */
  readonly lookMs?: number | undefined;
  /** The thread is gone, and its streams have not heard of it yet. */
  onDeath(): void;
}

/** One thread that decodes for many streams. */
export class DecoderThread {
  readonly #options: DecoderThreadOptions;
  readonly #thread: Thread;
  readonly #current = new Int32Array(new SharedArrayBuffer(4));
  readonly #streams = new Map<number, DecodedStream>();
  /** Streams that wait for an answer. */
  readonly #open = new Set<number>();
  #answered = 0;
  #watchdog: Registration | undefined;
  #dead = false;

  constructor(options: DecoderThreadOptions) {
    this.#options = options;
    this.#thread = new Thread({
      ...{ name: "opus", code: options.code, clock: options.clock, scope: options.scope },
      data: { current: this.#current },
      onMessage: (answer) => this.#take(answer as OpusAnswer),
      onCrash: () => this.#die(),
    });
  }

  /** Streams that it works for. */
  get size(): number {
    return this.#streams.size;
  }

  join(stream: DecodedStream): void {
    this.#streams.set(stream.id, stream);
  }

  leave(stream: DecodedStream): void {
    if (!this.#streams.delete(stream.id)) return;
    if (this.#open.delete(stream.id)) this.#answered += 1;
    this.#post({ type: "close", stream: stream.id });
  }

  decode(request: Extract<OpusRequest, { type: "decode" }>): void {
    this.#open.add(request.stream);
    this.#post(request);
    if (this.#watchdog === undefined) this.#watch(false);
  }

  #post(request: OpusRequest): void {
    if (!this.#dead) this.#thread.post(request);
  }

  #take({ stream, samples }: OpusAnswer): void {
    if (this.#dead) return;
    this.#open.delete(stream);
    this.#answered += 1;
    this.#streams.get(stream)?.hear(samples);
  }

  #watch(wasSilent: boolean): void {
    const { scope, lookMs = 5_000 } = this.#options;
    const before = this.#answered;
    this.#watchdog = forEverybody(() =>
      afterRunningTime(scope, lookMs, () => this.#check(before, wasSilent), "decoder's watchdog"),
    );
  }

  #check(before: number, wasSilent: boolean): void {
    this.#watchdog = undefined;
    if (this.#dead || this.#open.size === 0) return;
    const isSilent = this.#answered === before;
    if (!isSilent || !wasSilent) this.#watch(isSilent);
    else {
      void this.#thread.dispose();
      this.#die();
    }
  }

  #die(): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#watchdog?.dispose();
    this.#options.onDeath();
    const culprit = Atomics.load(this.#current, 0);
    for (const stream of [...this.#streams.values()]) stream.bereave(stream.id === culprit);
  }
}
