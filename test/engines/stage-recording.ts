import { expect } from "vitest";
import { type AudioComparison, compareAudio } from "../support/audio-compare.js";
import { bestLag } from "../support/audio-compare-fft.js";
import { resample } from "../support/audio-compare-resample.js";
import type { MonoAudio } from "../support/wav.js";

const MIN_SNR_DB = 30;
/** Of the correlation: of a phrase that slipped in the middle, the longer half is recognised. */
const RECOGNISED = 0.33;
const UNLIKE = 0.25;

/** The engine itself left out some of what was spoken, which no client of it can bring back. */
export class MicrophoneStumbled extends Error {
  override readonly name = "MicrophoneStumbled";
}

/** What the server has of a stream, beside what each of the engine's microphones gave to its page. */
export class StageRecording {
  readonly audio: MonoAudio;
  readonly #heard: readonly MonoAudio[];
  readonly #mayStumble: boolean;

  /** @param mayStumble whether what the engine itself left out counts as never spoken. */
  constructor(audio: MonoAudio, heard: readonly MonoAudio[], mayStumble: boolean) {
    this.audio = audio;
    this.#heard = heard;
    this.#mayStumble = mayStumble;
  }

  /**
   * Demands the whole of what was spoken, without a fault, and tells where it is.
   * @throws MicrophoneStumbled when it is not whole because the engine did not hear it so.
   */
  expectSpoken(spoken: MonoAudio): AudioComparison {
    const comparison = compareAudio(this.audio, spoken);
    const { faults } = comparison;
    if (faults.length === 0 || this.#wasHeard(spoken)) {
      expectWhole(comparison);
      return comparison;
    }
    const what = `The engine's own microphone left something out: ${faults.length} faulty blocks.`;
    if (!this.#mayStumble) throw new MicrophoneStumbled(what);
    console.warn(`${what} What it did hear is compared.`);
    return comparison;
  }

  /** Demands all that the page heard of its first microphone, however it was heard. */
  expectHeard(heard = this.#heard[0]): AudioComparison {
    if (heard === undefined) throw new Error("The page has opened no microphone.");
    const comparison = compareAudio(this.audio, this.#atRate(heard));
    expectWhole(comparison);
    return comparison;
  }

  /** Demands that it can be recognised, though an engine that has just changed its microphone stumbles now and then. */
  expectRecognised(spoken: MonoAudio): void {
    expect(this.#likeness(spoken)).toBeGreaterThan(RECOGNISED);
  }

  /** Demands that it was not recorded at all. */
  expectUnspoken(spoken: MonoAudio): void {
    expect(this.#likeness(spoken)).toBeLessThan(UNLIKE);
  }

  /** The correlation where it is greatest: 1 for the same, about 0.1 for other words of the same voice. */
  #likeness(spoken: MonoAudio): number {
    const wanted = this.#atRate(spoken).samples;
    const lag = bestLag(this.audio.samples, wanted);
    let product = 0;
    let recordedPower = 0;
    let wantedPower = 0;
    for (const [index, sample] of wanted.entries()) {
      const recorded = this.audio.samples[lag + index] ?? 0;
      product += sample * recorded;
      recordedPower += recorded * recorded;
      wantedPower += sample * sample;
    }
    return recordedPower === 0 ? 0 : product / Math.sqrt(recordedPower * wantedPower);
  }

  #wasHeard(spoken: MonoAudio): boolean {
    return this.#heard
      .filter(({ samples, sampleRate }) => samples.length > sampleRate)
      .some((heard) => compareAudio(this.#atRate(heard), spoken).faults.length === 0);
  }

  /** At the rate of what the server has, which makes the search for each block nine times shorter. */
  #atRate(heard: MonoAudio): MonoAudio {
    const { sampleRate } = this.audio;
    const count = Math.floor((heard.samples.length * sampleRate) / heard.sampleRate);
    return { sampleRate, samples: resample(heard, sampleRate, 0, count) };
  }
}

function expectWhole({ faults, snrDb, audibleBlocks, gain }: AudioComparison): void {
  expect(faults).toEqual([]);
  expect(snrDb).toBeGreaterThanOrEqual(MIN_SNR_DB);
  expect(audibleBlocks).toBeGreaterThan(50);
  expect(gain).toBeCloseTo(1, 2);
}
