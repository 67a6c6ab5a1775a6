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

/**
 * By WebAssembly with SIMD in single precision if possible, and otherwise in TypeScript: the two differ by less than a 16-bit
 * sample can say.
 */
export const openFastestConvolver: OpenConvolver = (filter, ratio, historyLength) => {
  // The kernel needs a row for each phase.
  if (filter.phases === ratio.up) {
    try {
      // Throws if the engine has no WebAssembly or no SIMD, or if the page's policy forbids it.
      const module = new WebAssembly.Module(SIMD_KERNEL);
      return openSimdConvolver(module, padRows(filter), 2 * filter.halfLength, ratio, historyLength);
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

/**
 * Has an instance of its own, into whose memory the rows are copied.
 * @throws if there is no memory for it.
 */
function openSimdConvolver(
  module: WebAssembly.Module,
  padded: Float32Array,
  width: number,
  ratio: Ratio,
  historyLength: number,
): Convolver {
  const { up, down } = ratio;
  const { memory, convolve } = new WebAssembly.Instance(module).exports as Kernel;
  const historyAt = padded.length * SAMPLE_BYTES;
  // A row's padding reaches beyond the history, and zero times what is not finite would not be zero.
  const outputAt = historyAt + (historyLength + TAPS_PER_TURN) * SAMPLE_BYTES;
  const outputLength = Math.ceil((historyLength * up) / down) + 1;
  memory.grow(Math.ceil((outputAt + outputLength * SAMPLE_BYTES) / PAGE_BYTES));
  const rows = new Float32Array(memory.buffer, 0, padded.length);
  rows.set(padded);
  const history = new Float32Array(memory.buffer, historyAt, historyLength);
  const computed = new Float32Array(memory.buffer, outputAt, outputLength);
  const rowBytes = historyAt / up;
  const step = Math.floor(down / up) * SAMPLE_BYTES;
  const rest = down % up;
  return {
    kernel: "simd",
    width,
    history,
    convolve(start, phase, output, offset, count) {
      const end = outputAt + count * SAMPLE_BYTES;
      convolve(rowBytes, up, step, rest, historyAt + start * SAMPLE_BYTES, phase, outputAt, end);
      for (let k = 0; k < count; k += 1) output[offset + k] = computed[k] as number;
    },
    twin: () => openSimdConvolver(module, rows, width, ratio, historyLength),
  };
}
