/** Prints what converting between the two rates given costs with the kernel given, in percent of one core: the median of several runs. */
import { Resampler } from "../../../src/worklet/resampler/resampler.js";
import { RESAMPLER_KERNELS } from "../../support/resampler-kernels.js";
import { noise } from "../../support/signals.js";

const QUANTUM = 128;
const SECONDS = 5;
const RUNS = 5;

const [from, to, kernel] = process.argv.slice(2);
const known = RESAMPLER_KERNELS.find((known) => known.kernel === kernel);
if (from === undefined || to === undefined || known === undefined)
  throw new Error("Say the input's rate, the output's, in Hz, and the kernel.");
const inputRate = Number(from);
const resampler = new Resampler(inputRate, Number(to), known.open);
const input = noise(QUANTUM);
const output = new Float32Array(resampler.maxOutputLength(QUANTUM));

function percentOf(rate: number): number {
  const before = process.cpuUsage();
  for (let at = 0; at < rate * SECONDS; at += QUANTUM) resampler.push(input, output);
  return process.cpuUsage(before).user / (SECONDS * 10_000);
}

percentOf(inputRate);
const shares = Array.from({ length: RUNS }, () => percentOf(inputRate));
console.log(shares.sort((a, b) => a - b)[RUNS >> 1] ?? 0);
