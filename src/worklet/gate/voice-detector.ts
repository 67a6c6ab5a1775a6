import { BackgroundLevels, FIRST_HOPS } from "./background-levels.js";
import { PowerSpectrum } from "./power-spectrum.js";

/** Decisions a second. */
const HOPS_PER_SECOND = 100;
/** Rate in Hz that keeps everything by which a voice differs from noise. */
const ANALYSED_RATE = 16_000;
/** Upper ends of the bands, in Hz. Below the first one is hum and rumble. */
const BAND_EDGES_HZ = [180, 700, 1_400, 2_400, 4_000, 8_000];
/** A band that is louder by more says no more. */
const MOST_DB = 20;
/** The sound stands out in one band by so much more than it has to on the whole. */
const PEAK_DB = 3;
/** What is as flat as noise has to be louder, by so much. */
const NOISE_DB = 3;
/** Spectral flatness, the geometric over the arithmetic mean, of the sound in proportion to the background: noise is above. */
const NOISE_FLATNESS = 0.35;

/**
 * Tells a voice from the background in one channel, a hundred times a second: by how far it stands out of the background in
 * each of five bands, and by spectral flatness, of which noise has much and a voice little. Allocates nothing after it is made.
 */
export class VoiceDetector {
  /** Samples from one decision to the next. */
  readonly hopSamples: number;
  readonly #thresholdDb: number;
  /** So many samples are averaged to one that is analysed. */
  readonly #decimation: number;
  readonly #stretch: Float32Array;
  readonly #hop: number;
  readonly #spectrum: PowerSpectrum;
  /** The first bin of each band, and the one after the last band's. */
  readonly #edges: Int32Array;
  readonly #background: BackgroundLevels;
  readonly #bandPower: Float64Array;
  #hops = 0;
  #filled = 0;
  #sum = 0;
  #summed = 0;

  /** @param thresholdDb by how much a voice is louder than the background, in dB. */
  constructor(sampleRate: number, thresholdDb: number) {
    this.#thresholdDb = thresholdDb;
    this.#decimation = Math.ceil(sampleRate / ANALYSED_RATE);
    const rate = sampleRate / this.#decimation;
    this.#hop = Math.round(rate / HOPS_PER_SECOND);
    this.hopSamples = this.#hop * this.#decimation;
    const length = 2 ** Math.ceil(Math.log2(1.5 * this.#hop));
    this.#stretch = new Float32Array(length);
    this.#filled = length - this.#hop;
    this.#spectrum = new PowerSpectrum(length);
    const edges = BAND_EDGES_HZ.map((frequency) => Math.min(length / 2, Math.round((frequency * length) / rate)));
    // At low rates the highest bands do not exist.
    this.#edges = Int32Array.from(edges.filter((edge, index) => index === 0 || edge > (edges[index - 1] ?? 0)));
    this.#bandPower = new Float64Array(this.#edges.length - 1);
    this.#background = new BackgroundLevels(this.#bandPower.length);
  }

  /** Takes one sample. What is not finite is silence. */
  push(sample: number): void {
    if (sample - sample === 0) this.#sum += sample;
    this.#summed += 1;
    if (this.#summed < this.#decimation) return;
    this.#stretch[this.#filled] = this.#sum / this.#decimation;
    this.#filled += 1;
    this.#sum = 0;
    this.#summed = 0;
  }

  /** What comes next was not heard right after. What is known of the background stays. */
  reset(): void {
    this.#stretch.fill(0);
    this.#filled = this.#stretch.length - this.#hop;
    this.#sum = 0;
    this.#summed = 0;
  }

  /**
   * Whether there is a voice in the last {@link hopSamples} samples; to be called once for each so many. Says no at the very
   * beginning, when there is nothing to compare with.
   */
  judge(): boolean {
    this.#spectrum.analyse(this.#stretch);
    this.#stretch.copyWithin(0, this.#hop);
    this.#filled = this.#stretch.length - this.#hop;
    const isNoise = this.#isFlat();
    const bands = this.#bandPower.length;
    let mean = 0;
    let peak = 0;
    for (let band = 0; band < bands; band += 1) {
      const level = 10 * Math.log10((this.#bandPower[band] ?? 0) + 1e-12);
      const above = Math.min(MOST_DB, level - (this.#background.db[band] ?? 0));
      mean += Math.max(0, above) / bands;
      if (above > peak) peak = above;
    }
    this.#background.push(this.#bandPower, isNoise);
    this.#hops += 1;
    const threshold = this.#thresholdDb + (isNoise ? NOISE_DB : 0);
    return this.#hops > FIRST_HOPS && (mean > threshold || peak > threshold + PEAK_DB);
  }

  /** Adds up the bands. @returns whether what is heard, in proportion to the background, is as flat as noise. */
  #isFlat(): boolean {
    const { power } = this.#spectrum;
    let product = 0;
    let sum = 0;
    let bins = 0;
    for (let band = 0; band < this.#bandPower.length; band += 1) {
      const from = this.#edges[band] ?? 0;
      const to = this.#edges[band + 1] ?? 0;
      const perBin = 10 ** ((this.#background.db[band] ?? 0) / 10) / (to - from);
      let all = 0;
      for (let bin = from; bin < to; bin += 1) {
        const value = power[bin] ?? 0;
        all += value;
        product += Math.log(value / perBin + 1e-9);
      }
      sum += all / perBin;
      bins += to - from;
      this.#bandPower[band] = all;
    }
    return Math.exp(product / bins) > NOISE_FLATNESS * (sum / bins + 1e-9);
  }
}
