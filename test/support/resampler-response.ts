import type { OpenConvolver } from "../../src/worklet/resampler/convolver.js";
import { Resampler } from "../../src/worklet/resampler/resampler.js";
import { powerOfTwo, spectrum } from "./audio-compare-fft.js";
import { decibels } from "./signals.js";

/** Bins of the spectrum within the width of one side lobe; between two of them no peak hides. */
const OVERSAMPLING = 8;

/** What a resampler does to any tone. */
export interface Response {
  /** The loudest image or alias that any tone leaves, in dB of the tone. */
  readonly rejectionDb: number;
  /** Where on the common rate's frequency axis that is, in Hz. */
  readonly worstFrequency: number;
  /** How far the gain is from 1 anywhere up to 0.9 of half the lower rate, in dB. */
  readonly rippleDb: number;
}

/**
 * Everything at once, from impulses. Converting by `up / down` is filtering at `up` times the input rate: of a tone at
 * frequency `f` the output has, for each whole `m`, a component that began as `f + m * inputRate`, as loud as the filter's
 * response there. One impulse at each of the `down` places that an output can have beside its input shows the whole filter,
 * and its spectrum is the level of every image and every alias of every tone.
 */
export function measureResponse(inputRate: number, outputRate: number, openConvolver?: OpenConvolver): Response {
  const divisor = greatestCommonDivisor(inputRate, outputRate);
  const [up, down] = [outputRate / divisor, inputRate / divisor];
  const impulse = impulseResponse(new Resampler(inputRate, outputRate, openConvolver), { inputRate, up, down });
  const size = powerOfTwo(impulse.length * (OVERSAMPLING / 2));
  const { re, im } = spectrum(impulse, size);
  const hertzPerBin = (up * inputRate) / size;
  const edge = Math.min(inputRate, outputRate) / 2;
  let [worst, worstFrequency, ripple] = [0, 0, 0];
  for (let bin = 0; bin <= size / 2; bin += 1) {
    const frequency = bin * hertzPerBin;
    const gain = Math.hypot(re[bin] ?? 0, im[bin] ?? 0) / up;
    if (frequency <= 0.9 * edge) ripple = Math.max(ripple, Math.abs(decibels(gain)));
    else if (frequency >= edge && gain > worst) [worst, worstFrequency] = [gain, frequency];
  }
  return { rejectionDb: decibels(worst), worstFrequency, rippleDb: ripple };
}

interface Ratio {
  readonly inputRate: number;
  readonly up: number;
  readonly down: number;
}

/** The filter at `up` times the input rate. */
function impulseResponse(resampler: Resampler, { inputRate, up, down }: Ratio): Float64Array {
  const width = Math.round(2 * resampler.delaySeconds * inputRate);
  // One more than a multiple of `down`, so that each impulse lies elsewhere between the outputs than all others.
  const spacing = Math.ceil((width + 2) / down) * down + 1;
  const input = new Float32Array(spacing * (down + 1));
  for (let index = 1; index <= down; index += 1) input[index * spacing] = 1;
  const output = new Float32Array(resampler.maxOutputLength(input.length));
  const count = resampler.push(input, output);
  const impulse = new Float64Array((width + 2) * up);
  const middle = impulse.length / 2;
  for (let k = 0; k < count; k += 1) {
    const nearest = Math.round((k * down) / (up * spacing));
    const at = k * down - nearest * spacing * up + middle;
    if (nearest >= 1 && nearest <= down && at >= 0 && at < impulse.length) impulse[at] = output[k] ?? 0;
  }
  return impulse;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
