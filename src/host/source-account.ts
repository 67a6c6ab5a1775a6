import { PreRoll } from "../frames/pre-roll.js";
import type { RunningOptions } from "./running-messages.js";

interface Span {
  position: number;
  readonly sampleCount: number;
}

/** Where another running side has begun. Positions are those of the source. */
export interface SourceBeginning {
  /** Position of the stream's first sample; `undefined` if the stream has not started. */
  readonly origin?: number | undefined;
  /** From here on, audio was kept for the start. */
  readonly keptFrom?: number | undefined;
}

/**
 * What the page knows of the audio that its source has made, wherever that went: a running side that ends without a word
 * takes along nothing that this does not count.
 */
export class SourceAccount {
  readonly #preRoll: PreRoll<Span>;
  #position = 0;
  #origin: number | undefined;
  #frames = 0;
  #samples = 0;

  constructor({ preRollMs, format }: Pick<RunningOptions, "preRollMs" | "format">) {
    this.#preRoll = new PreRoll((preRollMs / 1_000) * format.sampleRate);
  }

  /** Position by the source after the last sample. */
  get position(): number {
    return this.#position;
  }

  /** Whether the stream has started. */
  get isStarted(): boolean {
    return this.#preRoll.isStarted;
  }

  /** What one who goes on needs to know. */
  get beginning(): SourceBeginning {
    if (this.isStarted) return { origin: this.#origin ?? this.#preRoll.origin };
    return { keptFrom: this.#preRoll.keptFrom };
  }

  /** What was captured for the stream since it began. */
  get captured(): { readonly frames: number; readonly samples: number; readonly position: number } {
    const { origin = this.#position } = this.beginning;
    const position = this.isStarted ? Math.max(0, this.#position - origin) : 0;
    return { frames: this.#frames, samples: this.#samples, position };
  }

  /**
   * Audio was captured.
   * @param to position by the source after its last sample.
   * @param frames into which it was cut, one as long as the other.
   */
  add(to: number, sampleCount: number, frames = 1): void {
    this.#position = Math.max(this.#position, to);
    const from = to - sampleCount;
    if (this.isStarted) this.#count(this.#preRoll.push({ position: from, sampleCount }), frames);
    else {
      const cut = (index: number): number => Math.round((index * sampleCount) / frames);
      for (let index = 0; index < frames; index += 1) {
        this.#preRoll.push({ position: from + cut(index), sampleCount: cut(index + 1) - cut(index) });
      }
    }
  }

  /** The stream starts. */
  start(): void {
    for (const span of this.#preRoll.start()) this.#count(span, 1);
  }

  /** A running side has said where the stream begins. */
  began(origin: number): void {
    this.#origin = origin;
  }

  #count(span: Span | undefined, frames: number): void {
    this.#frames += frames;
    this.#samples += span?.sampleCount ?? 0;
  }
}
