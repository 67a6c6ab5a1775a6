import type { LowPassFilter } from "./low-pass-filter.js";

/** The ratio of two rates in lowest terms: `up` samples come out for `down` that go in. */
export interface Ratio {
  readonly up: number;
  readonly down: number;
}

/** Applies a low-pass filter to a history of input. The resampler decides which output is due; this computes it. */
export interface Convolver {
  /** What it computes with: WebAssembly with SIMD, or TypeScript. */
  readonly kernel: "simd" | "scalar";
  /** Samples that one output needs: the filter's length. */
  readonly width: number;
  /** Input, the oldest first. The resampler writes here, only what is finite. */
  readonly history: Float32Array | Float64Array;
  /**
   * Writes `count` outputs. Each is a sum in an order that depends on nothing but its own input. Allocates nothing.
   * @param start index in the history of the first sample that the first output needs.
   * @param phase how far the first output lies beyond a whole input sample, in units of `1 / up`.
   * @param offset index in `output` of the first output.
   */
  convolve(start: number, phase: number, output: Float32Array, offset: number, count: number): void;
  /** Another one for the same rates, with a history of its own. */
  twin(): Convolver;
}

/** @param historyLength in samples. */
export type OpenConvolver = (filter: LowPassFilter, ratio: Ratio, historyLength: number) => Convolver;
