import { expect } from "vitest";
import { type AudioComparison, compareAudio } from "../support/audio-compare.js";
import { resample } from "../support/audio-compare-resample.js";
import type { MonoAudio } from "../support/wav.js";

const MIN_SNR_DB = 30;
/** Engines slip by a few quanta; what is further away is found nowhere. */
const SEARCH_MS = 100;
/** −60 dBFS. Speech is a hundred times louder. */
const SILENT = 0.001;

/**
 * The engine itself left out some of what was spoken, which no client of it can bring back. All that it gave to the page
 * was kept.
 */
export class MicrophoneStumbled extends Error {
  override readonly name = "MicrophoneStumbled";

  constructor(faultyBlocks: number) {
    super(`The engine's own microphone left something out: ${faultyBlocks} faulty blocks.`);
  }
}

/** What the server has of a stream, beside what each of the engine's microphones gave to its page. */
export class StageRecording {
  readonly audio: MonoAudio;
  readonly #heard: readonly MonoAudio[];

  constructor(audio: MonoAudio, heard: readonly MonoAudio[]) {
    this.audio = audio;
    this.#heard = heard;
  }

  /**
   * Demands the whole of what was spoken, without a fault, and tells where it is.
   * @throws MicrophoneStumbled if it is exactly what the engine gave to the page, and that is less than was spoken.
   */
  expectSpoken(spoken: MonoAudio): AudioComparison {
    const { kept, stumbled } = this.#expectKept(spoken);
    if (stumbled > 0) throw new MicrophoneStumbled(stumbled);
    return kept;
  }

  /** The signal-to-noise ratio of what the engine heard of what was spoken, where the encoding keeps only what can be heard. */
  snrDb(spoken: MonoAudio): number {
    return compareAudio(this.audio, this.#heardOf(spoken), SEARCH_MS).snrDb;
  }

  /** Demands all that the page heard of its first microphone, however it was heard. */
  expectHeard(heard = this.#heard[0]): AudioComparison {
    if (heard === undefined) throw new Error("The page has opened no microphone.");
    const comparison = compareAudio(this.audio, this.#atRate(heard), SEARCH_MS);
    expectWhole(comparison);
    return comparison;
  }

  /** Demands both, one after the other, with nothing to be heard between them. */
  expectOnly(earlier: MonoAudio, later: MonoAudio): void {
    const parts = [earlier, later].map((part) => this.#expectKept(part));
    for (const { stumbled } of parts) if (stumbled > 0) console.warn(new MicrophoneStumbled(stumbled).message);
    const [first, second] = parts.map(({ kept }) => kept.offsetSamples) as [number, number];
    const [end, begin] = [first + this.#lengthOf(earlier), second];
    // What an engine put in or left out moves the end by as much.
    const margin = (this.audio.sampleRate * SEARCH_MS) / 1_000;
    const between = this.audio.samples.slice(Math.floor(end + margin), Math.ceil(begin - margin));
    expect(between.length).toBeGreaterThan(0);
    expect(between.reduce((loudest, sample) => Math.max(loudest, Math.abs(sample)), 0)).toBeLessThan(SILENT);
  }

  /**
   * Demands the whole of what was spoken; or, because an engine that has just changed its microphone stumbles for seconds,
   * exactly what it gave to the page of it. `stumbled` counts the blocks of what was spoken that are faulty then.
   */
  #expectKept(spoken: MonoAudio): { readonly kept: AudioComparison; readonly stumbled: number } {
    const comparison = compareAudio(this.audio, spoken, SEARCH_MS);
    const stumbled = comparison.faults.length;
    const kept = stumbled === 0 ? comparison : compareAudio(this.audio, this.#heardOf(spoken), SEARCH_MS);
    expectWhole(kept);
    return { kept, stumbled };
  }

  /** As the microphone gave it that gave most of it. */
  #heardOf(spoken: MonoAudio): MonoAudio {
    const [best] = this.#long
      .map((heard) => ({ heard, comparison: compareAudio(heard, spoken, SEARCH_MS) }))
      .toSorted((a, b) => a.comparison.faults.length - b.comparison.faults.length);
    if (best === undefined) throw new Error("The page has heard nothing.");
    const { heard, comparison } = best;
    const begin = Math.max(0, Math.round(comparison.offsetSamples));
    return { ...heard, samples: heard.samples.slice(begin, begin + Math.ceil(this.#lengthOf(spoken))) };
  }

  /** What each microphone gave that gave anything for long enough. */
  get #long(): MonoAudio[] {
    return this.#heard
      .filter(({ samples, sampleRate }) => samples.length > sampleRate && samples.some((sample) => sample !== 0))
      .map((heard) => this.#atRate(heard));
  }

  /** At the rate of what the server has, which makes the search for each block nine times shorter. */
  #atRate(heard: MonoAudio): MonoAudio {
    const { sampleRate } = this.audio;
    return { sampleRate, samples: resample(heard, sampleRate, 0, Math.floor(this.#lengthOf(heard))) };
  }

  /** In recorded samples. */
  #lengthOf({ samples, sampleRate }: MonoAudio): number {
    return (samples.length * this.audio.sampleRate) / sampleRate;
  }
}

function expectWhole({ faults, snrDb, audibleBlocks, gain }: AudioComparison): void {
  expect(faults).toEqual([]);
  expect(snrDb).toBeGreaterThanOrEqual(MIN_SNR_DB);
  expect(audibleBlocks).toBeGreaterThan(50);
  expect(gain).toBeCloseTo(1, 2);
}
