import { bestLag, delayed } from "./audio-compare-fft.js";
import { resample } from "./audio-compare-resample.js";
import type { MonoAudio } from "./wav.js";

/** A stretch of the source that the recording does not hold as it should. */
export interface BlockFault {
  /** Where the block begins in the source, in milliseconds. */
  readonly sourceMs: number;
  /**
   * Where the block is found, in recorded samples from where it belongs: before it, samples are missing when negative and
   * repeated or inserted when positive. `undefined` when it is found nowhere near.
   */
  readonly lagSamples: number | undefined;
  /** Of the block where it is found, in dB. */
  readonly snrDb: number;
}

export interface AudioComparison {
  /** Position of the source's first sample in the recording, in recorded samples; any fraction. */
  readonly offsetSamples: number;
  /** Least-squares factor from source to recording. */
  readonly gain: number;
  /** Signal to noise over the whole source, each sample of it compared, in dB. */
  readonly snrDb: number;
  /** Blocks of the source loud enough to be located. */
  readonly audibleBlocks: number;
  /** Empty when nothing is missing, repeated, shifted or damaged. */
  readonly faults: readonly BlockFault[];
}

const BLOCK_MS = 20;
/** A block this far below the loudest cannot be told from its neighbours. */
const AUDIBLE_RATIO = 0.01;
const MAX_LAG_SAMPLES = 0.25;
const MIN_BLOCK_SNR_DB = 20;
/** Below this a block is not where it was looked for: half a sample beside its place it still has more. */
const RECOGNISED_SNR_DB = 10;
/** Only a block of deep tones, which noise can seem to shift by half a sample, fits so well beside its place. */
const DEEP_SNR_DB = 45;
const MAX_DEEP_LAG_SAMPLES = 0.5;
const SEARCH_MS = 1_000;
/** Refinements of the fractional alignment; each one squares the error. */
const REFINEMENTS = 4;

/**
 * Aligns a recording with what was played, to a fraction of a sample, and checks it block by block. The source is brought
 * to the recording's rate first.
 *
 * @param searchMs how far from its place a block is looked for.
 * @throws Error when the two have nothing in common.
 */
export function compareAudio(recorded: MonoAudio, source: MonoAudio, searchMs = SEARCH_MS): AudioComparison {
  const { sampleRate } = recorded;
  const length = Math.ceil((source.samples.length * sampleRate) / source.sampleRate);
  const nominal = resample(source, sampleRate, 0, length);
  const lag = bestLag(recorded.samples, nominal);
  const fraction = refine(recorded.samples, nominal, lag);
  // A slip inside the recording pulls the overall alignment between its two sides: go back to the side with more blocks.
  const first = locateBlocks(recorded.samples, delayed(nominal, fraction), lag, sampleRate, 2);
  const common = median(first.flatMap(({ lagSamples }) => lagSamples ?? []));
  const whole = Math.round(common + fraction);
  const aligned = delayed(nominal, common + fraction - whole);
  const reach = Math.round((searchMs * sampleRate) / 1_000);
  const located = locateBlocks(recorded.samples, aligned, lag + whole, sampleRate, reach);
  const total = explain(recorded.samples, aligned, lag + whole, 0, length);
  return {
    offsetSamples: lag + fraction + common,
    gain: total.gain,
    snrDb: total.snrDb,
    audibleBlocks: located.length,
    faults: located.filter(isFaulty),
  };
}

function isFaulty({ lagSamples, snrDb }: BlockFault): boolean {
  if (lagSamples === undefined || snrDb < MIN_BLOCK_SNR_DB) return true;
  return Math.abs(lagSamples) > (snrDb < DEEP_SNR_DB ? MAX_LAG_SAMPLES : MAX_DEEP_LAG_SAMPLES);
}

