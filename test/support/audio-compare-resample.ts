import type { MonoAudio } from "./wav.js";

/** Zero crossings on each side; at the widest this is a transition of about 300 Hz at 16 kHz. */
const HALF_WIDTH = 96;
/** Stop band below -110 dB. */
const KAISER_BETA = 11;

/**
 * Band-limited interpolation by a Kaiser-windowed sinc at double precision, every output sample computed directly at
 * its own time. Slow, and on purpose not the product's way: what it checks must not share its faults.
 *
 * @param start time of the first output sample, in output samples after the input's first; any fraction.
 */
export function resample(input: MonoAudio, sampleRate: number, start: number, count: number): Float64Array {
  const { samples } = input;
  const step = input.sampleRate / sampleRate;
  // The cut-off lies below both Nyquist frequencies by half a transition, so that nothing folds back.
  const cutoff = Math.min(1, 1 / step) * (1 - KAISER_BETA / (Math.PI * HALF_WIDTH));
  const reach = HALF_WIDTH / Math.min(1, 1 / step);
  const output = new Float64Array(count);
  const turn = Math.PI * cutoff;
  const [turnSin, turnCos] = [Math.sin(turn), Math.cos(turn)];
  for (let n = 0; n < count; n++) {
    const center = (start + n) * step;
    const first = Math.max(0, Math.ceil(center - reach));
    const last = Math.min(samples.length - 1, Math.floor(center + reach));
    let sin = Math.sin(turn * (center - first));
    let cos = Math.cos(turn * (center - first));
    let sum = 0;
    for (let i = first; i <= last; i++) {
      const distance = center - i;
      // Below a millionth of a sample sin(x) / x is 1 to double precision, and the division is not.
      const sinc = Math.abs(distance) < 1e-6 ? cutoff : sin / (Math.PI * distance);
      sum += (samples[i] ?? 0) * sinc * kaiser(distance / reach);
      // The sine of the next tap by rotation: a call of Math.sin for each would be most of the cost.
      const next = sin * turnCos - cos * turnSin;
      cos = cos * turnCos + sin * turnSin;
      sin = next;
    }
    output[n] = sum;
  }
  return output;
}

const TABLE_STEPS = 8192;
const KAISER = Float64Array.from({ length: TABLE_STEPS + 2 }, (_, i) => {
  const position = Math.min(1, i / TABLE_STEPS);
  return besselI0(KAISER_BETA * Math.sqrt(1 - position * position)) / besselI0(KAISER_BETA);
});

/** The window at `position` from -1 to 1, interpolated from a table to better than 1e-7. */
function kaiser(position: number): number {
  const exact = Math.abs(position) * TABLE_STEPS;
  const index = Math.floor(exact);
  const low = KAISER[index] ?? 0;
  return low + ((KAISER[index + 1] ?? 0) - low) * (exact - index);
}

function besselI0(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
