import { designInterpolation } from "../worklet/resampler/low-pass-filter.js";

/** Half the filter's length in samples: 2 ms at 16 kHz. Keeps 0.9 of the band, as the resampler before it does. */
export const HALF_LENGTH = 32;
const PHASES = 256;
const WIDTH = 2 * HALF_LENGTH;

/** Reads a signal between its samples. Where it is read at whole samples, it comes out as it is. */
export class FractionalDelay {
  readonly #rows = designInterpolation(HALF_LENGTH, PHASES);

  /**
   * Writes `count` values of the signal, from `place` on, `step` samples apart.
   * @param signal reaches from `HALF_LENGTH - 1` samples before the first place to `HALF_LENGTH` after the last.
   */
  read(signal: Float32Array, place: number, step: number, output: Float32Array, count: number): void {
    const rows = this.#rows;
    for (let k = 0; k < count; k += 1) {
      const at = place + k * step;
      const whole = Math.floor(at);
      if (at === whole) {
        output[k] = signal[whole] as number;
        continue;
      }
      const phase = (at - whole) * PHASES;
      const nearest = Math.floor(phase);
      const share = phase - nearest;
      let row = nearest * WIDTH;
      let sum = 0;
      for (let index = whole - HALF_LENGTH + 1; index <= whole + HALF_LENGTH; index += 1, row += 1) {
        const coefficient = (rows[row] as number) * (1 - share) + (rows[row + WIDTH] as number) * share;
        sum += coefficient * (signal[index] as number);
      }
      output[k] = sum;
    }
  }
}
