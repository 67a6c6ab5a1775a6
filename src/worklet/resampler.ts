import { convolveBetweenPhases, convolvePhases, decimate } from "./convolution.js";
import { designLowPass, type LowPassFilter } from "./low-pass-filter.js";

/** Input taken into the history at a time. */
const BLOCK_SAMPLES = 4096;
/** A context's rate need not be whole; two rates with no ratio drift apart by a millisecond in months. */
const UNITS_PER_HERTZ = 100_000;
const MIN_RATE = 1_000;
const MAX_RATE = 768_000;

/**
 * Converts one channel between any two sample rates, in pieces of any size: the output does not depend, to the last
 * bit, on how the input was cut. Output sample `k` is the input at time `k / outputRate`, without delay; the filter's
 * look-ahead of {@link delaySeconds} is what {@link push} holds back and {@link flush} delivers.
 *
 * Keeps the band up to 0.9 of half the lower rate and rejects everything above half of it by 100 dB. Equal rates pass
 * through untouched. Allocates nothing after construction.
 */
export class Resampler {
  readonly #up: number;
  readonly #down: number;
  readonly #inputRate: number;
  readonly #outputRate: number;
  /** `undefined` where the rates are equal. */
  readonly #filter: LowPassFilter | undefined;
  /** Samples one output needs. */
  readonly #width: number;
  readonly #history: Float64Array;
  #filled = 0;
  /** Where the next output's first input sample lies in the history. */
  #start = 0;
  /** How far the next output lies beyond a whole input sample, in units of `1 / up`. */
  #phase = 0;
  #taken = 0;
  #given = 0;

  /**
   * @param filter a table designed for the same rates; by default it is designed here.
   * @throws RangeError unless both rates are between 1 and 768 kHz.
   */
  constructor(inputRate: number, outputRate: number, filter?: LowPassFilter) {
    checkRate("inputRate", inputRate);
    checkRate("outputRate", outputRate);
    const from = Math.round(inputRate * UNITS_PER_HERTZ);
    const to = Math.round(outputRate * UNITS_PER_HERTZ);
    const divisor = greatestCommonDivisor(from, to);
    this.#up = to / divisor;
    this.#down = from / divisor;
    this.#inputRate = inputRate;
    this.#outputRate = outputRate;
    this.#filter = from === to ? undefined : (filter ?? designLowPass(inputRate, outputRate, this.#up));
    this.#width = 2 * (this.#filter?.halfLength ?? 0);
    this.#history = new Float64Array(this.#filter === undefined ? 0 : 2 * this.#width + BLOCK_SAMPLES);
    this.reset();
  }

  /** A new one between the same rates, which shares the table of coefficients and nothing else. */
  twin(): Resampler {
    return new Resampler(this.#inputRate, this.#outputRate, this.#filter);
  }

  /** Half the filter's length in time: how long a sample waits before it comes out. */
  get delaySeconds(): number {
    return this.#width / 2 / this.#inputRate;
  }

  /** How many samples {@link push} will write for the next `inputLength` samples. */
  outputLength(inputLength: number): number {
    return this.#filter === undefined ? inputLength : this.#ready(this.#filled + inputLength);
  }

  /** An upper bound of {@link outputLength}, whatever came before. */
  maxOutputLength(inputLength: number): number {
    return Math.ceil((inputLength * this.#up) / this.#down) + 1;
  }

  /** How many samples {@link flush} will write now. */
  get tailLength(): number {
    const whole = Math.floor(this.#taken / this.#down);
    const rest = this.#taken - whole * this.#down;
    return whole * this.#up + Math.round((rest * this.#up) / this.#down) - this.#given;
  }

  /** An upper bound of {@link tailLength}, whatever came before. */
  get maxTailLength(): number {
    return this.maxOutputLength(this.#width);
  }

  /**
   * Takes all of `input`, with 0 for what is not finite, and writes what is due to the start of `output`.
   * @returns how many samples were written.
   * @throws RangeError if `output` has no room for {@link outputLength} samples.
   */
  push(input: Float32Array, output: Float32Array): number {
    const due = this.outputLength(input.length);
    checkRoom(due, output);
    this.#taken += input.length;
    this.#given += due;
    if (this.#filter === undefined) {
      output.set(input);
      return due;
    }
    let written = 0;
    for (let taken = 0; taken < input.length; ) {
      if (this.#filled === this.#history.length) this.#makeRoom();
      const length = Math.min(input.length - taken, this.#history.length - this.#filled);
      copyFinite(input, taken, length, this.#history, this.#filled);
      this.#filled += length;
      taken += length;
      const count = this.#ready(this.#filled);
      this.#convolve(this.#filter, output, written, count);
      written += count;
    }
    return due;
  }

  /**
   * Writes the tail, so that all output together is the input's length times the ratio, rounded, and starts anew.
   * @returns how many samples were written.
   * @throws RangeError if `output` has no room for {@link tailLength} samples.
   */
  flush(output: Float32Array): number {
    const due = this.tailLength;
    checkRoom(due, output);
    if (this.#filter !== undefined) {
      this.#makeRoom();
      this.#history.fill(0, this.#filled);
      this.#convolve(this.#filter, output, 0, due);
    }
    this.reset();
    return due;
  }

  /** Forgets all input: the next sample is the first. */
  reset(): void {
    const before = this.#filter === undefined ? 0 : this.#filter.halfLength - 1;
    this.#history.fill(0, 0, before);
    this.#filled = before;
    this.#start = 0;
    this.#phase = 0;
    this.#taken = 0;
    this.#given = 0;
  }

  /** Outputs whose input is complete once the history holds `filled` samples. */
  #ready(filled: number): number {
    const complete = filled - this.#start - this.#width + 1;
    return complete <= 0 ? 0 : Math.ceil((complete * this.#up - this.#phase) / this.#down);
  }

  #makeRoom(): void {
    this.#history.copyWithin(0, this.#start, this.#filled);
    this.#filled -= this.#start;
    this.#start = 0;
  }

  #convolve(filter: LowPassFilter, output: Float32Array, offset: number, count: number): void {
    const { rows, phases, halfLength } = filter;
    const up = this.#up;
    const down = this.#down;
    const history = this.#history;
    const start = this.#start;
    const phase = this.#phase;
    if (up === 1) decimate(rows, halfLength, down, history, start, output, offset, count);
    else if (phases === up) {
      convolvePhases(rows, this.#width, up, down, history, start, phase, output, offset, count);
    } else {
      convolveBetweenPhases(rows, this.#width, phases, up, down, history, start, phase, output, offset, count);
    }
    const advance = phase + count * down;
    const steps = Math.floor(advance / up);
    this.#start = start + steps;
    this.#phase = advance - steps * up;
  }
}

function checkRate(name: string, rate: number): void {
  if (!(rate >= MIN_RATE && rate <= MAX_RATE)) {
    throw new RangeError(`${name} must be between ${MIN_RATE} and ${MAX_RATE} Hz, and is ${rate}.`);
  }
}

function checkRoom(due: number, output: Float32Array): void {
  if (due > output.length) throw new RangeError(`output must hold ${due} samples, and holds ${output.length}.`);
}

function copyFinite(from: Float32Array, offset: number, length: number, to: Float64Array, at: number): void {
  for (let index = 0; index < length; index += 1) {
    const sample = from[offset + index] ?? 0;
    // Infinity minus itself is NaN: one bad sample must not reach every output that the filter makes of it.
    to[at + index] = sample - sample === 0 ? sample : 0;
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
