/** How long the servo takes to follow a clock at first and in the long run, in milliseconds. */
const FIRST_TIME_CONSTANT_MS = 2_000;
const TIME_CONSTANT_MS = 8_000;
/** Largest correction, as a share of the rate: a sixth of a semitone, which nobody hears in speech. */
const MAX_CORRECTION = 1e-2;
/** An error beyond this, in milliseconds, is no drift: the source stood still, or came late. */
const MAX_DRIFT_ERROR_MS = 20;
/** Largest drift that is learnt, as a share of the rate. Sound devices are within a few hundred millionths. */
const MAX_DRIFT = 2e-3;

/**
 * Follows the clock of a source by what was measured of it, each value of which may be off by several milliseconds: a
 * critically damped phase-locked loop of the second order, whose error is zero in the end for a clock that is steadily fast
 * or slow (F. M. Gardner, "Phaselock Techniques", chapter 2: proportional gain 2/τ, integral gain 1/τ²).
 */
export class ClockServo {
  #drift = 0;
  #ageMs = 0;

  /** How much faster the source's clock is, as a share of the rate. */
  get drift(): number {
    return this.#drift;
  }

  /**
   * @param errorMs how far the reading is behind where it should be; negative if it is ahead.
   * @param elapsedMs how long ago the last error was measured.
   * @returns how many samples of the source go into one of the output.
   */
  update(errorMs: number, elapsedMs: number): number {
    this.#ageMs += elapsedMs;
    const timeConstantMs = Math.min(Math.max(this.#ageMs / 2, FIRST_TIME_CONSTANT_MS), TIME_CONSTANT_MS);
    const correction = clamp((2 * errorMs) / timeConstantMs, MAX_CORRECTION);
    if (Math.abs(errorMs) < MAX_DRIFT_ERROR_MS) {
      this.#drift = clamp(this.#drift + (errorMs * elapsedMs) / timeConstantMs ** 2, MAX_DRIFT);
    }
    return 1 + this.#drift + correction;
  }
}

function clamp(value: number, limit: number): number {
  return Math.min(Math.max(value, -limit), limit);
}