/** Finds by Gauss-Newton steps the fraction of a sample by which the recording comes later than `lag`. */
function refine(recorded: Float64Array, source: Float64Array, lag: number): number {
  let delay = 0;
  for (let step = 0; step < REFINEMENTS; step++) {
    const model = delayed(source, delay);
    let [mm, dd, md, rm, rd] = [0, 0, 0, 0, 0];
    for (let i = 1; i + 1 < model.length; i++) {
      const r = recorded[i + lag];
      if (r === undefined) continue;
      const m = model[i] ?? 0;
      const slope = ((model[i + 1] ?? 0) - (model[i - 1] ?? 0)) / 2;
      mm += m * m;
      dd += slope * slope;
      md += m * slope;
      rm += r * m;
      rd += r * slope;
    }
    const gain = (rm * dd - rd * md) / (mm * dd - md * md);
    const change = -(rd * mm - rm * md) / (mm * dd - md * md) / gain;
    if (!Number.isFinite(change)) throw new Error("The recording and the source have nothing in common.");
    delay += Math.max(-0.5, Math.min(0.5, change));
    if (Math.abs(change) < 1e-6) break;
  }
  return delay;
}

interface Fit {
  readonly gain: number;
  readonly snrDb: number;
  /** Energy that the source does not explain. */
  readonly residual: number;
}

/** Least-squares fit of `source[from..to)` to the recording `lag` later; what lies outside the recording counts as silent. */
function explain(recorded: Float64Array, source: Float64Array, lag: number, from: number, to: number): Fit {
  let [rr, ss, rs] = [0, 0, 0];
  for (let i = from; i < to; i++) {
    const s = source[i] ?? 0;
    const r = recorded[i + lag] ?? 0;
    rr += r * r;
    ss += s * s;
    rs += r * s;
  }
  const gain = ss === 0 ? 0 : rs / ss;
  const residual = Math.max(0, rr - gain * rs);
  return { gain, residual, snrDb: gain > 0 ? 10 * Math.log10((gain * rs) / Math.max(residual, 1e-20)) : -Infinity };
}

function locateBlocks(
  recorded: Float64Array,
  source: Float64Array,
  lag: number,
  sampleRate: number,
  reach: number,
): BlockFault[] {
  const size = Math.round((BLOCK_MS * sampleRate) / 1_000);
  const energies: number[] = [];
  for (let from = 0; from + size <= source.length; from += size) {
    energies.push(source.subarray(from, from + size).reduce((sum, s) => sum + s * s, 0));
  }
  const audible = Math.max(...energies) * AUDIBLE_RATIO ** 2;
  return energies.flatMap((energy, index) =>
    energy < audible || energy === 0
      ? []
      : [
          {
            sourceMs: (index * size * 1_000) / sampleRate,
            ...locate((shift) => explain(recorded, source, lag + shift, index * size, (index + 1) * size), reach),
          },
        ],
  );
}

/** Looks for a block up to `reach` samples around its place; `at` fits it at one shift. */
function locate(at: (shift: number) => Fit, reach: number): Omit<BlockFault, "sourceMs"> {
  let best = 0;
  let found = at(0);
  // Nearest first, and no further than needed: a block that is recognised near its place is not sought elsewhere.
  for (
    let distance = 1;
    distance <= reach && (distance <= Math.abs(best) + 2 || found.snrDb < RECOGNISED_SNR_DB);
    distance++
  ) {
    for (const shift of [distance, -distance]) {
      const candidate = at(shift);
      if (candidate.snrDb > found.snrDb) [best, found] = [shift, candidate];
    }
  }
  // Where nothing fits, the best of many misfits says nothing about where the block went.
  if (found.snrDb < RECOGNISED_SNR_DB) return { lagSamples: undefined, snrDb: found.snrDb };
  const [before, after] = [at(best - 1).residual, at(best + 1).residual];
  const bend = before + after - 2 * found.residual;
  if (bend <= 0) return { lagSamples: best, snrDb: found.snrDb };
  const vertex = (before - after) / (2 * bend);
  // Further than this, what is left at the best whole sample would have been more.
  const furthest = Math.sqrt((2 * found.residual) / bend);
  return { lagSamples: best + Math.max(-furthest, Math.min(furthest, vertex)), snrDb: found.snrDb };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
