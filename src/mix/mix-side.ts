import { ClockServo } from "./clock-servo.js";
import { type FractionalDelay, HALF_LENGTH } from "./fractional-delay.js";

/** A frame that comes so much later than its positions say, in milliseconds, follows a break that they do not count. */
const BREAK_MS = 40;
/** How long what comes late is kept beyond its time, in milliseconds, so that what follows it at the same pace is not late. */
const CUSHION_MS = 60;
/** A reading that is so far behind, in milliseconds, has no clock to follow. */
const MAX_ERROR_MS = 10_000;

interface Piece {
  /** Position of the first sample on the side's own timeline. */
  readonly position: number;
  readonly samples: Float32Array;
}

/** Sound of one source, and where it comes from. */
export interface SideFrame {
  readonly samples: Float32Array;
  readonly position: number;
  /** Of the first sample, in milliseconds on the page's clock. */
  readonly timestamp: number;
}

/**
 * One of the two sources: keeps its sound until it is due, knows by the page's clock when that is, and reads it at the pace
 * of the output. What was never delivered is read as silence.
 */
export class MixSide {
  readonly #rate: number;
  readonly #filter: FractionalDelay;
  readonly #servo = new ClockServo();
  #pieces: Piece[] = [];
  /** From the source's positions to those of the pieces. */
  #shift = 0;
  /** Behind the last piece. */
  #end = 0;
  /** Where the next sample of the output is read; `undefined` until the output has begun. */
  #place: number | undefined;
  /** When position 0 was, in milliseconds on the page's clock: of what was measured before the output began, the earliest. */
  #zeroTime = Infinity;
  /** Samples of the source for one of the output, as far as it is heard. */
  #pace = 1;
  #errorMs = 0;
  /** Position of the last frame. */
  #measuredAt = 0;
  #heardTo = -Infinity;
  #signal = new Float32Array(0);

  /** @param rate of the source's positions and of the output, in Hz. */
  constructor(rate: number, filter: FractionalDelay) {
    this.#rate = rate;
    this.#filter = filter;
  }

  /** When the first sample was that is there, in milliseconds on the page's clock; `Infinity` if there is none. */
  get firstTime(): number {
    return this.#zeroTime + this.#toMs(this.#pieces[0]?.position ?? 0);
  }

  /** Until when its sound has come, in milliseconds on the page's clock. */
  get heardTo(): number {
    return this.#heardTo;
  }

  /** Whether the output is made of it. */
  get hasBegun(): boolean {
    return this.#place !== undefined;
  }

  /** How much faster the source's clock is than the page's, as a share of the rate. */
  get drift(): number {
    return this.#servo.drift;
  }

  /** How far the reading is behind where it should be, in milliseconds. */
  get errorMs(): number {
    return this.#errorMs;
  }

  /** Samples of the source for one of the output. A break is counted by the page's clock. */
  get #step(): number {
    return (this.#place ?? 0) > this.#end ? 1 : this.#pace;
  }

  /** Samples of the output that can be made of what is there. */
  get ready(): number {
    const place = this.#place ?? this.#pieces[0]?.position ?? this.#end;
    return Math.max(0, Math.floor((this.#end - HALF_LENGTH - place) / this.#step));
  }

  /** Samples of the output until there is nothing more, if nothing more comes. */
  get rest(): number {
    if (this.#place === undefined) return 0;
    return Math.max(0, Math.ceil((this.#end - this.#place) / this.#step));
  }

  /** Samples of the output that are silent for certain before the next sound; `Infinity` if there is none. */
  get silence(): number {
    const next = this.#pieces.find((piece) => endOf(piece) + HALF_LENGTH > (this.#place ?? 0));
    if (this.#place === undefined || next === undefined) return Infinity;
    return Math.max(0, Math.floor((next.position - HALF_LENGTH - this.#place) / this.#step));
  }

  /** Whether the source keeps no clock. */
  get isLost(): boolean {
    return Math.abs(this.#errorMs) > MAX_ERROR_MS;
  }

  /** @param dueTime of the output's next sample, in milliseconds on the page's clock; `undefined` if it has not begun. */
  take({ samples, position, timestamp }: SideFrame, dueTime: number | undefined): void {
    if (dueTime !== undefined) this.#measure(position, timestamp, dueTime);
    // What comes after its time was read as silence is heard later: the servo makes up for it, and nothing is lost.
    const late = Math.ceil((this.#place ?? -Infinity) - position - this.#shift);
    if (late > 0) this.#shift += late + Math.round(this.#toSamples(CUSHION_MS));
    const from = position + this.#shift;
    // Engines read an audio context's clock late, and never early, so that the earliest time is the truest.
    if (dueTime === undefined) this.#zeroTime = Math.min(this.#zeroTime, timestamp - this.#toMs(from));
    this.#measuredAt = position;
    this.#heardTo = timestamp + this.#toMs(samples.length);
    this.#pieces.push({ position: from, samples });
    this.#end = from + samples.length;
  }

  /** The output begins. @param dueTime of its first sample, in milliseconds on the page's clock. */
  begin(dueTime: number): void {
    if (this.#pieces.length > 0) this.#place = this.#toSamples(dueTime - this.#zeroTime);
  }

  /** Writes the next `count` samples of the output. */
  read(output: Float32Array, count: number): void {
    if (this.#place === undefined) {
      output.fill(0, 0, count);
      return;
    }
    const step = this.#step;
    const first = Math.floor(this.#place) - HALF_LENGTH + 1;
    const signal = this.#signalFrom(first, Math.ceil(count * step) + 2 * HALF_LENGTH + 1);
    this.#filter.read(signal, this.#place - first, step, output, count);
    this.skip(count);
  }

  /** Leaves samples of the output out. */
  skip(count: number): void {
    if (this.#place === undefined) return;
    this.#place += count * this.#step;
    const needed = this.#place - HALF_LENGTH;
    while (this.#pieces[0] !== undefined && endOf(this.#pieces[0]) < needed) this.#pieces.shift();
  }

  /** What comes next has another place. What was learnt of the clock stays. */
  reset(): void {
    this.#pieces = [];
    this.#place = undefined;
    this.#zeroTime = Infinity;
    this.#heardTo = -Infinity;
    this.#errorMs = 0;
  }

  #measure(position: number, timestamp: number, dueTime: number): void {
    const place = position + this.#shift + this.#toSamples(dueTime - timestamp) * (1 + this.#servo.drift);
    this.#place ??= place;
    const errorMs = this.#toMs(place - this.#place);
    if (errorMs < -BREAK_MS) {
      this.#shift -= Math.round(this.#toSamples(errorMs));
      return;
    }
    this.#errorMs = errorMs;
    this.#pace = this.#servo.update(errorMs, this.#toMs(position - this.#measuredAt));
  }

  #signalFrom(first: number, length: number): Float32Array {
    if (this.#signal.length < length) this.#signal = new Float32Array(length);
    this.#signal.fill(0);
    for (const { position, samples } of this.#pieces) {
      const from = Math.max(0, first - position);
      const to = Math.min(samples.length, first + length - position);
      if (from < to) this.#signal.set(samples.subarray(from, to), position + from - first);
    }
    return this.#signal;
  }

  #toSamples(ms: number): number {
    return (ms * this.#rate) / 1_000;
  }

  #toMs(samples: number): number {
    return (samples * 1_000) / this.#rate;
  }
}

function endOf({ position, samples }: Piece): number {
  return position + samples.length;
}
