/**
 * Power of a windowed stretch of samples, by frequency. The samples go through a complex transform of half the length, even
 * ones as real and odd ones as imaginary parts. Allocates nothing after it is made.
 */
export class PowerSpectrum {
  /** Mean square of each bin, from 0 to half the sample rate, linear; all bins together are the mean square of the samples. */
  readonly power: Float64Array;
  readonly #half: number;
  readonly #weights: Float64Array;
  readonly #real: Float64Array;
  readonly #imaginary: Float64Array;
  /** Cosine and sine of the angle of each bin in the transform of full length. */
  readonly #cosine: Float64Array;
  readonly #sine: Float64Array;
  readonly #scale: number;

  /** @param length a power of two, at least 4. */
  constructor(length: number) {
    const half = length / 2;
    this.#half = half;
    this.power = new Float64Array(half);
    this.#weights = Float64Array.from(
      { length },
      (_, index) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (index + 0.5)) / length),
    );
    this.#real = new Float64Array(half);
    this.#imaginary = new Float64Array(half);
    this.#cosine = Float64Array.from({ length: half }, (_, bin) => Math.cos((2 * Math.PI * bin) / length));
    this.#sine = Float64Array.from({ length: half }, (_, bin) => Math.sin((2 * Math.PI * bin) / length));
    const energy = this.#weights.reduce((sum, weight) => sum + weight * weight, 0);
    this.#scale = 2 / (length * energy);
  }

  /** Fills {@link power} from samples as many as the length. */
  analyse(samples: Float32Array): void {
    const half = this.#half;
    for (let index = 0, mirrored = 0; index < half; index += 1) {
      this.#real[mirrored] = (samples[2 * index] ?? 0) * (this.#weights[2 * index] ?? 0);
      this.#imaginary[mirrored] = (samples[2 * index + 1] ?? 0) * (this.#weights[2 * index + 1] ?? 0);
      // The next index with its bits in reverse order.
      let bit = half >> 1;
      while (bit > 0 && (mirrored & bit) !== 0) {
        mirrored ^= bit;
        bit >>= 1;
      }
      mirrored |= bit;
    }
    for (let size = 2; size <= half; size *= 2) this.#combine(size);
    this.#separate();
  }

  /** One stage of the transform: makes spectra of `size` out of pairs of half of it. */
  #combine(size: number): void {
    const real = this.#real;
    const imaginary = this.#imaginary;
    const step = (2 * this.#half) / size;
    const reach = size / 2;
    for (let index = 0; index < reach; index += 1) {
      const cosine = this.#cosine[index * step] ?? 0;
      const sine = this.#sine[index * step] ?? 0;
      for (let low = index; low < this.#half; low += size) {
        const high = low + reach;
        const highReal = real[high] ?? 0;
        const highImaginary = imaginary[high] ?? 0;
        const turnedReal = highReal * cosine + highImaginary * sine;
        const turnedImaginary = highImaginary * cosine - highReal * sine;
        const lowReal = real[low] ?? 0;
        const lowImaginary = imaginary[low] ?? 0;
        real[high] = lowReal - turnedReal;
        imaginary[high] = lowImaginary - turnedImaginary;
        real[low] = lowReal + turnedReal;
        imaginary[low] = lowImaginary + turnedImaginary;
      }
    }
  }

  /** The spectrum of the samples, out of that of their halves. */
  #separate(): void {
    const half = this.#half;
    const real = this.#real;
    const imaginary = this.#imaginary;
    this.power[0] = 0;
    for (let bin = 1; bin < half; bin += 1) {
      const other = half - bin;
      const evenReal = ((real[bin] ?? 0) + (real[other] ?? 0)) / 2;
      const evenImaginary = ((imaginary[bin] ?? 0) - (imaginary[other] ?? 0)) / 2;
      const oddReal = ((imaginary[bin] ?? 0) + (imaginary[other] ?? 0)) / 2;
      const oddImaginary = ((real[other] ?? 0) - (real[bin] ?? 0)) / 2;
      const cosine = this.#cosine[bin] ?? 0;
      const sine = this.#sine[bin] ?? 0;
      const sumReal = evenReal + oddReal * cosine + oddImaginary * sine;
      const sumImaginary = evenImaginary + oddImaginary * cosine - oddReal * sine;
      this.power[bin] = (sumReal * sumReal + sumImaginary * sumImaginary) * this.#scale;
    }
  }
}
