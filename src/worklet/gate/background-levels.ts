/** For how long the lowest level counts, in hops of 10 ms: nobody speaks for so long without a moment of quiet. */
const PART_HOPS = 50;
const PARTS = 4;
/** The lowest of many levels is below the level itself, by so much. */
const BIAS_DB = 1.5;
/** Share of a new level in the smoothed one. */
const SMOOTHING = 0.4;
/** Nothing quieter counts as a background, because digital silence says nothing about a room. */
const LEAST_DB = -80;
/** The beginning, in hops, in which any level may be the background's, as nothing else is known. */
export const FIRST_HOPS = 30;
/** How fast a background may be found to be louder, in dB for each hop: then, for noise, and for what may be a voice. */
const RISE_DB = { first: 3, noise: 0.15, voice: 0.02 };

/**
 * How loud each band is when nobody speaks: its lowest level within two seconds. It falls at once, and rises as fast as what is
 * heard allows, because a long vowel is no background. Allocates nothing after it is made: all numbers are in arrays.
 */
export class BackgroundLevels {
  /** Level of each band, in dB of full scale. */
  readonly db: Float64Array;
  readonly #bands: number;
  readonly #smoothed: Float64Array;
  /** The lowest levels of each part of the time that counts, band by band; the first part is the one that goes on. */
  readonly #lowest: Float64Array;
  #hops = 0;

  constructor(bands: number) {
    this.#bands = bands;
    this.db = new Float64Array(bands).fill(LEAST_DB);
    this.#smoothed = new Float64Array(bands);
    this.#lowest = new Float64Array(PARTS * bands).fill(Number.POSITIVE_INFINITY);
  }

  /** Takes each band's mean square of one hop, linear. @param isNoise whether it does not sound like a voice. */
  push(power: Float64Array, isNoise: boolean): void {
    const bands = this.#bands;
    if (this.#hops > 0 && this.#hops % PART_HOPS === 0) {
      this.#lowest.copyWithin(bands, 0);
      this.#lowest.fill(Number.POSITIVE_INFINITY, 0, bands);
    }
    const smoothing = this.#hops === 0 ? 1 : SMOOTHING;
    this.#hops += 1;
    const rise = this.#hops < FIRST_HOPS ? RISE_DB.first : isNoise ? RISE_DB.noise : RISE_DB.voice;
    for (let band = 0; band < bands; band += 1) {
      const before = this.#smoothed[band] ?? 0;
      const smoothed = before + smoothing * ((power[band] ?? 0) - before);
      this.#smoothed[band] = smoothed;
      if (smoothed < (this.#lowest[band] ?? 0)) this.#lowest[band] = smoothed;
      let lowest = Number.POSITIVE_INFINITY;
      for (let part = band; part < PARTS * bands; part += bands) lowest = Math.min(lowest, this.#lowest[part] ?? 0);
      const found = 10 * Math.log10(lowest + 1e-12) + BIAS_DB;
      this.db[band] = Math.max(LEAST_DB, Math.min(found, (this.db[band] ?? 0) + rise));
    }
  }
}
