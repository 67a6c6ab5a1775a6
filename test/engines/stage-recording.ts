import { expect } from "vitest";
import { type AudioComparison, compareAudio } from "../support/audio-compare.js";
import { resample } from "../support/audio-compare-resample.js";
import type { MonoAudio } from "../support/wav.js";

const MIN_SNR_DB = 30;
/** Engines slip by a few quanta; what is further away is found nowhere. */
const SEARCH_MS = 100;
/** −60 dBFS. Speech is a hundred times louder. */
const SILENT = 0.001;

/** The engine itself left out some of what was spoken, which no client of it can bring back. */
export class MicrophoneStumbled extends Error {
  override readonly name = "MicrophoneStumbled";
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
   * @throws MicrophoneStumbled when it is not whole because the engine did not hear it so.
   */
  expectSpoken(spoken: MonoAudio): AudioComparison {
    const comparison = compareAudio(this.audio, spoken, SEARCH_MS);
    const { faults } = comparison;
    if (faults.length > 0 && !this.#wasHeard(spoken)) {
      throw new MicrophoneStumbled(`The engine's own microphone left something out: ${faults.length} faulty blocks.`);
    }
    expectWhole(comparison);
    return comparison;
  }

  /** Demands all that the page heard of its first microphone, however it was heard. */
  expectHeard(heard = this.#heard[0]): AudioComparison {
    if (heard === undefined) throw new Error("The page has opened no microphone.");
    const comparison = compareAudio(this.audio, this.#atRate(heard), SEARCH_MS);
    expectWhole(comparison);
    return comparison;
  }

  /** Demands the whole of both, one after the other, with nothing to be heard between them. */
  expectOnly(earlier: MonoAudio, later: MonoAudio): void {
    const end = this.expectSpoken(earlier).offsetSamples + this.#lengthOf(earlier);
    const { offsetSamples: begin } = this.expectSpoken(later);
    const between = this.audio.samples.slice(Math.floor(end), Math.ceil(begin));
    expect(between.length).toBeGreaterThan(0);
    expect(Math.max(...between.map(Math.abs))).toBeLessThan(SILENT);
  }

  #wasHeard(spoken: MonoAudio): boolean {
    return this.#heard
      .filter(({ samples, sampleRate }) => samples.length > sampleRate && samples.some((sample) => sample !== 0))
      .some((heard) => compareAudio(this.#atRate(heard), spoken, SEARCH_MS).faults.length === 0);
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
