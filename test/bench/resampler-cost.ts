/** Prints what converting between the two rates given costs, in percent of one core: the median of several runs. */
import { Resampler } from "../../src/worklet/resampler.js";
import { noise } from "../support/signals.js";

const QUANTUM = 128;
const SECONDS = 5;
const RUNS = 5;

const [inputRate, outputRate] = process.argv.slice(2).map(Number);
if (inputRate === undefined || outputRate === undefined)
  throw new Error("Say the input's rate and the output's, in Hz.");
const resampler = new Resampler(inputRate, outputRate);
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
