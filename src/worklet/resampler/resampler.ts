import type { Convolver, OpenConvolver } from "./convolver.js";
import { designLowPass } from "./low-pass-filter.js";
import { openScalarConvolver } from "./scalar-convolver.js";

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
  /** `undefined` if the rates are equal. */
  readonly #convolver: Convolver | undefined;
  /** Samples one output needs. */
  readonly #width: number;
  #filled = 0;
  /** Where the next output's first input sample lies in the history. */
  #start = 0;
  /** How far the next output lies beyond a whole input sample, in units of `1 / up`. */
  #phase = 0;
  #taken = 0;
  #given = 0;

  /**
   * @param convolver opens what computes the output; or is one that was made for the same rates.
   * @throws RangeError unless both rates are between 1 and 768 kHz.
   */
  constructor(
    inputRate: number,
    outputRate: number,
    convolver: OpenConvolver | Convolver | undefined = openScalarConvolver,
  ) {
    checkRate("inputRate", inputRate);
    checkRate("outputRate", outputRate);
    const from = Math.round(inputRate * UNITS_PER_HERTZ);
    const to = Math.round(outputRate * UNITS_PER_HERTZ);
    const divisor = greatestCommonDivisor(from, to);
    this.#up = to / divisor;
    this.#down = from / divisor;
    this.#inputRate = inputRate;
    this.#outputRate = outputRate;
    if (from === to) this.#convolver = undefined;
    else if (typeof convolver === "function") {
      const filter = designLowPass(inputRate, outputRate, this.#up);
      const ratio = { up: this.#up, down: this.#down };
      this.#convolver = convolver(filter, ratio, 4 * filter.halfLength + BLOCK_SAMPLES);
    } else this.#convolver = convolver;
    this.#width = this.#convolver?.width ?? 0;
    this.reset();
  }

  /** A new one between the same rates, for which no filter is designed again. */
  twin(): Resampler {
    return new Resampler(this.#inputRate, this.#outputRate, this.#convolver?.twin());
  }

  /** Half the filter's length in time: how long a sample waits before it comes out. */
  get delaySeconds(): number {
    return this.#width / 2 / this.#inputRate;
  }

  /** How many samples {@link push} will write for the next `inputLength` samples. */
  outputLength(inputLength: number): number {
    return this.#convolver === undefined ? inputLength : this.#ready(this.#filled + inputLength);
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
    const convolver = this.#convolver;
    if (convolver === undefined) {
      output.set(input);
      return due;
    }
    const { history } = convolver;
    let written = 0;
    for (let taken = 0; taken < input.length; ) {
      if (this.#filled === history.length) this.#makeRoom(history);
      const length = Math.min(input.length - taken, history.length - this.#filled);
      copyFinite(input, taken, length, history, this.#filled);
      this.#filled += length;
      taken += length;
      const count = this.#ready(this.#filled);
      if (count > 0) this.#convolve(convolver, output, written, count);
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
    const convolver = this.#convolver;
    if (convolver !== undefined && due > 0) {
      this.#makeRoom(convolver.history);
      convolver.history.fill(0, this.#filled);
      this.#convolve(convolver, output, 0, due);
    }
    this.reset();
    return due;
  }

  /** Forgets all input: the next sample is the first. */
  reset(): void {
    const before = Math.max(0, this.#width / 2 - 1);
    this.#convolver?.history.fill(0, 0, before);
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

  #makeRoom(history: Convolver["history"]): void {
    history.copyWithin(0, this.#start, this.#filled);
    this.#filled -= this.#start;
    this.#start = 0;
  }

  #convolve(convolver: Convolver, output: Float32Array, offset: number, count: number): void {
    const phase = this.#phase;
    convolver.convolve(this.#start, phase, output, offset, count);
    const advance = phase + count * this.#down;
    const steps = Math.floor(advance / this.#up);
    this.#start += steps;
    this.#phase = advance - steps * this.#up;
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

function copyFinite(from: Float32Array, offset: number, length: number, to: Convolver["history"], at: number): void {
  for (let index = 0; index < length; index += 1) {
    const sample = from[offset + index] ?? 0;
    // Infinity minus itself is NaN: one bad sample must not reach every output that the filter makes of it.
    to[at + index] = sample - sample === 0 ? sample : 0;
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
