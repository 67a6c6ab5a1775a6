import { convolveBetweenPhases, convolvePhases, decimate } from "./convolution.js";
import type { Convolver, OpenConvolver, Ratio } from "./convolver.js";
import type { LowPassFilter } from "./low-pass-filter.js";

/** Filters by plain arithmetic in double precision, between any two rates. Runs everywhere. */
export class ScalarConvolver implements Convolver {
  readonly width: number;
  readonly history: Float64Array;
  readonly #filter: LowPassFilter;
  readonly #ratio: Ratio;

  constructor(filter: LowPassFilter, ratio: Ratio, historyLength: number) {
    this.#filter = filter;
    this.#ratio = ratio;
    this.width = 2 * filter.halfLength;
    this.history = new Float64Array(historyLength);
  }

  convolve(start: number, phase: number, output: Float32Array, offset: number, count: number): void {
    const { rows, phases, halfLength } = this.#filter;
    const { up, down } = this.#ratio;
    const { width, history } = this;
    if (up === 1) decimate(rows, halfLength, down, history, start, output, offset, count);
    else if (phases === up) convolvePhases(rows, width, up, down, history, start, phase, output, offset, count);
    else convolveBetweenPhases(rows, width, phases, up, down, history, start, phase, output, offset, count);
  }

  twin(): Convolver {
    return new ScalarConvolver(this.#filter, this.#ratio, this.history.length);
  }
}

export const openScalarConvolver: OpenConvolver = (filter, ratio, historyLength) =>
  new ScalarConvolver(filter, ratio, historyLength);
