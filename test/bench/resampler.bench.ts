/** Prints what the resampler costs, as a share of one core: `node --import tsx test/bench/resampler.bench.ts`. */
import { Resampler } from "../../src/worklet/resampler.js";
import { noise } from "../support/signals.js";

const QUANTUM = 128;
const RATES = [44_100, 48_000, 96_000, 192_000];
const OUTPUT_RATE = 16_000;
const SECONDS = 10;
const RUNS = 5;

for (const inputRate of RATES) {
  const resampler = new Resampler(inputRate, OUTPUT_RATE);
  const input = noise(QUANTUM);
  const output = new Float32Array(resampler.maxOutputLength(QUANTUM));
  const shares = Array.from({ length: RUNS }, () => {
    const before = process.cpuUsage();
    for (let at = 0; at < inputRate * SECONDS; at += QUANTUM) resampler.push(input, output);
    return process.cpuUsage(before).user / (SECONDS * 1_000_000);
  });
  const median = shares.sort((a, b) => a - b)[RUNS >> 1] ?? 0;
  const delayMs = resampler.delaySeconds * 1_000;
  console.log(
    `${inputRate} -> ${OUTPUT_RATE} Hz: ${(median * 100).toFixed(2)} % of one core, ${delayMs.toFixed(2)} ms delay`,
  );
}
