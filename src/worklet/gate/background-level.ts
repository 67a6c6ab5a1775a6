/** For how long the lowest level counts, in hops of 10 ms: nobody speaks for so long without a moment of quiet. */
const PART_HOPS = 50;
const PARTS = 4;
/** The lowest of many levels is below the level itself, by so much. */
const BIAS_DB = 1.5;
/** Share of a new level in the smoothed one. */
const SMOOTHING = 0.4;
/** Nothing quieter is a background: digital silence tells nothing about a room. */
const LEAST_DB = -80;
/** The beginning, in hops, in which any level may be the background's, as nothing else is known. */
export const FIRST_HOPS = 30;
/** How fast a background may be found to be louder, in dB for each hop: then, for noise, and for what may be a voice. */
const RISE_DB = { first: 3, noise: 0.15, voice: 0.02 };

/**
 * How loud one band is when nobody speaks: its lowest level within two seconds. It falls at once, and rises as fast as what is
 * heard allows, because a long vowel is no background.
 */
export class BackgroundLevel {
  /** In dB of full scale. */
  db = LEAST_DB;
  #smoothed = -1;
  #hops = 0;
  /** The lowest level of each part of the time that counts; the first is of the part that goes on. */
  readonly #lowest = new Float64Array(PARTS).fill(Number.POSITIVE_INFINITY);

  /** Takes the band's mean square of one hop, linear. @param isNoise whether it does not sound like a voice. */
  push(power: number, isNoise: boolean): void {
    this.#smoothed = this.#smoothed < 0 ? power : this.#smoothed + SMOOTHING * (power - this.#smoothed);
    if (this.#hops > 0 && this.#hops % PART_HOPS === 0) {
      this.#lowest.copyWithin(1, 0);
      this.#lowest[0] = Number.POSITIVE_INFINITY;
    }
    this.#hops += 1;
    if (this.#smoothed < (this.#lowest[0] ?? 0)) this.#lowest[0] = this.#smoothed;
    let lowest = Number.POSITIVE_INFINITY;
    for (let part = 0; part < PARTS; part += 1) lowest = Math.min(lowest, this.#lowest[part] ?? 0);
    const found = 10 * Math.log10(lowest + 1e-12) + BIAS_DB;
    const rise = this.#hops < FIRST_HOPS ? RISE_DB.first : isNoise ? RISE_DB.noise : RISE_DB.voice;
    this.db = Math.max(LEAST_DB, Math.min(found, this.db + rise));
  }
}
