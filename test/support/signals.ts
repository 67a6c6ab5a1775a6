/** Test tones and what can be measured on them. */

export function sine(frequency: number, sampleRate: number, length: number, amplitude = 1): Float32Array {
  return Float32Array.from({ length }, (_, n) => amplitude * Math.sin((2 * Math.PI * frequency * n) / sampleRate));
}

/** Reproducible noise between −1 and 1. */
export function noise(length: number, seed = 1): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state / 0x8000_0000;
  });
}

export function decibels(ratio: number): number {
  return 20 * Math.log10(ratio);
}

/** Root mean square. */
export function rms(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return Math.sqrt(sum / samples.length);
}

export interface ToneFit {
  readonly amplitude: number;
  /** Of the sine at sample 0, in radians. */
  readonly phase: number;
  /** Power of the tone over the power of everything else, in dB. */
  readonly snrDb: number;
}

/** The sine of `frequency` that fits the samples best, `from` being the first sample's index in the signal. */
export function fitTone(samples: Float32Array, frequency: number, sampleRate: number, from = 0): ToneFit {
  const step = (2 * Math.PI * frequency) / sampleRate;
  let ss = 0;
  let sc = 0;
  let cc = 0;
  let xs = 0;
  let xc = 0;
  for (const [n, x] of samples.entries()) {
    const s = Math.sin(step * (n + from));
    const c = Math.cos(step * (n + from));
    ss += s * s;
    sc += s * c;
    cc += c * c;
    xs += x * s;
    xc += x * c;
  }
  const determinant = ss * cc - sc * sc;
  const a = (xs * cc - xc * sc) / determinant;
  const b = (xc * ss - xs * sc) / determinant;
  let error = 0;
  for (const [n, x] of samples.entries()) {
    const rest = x - a * Math.sin(step * (n + from)) - b * Math.cos(step * (n + from));
    error += rest * rest;
  }
  const amplitude = Math.hypot(a, b);
  const power = (amplitude * amplitude * samples.length) / 2;
  return { amplitude, phase: Math.atan2(b, a), snrDb: 10 * Math.log10(power / error) };
}
