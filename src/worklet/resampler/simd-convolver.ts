import type { Convolver, OpenConvolver, Ratio } from "./convolver.js";
import type { LowPassFilter } from "./low-pass-filter.js";
import { openScalarConvolver } from "./scalar-convolver.js";
import { SIMD_KERNEL } from "./simd-kernel.js";

/** Taps that the kernel takes in one turn of its inner loop. */
const TAPS_PER_TURN = 16;
const SAMPLE_BYTES = Float32Array.BYTES_PER_ELEMENT;
const PAGE_BYTES = 65_536;

/** What simd-kernel.wat exports. */
interface Kernel extends WebAssembly.Exports {
  readonly memory: WebAssembly.Memory;
  readonly convolve: (
    width: number,
    up: number,
    step: number,
    rest: number,
    input: number,
    phase: number,
    output: number,
    end: number,
  ) => void;
}

/** Filters by WebAssembly with SIMD, in single precision, if the filter has a row of coefficients for each phase. */
export class SimdConvolver implements Convolver {
  readonly width: number;
  readonly history: Float32Array;
  readonly #module: WebAssembly.Module;
  readonly #convolve: Kernel["convolve"];
  readonly #ratio: Ratio;
  readonly #rows: Float32Array;
  readonly #rowBytes: number;
  /** What the ratio advances the input by: whole samples, in bytes, and the rest, in phases. */
  readonly #step: number;
  readonly #rest: number;
  readonly #output: Float32Array;

  /**
   * @param module the kernel.
   * @param rows for each phase one of `width` coefficients, with zeros behind it up to a whole turn.
   * @throws if there is no memory for it.
   */
  constructor(module: WebAssembly.Module, rows: Float32Array, width: number, ratio: Ratio, historyLength: number) {
    const { up, down } = ratio;
    // The last row reaches beyond the input by its padding, and zero times what is not finite would not be zero.
    const outputAt = rows.length + historyLength + TAPS_PER_TURN;
    const outputLength = Math.ceil((historyLength * up) / down) + 1;
    const { memory, convolve } = new WebAssembly.Instance(module).exports as Kernel;
    memory.grow(Math.ceil(((outputAt + outputLength) * SAMPLE_BYTES) / PAGE_BYTES));
    this.#module = module;
    this.#convolve = convolve;
    this.#ratio = ratio;
    this.#rows = new Float32Array(memory.buffer, 0, rows.length);
    this.#rows.set(rows);
    this.#rowBytes = (rows.length / up) * SAMPLE_BYTES;
    this.#step = Math.floor(down / up) * SAMPLE_BYTES;
    this.#rest = down % up;
    this.#output = new Float32Array(memory.buffer, outputAt * SAMPLE_BYTES, outputLength);
    this.width = width;
    this.history = new Float32Array(memory.buffer, rows.length * SAMPLE_BYTES, historyLength);
  }

  convolve(start: number, phase: number, output: Float32Array, offset: number, count: number): void {
    const from = this.#output;
    this.#convolve(
      this.#rowBytes,
      this.#ratio.up,
      this.#step,
      this.#rest,
      this.history.byteOffset + start * SAMPLE_BYTES,
      phase,
      from.byteOffset,
      from.byteOffset + count * SAMPLE_BYTES,
    );
    for (let k = 0; k < count; k += 1) output[offset + k] = from[k] as number;
  }

  twin(): Convolver {
    return new SimdConvolver(this.#module, this.#rows, this.width, this.#ratio, this.history.length);
  }
}

/** With SIMD if possible, and otherwise in TypeScript: what comes out differs by less than a 16-bit sample can say. */
export const openFastestConvolver: OpenConvolver = (filter, ratio, historyLength) => {
  if (filter.phases === ratio.up) {
    try {
      // Throws if the engine has no WebAssembly or no SIMD, or if the page's policy forbids it.
      const module = new WebAssembly.Module(SIMD_KERNEL);
      return new SimdConvolver(module, padRows(filter), 2 * filter.halfLength, ratio, historyLength);
    } catch {
      // Nobody has to do anything about it: the other one is fast enough.
    }
  }
  return openScalarConvolver(filter, ratio, historyLength);
};

/** The rows of all phases, each with zeros behind it up to a whole turn. */
function padRows({ rows, phases, halfLength }: LowPassFilter): Float32Array {
  const width = 2 * halfLength;
  const padded = Math.ceil(width / TAPS_PER_TURN) * TAPS_PER_TURN;
  const all = new Float32Array(phases * padded);
  for (let phase = 0; phase < phases; phase += 1) {
    all.set(rows.subarray(phase * width, (phase + 1) * width), phase * padded);
  }
  return all;
}
