/** Rejection of everything from half the lower rate upwards, in dB. */
const STOP_BAND_DB = 102;
/** The band kept whole, as a share of half the lower rate: 7.2 of 8 kHz for speech at 16 kHz. */
const PASS_BAND = 0.9;
/** Largest table of an exact ratio, in coefficients; every ratio between usual rates fits. */
const MAX_COEFFICIENTS = 1 << 17;
/** Interpolating linearly between neighbouring phases adds an error of at most this share of the signal (−120 dB). */
const INTERPOLATION_ERROR = 1e-6;

/** A windowed-sinc low-pass filter, cut into phases: one row of coefficients for each fraction of an input sample. */
export interface LowPassFilter {
  /** Half the filter's length, in input samples: the delay it costs. Always even. */
  readonly halfLength: number;
  /** Phases within one input sample. */
  readonly phases: number;
  /** `phases + 1` rows of `2 * halfLength` coefficients; the last row is the first one, a sample later. */
  readonly rows: Float64Array;
}

/**
 * Kaiser-windowed, for converting between the two rates. Has exactly `up` phases where that table stays small, and
 * otherwise as many as keep the error of interpolating between them below {@link INTERPOLATION_ERROR}.
 */
export function designLowPass(inputRate: number, outputRate: number, up: number): LowPassFilter {
  const stop = Math.min(inputRate, outputRate) / 2 / inputRate;
  const pass = stop * PASS_BAND;
  // Kaiser's estimate of the length that reaches the rejection within the transition band.
  const length = (STOP_BAND_DB - 8) / (2.285 * 2 * Math.PI * (stop - pass));
  const halfLength = 2 * Math.ceil(length / 4);
  const exact = (up + 1) * 2 * halfLength <= MAX_COEFFICIENTS;
  const phases = exact ? up : Math.ceil((2 * Math.PI * pass) / Math.sqrt(8 * INTERPOLATION_ERROR));
  return { halfLength, phases, rows: designRows(halfLength, phases, (pass + stop) / 2) };
}

/**
 * `phases + 1` rows that read a signal between its samples, each of `2 * halfLength` coefficients. The row of phase 0 gives a
 * sample as it is.
 */
export function designInterpolation(halfLength: number, phases: number): Float64Array {
  return designRows(halfLength, phases, 0.5);
}

/** @param cutOff as a share of the input's rate. */
function designRows(halfLength: number, phases: number, cutOff: number): Float64Array {
  const width = 2 * halfLength;
  const rows = new Float64Array((phases + 1) * width);
  for (let phase = 0; phase <= phases; phase += 1) fillRow(rows, phase * width, halfLength, phase / phases, cutOff);
  return rows;
}

function fillRow(rows: Float64Array, offset: number, halfLength: number, fraction: number, cutOff: number): void {
  const beta = 0.1102 * (STOP_BAND_DB - 8.7);
  const width = 2 * halfLength;
  let sum = 0;
  for (let index = 0; index < width; index += 1) {
    const time = index - (halfLength - 1) - fraction;
    const place = time / halfLength;
    const window = Math.abs(place) < 1 ? besselI0(beta * Math.sqrt(1 - place * place)) : 0;
    const value = sinc(2 * cutOff * time) * window;
    rows[offset + index] = value;
    sum += value;
  }
  // Every phase passes a constant unchanged, so that no phase is louder than another.
  for (let index = 0; index < width; index += 1) rows[offset + index] = (rows[offset + index] ?? 0) / sum;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** The modified Bessel function of the first kind, of order zero, by its power series. */
function besselI0(x: number): number {
  const quarter = (x * x) / 4;
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-17; k += 1) {
    term *= quarter / (k * k);
    sum += term;
  }
  return sum;
}
