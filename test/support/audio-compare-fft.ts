/**
 * The lag at which `recorded` resembles `source` most: `recorded[i + lag]` goes with `source[i]`. Found over every lag at
 * which the two overlap.
 */
export function bestLag(recorded: Float64Array, source: Float64Array): number {
  const size = powerOfTwo(recorded.length + source.length);
  const a = spectrum(recorded, size);
  const b = spectrum(source, size);
  for (let i = 0; i < size; i++) {
    const ar = a.re[i] ?? 0;
    const ai = a.im[i] ?? 0;
    const br = b.re[i] ?? 0;
    const bi = b.im[i] ?? 0;
    // a times the conjugate of b, and that conjugated: a forward transform then is the inverse of a real result.
    a.re[i] = ar * br + ai * bi;
    a.im[i] = ar * bi - ai * br;
  }
  transform(a.re, a.im);
  let best = 0;
  for (let i = 1; i < size; i++) if ((a.re[i] ?? 0) > (a.re[best] ?? 0)) best = i;
  return best < recorded.length ? best : best - size;
}

/** The same signal `delay` samples later, any fraction, exact for what lies below the Nyquist frequency. */
export function delayed(samples: Float64Array, delay: number): Float64Array {
  const size = powerOfTwo(samples.length + PADDING_SAMPLES);
  const { re, im } = spectrum(samples, size);
  for (let i = 0; i < size; i++) {
    const angle = (-2 * Math.PI * (i < size / 2 ? i : i - size) * delay) / size;
    const cos = Math.cos(angle);
    const sin = Math.sin(angle);
    const r = re[i] ?? 0;
    re[i] = r * cos - (im[i] ?? 0) * sin;
    // Conjugated, for the same reason as above.
    im[i] = -((im[i] ?? 0) * cos + r * sin);
  }
  transform(re, im);
  return re.subarray(0, samples.length).map((value) => value / size);
}

/** Silence behind the signal, so that what a delay rings before the beginning does not land on the end. */
const PADDING_SAMPLES = 1_024;

export function powerOfTwo(atLeast: number): number {
  let size = 1;
  while (size < atLeast) size *= 2;
  return size;
}

export interface Spectrum {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

export function spectrum(samples: Float64Array, size: number): Spectrum {
  const re = new Float64Array(size);
  re.set(samples);
  const im = new Float64Array(size);
  transform(re, im);
  return { re, im };
}

/** In-place forward radix-2 FFT; the length must be a power of two. */
function transform(re: Float64Array, im: Float64Array): void {
  const size = re.length;
  for (let i = 1, j = 0; i < size; i++) {
    let bit = size >> 1;
    for (; (j & bit) !== 0; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      swap(re, i, j);
      swap(im, i, j);
    }
  }
  for (let half = 1; half < size; half *= 2) {
    for (let k = 0; k < half; k++) {
      const angle = (-Math.PI * k) / half;
      const wr = Math.cos(angle);
      const wi = Math.sin(angle);
      for (let i = k; i < size; i += half * 2) {
        const xr = re[i + half] ?? 0;
        const xi = im[i + half] ?? 0;
        const tr = xr * wr - xi * wi;
        const ti = xr * wi + xi * wr;
        const ur = re[i] ?? 0;
        const ui = im[i] ?? 0;
        re[i + half] = ur - tr;
        im[i + half] = ui - ti;
        re[i] = ur + tr;
        im[i] = ui + ti;
      }
    }
  }
}

function swap(array: Float64Array, i: number, j: number): void {
  const held = array[i] ?? 0;
  array[i] = array[j] ?? 0;
  array[j] = held;
}
