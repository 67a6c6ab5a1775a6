import { describe, expect, it } from "vitest";
import { MicrophoneStumbled, StageRecording } from "../engines/stage-recording.js";
import { resample } from "../support/audio-compare-resample.js";
import { speechLike } from "../support/speech-like.js";
import type { MonoAudio } from "../support/wav.js";

const RATE = 16_000;
const spoken = speechLike(2);

/** Without some milliseconds in the middle, which is loud. */
const withGap = ({ samples, sampleRate }: MonoAudio): MonoAudio => {
  const at = sampleRate * 0.8;
  return { sampleRate, samples: samples.map((sample, i) => (i > at && i < at + sampleRate / 50 ? 0 : sample)) };
};

/** What a server has that was sent what a page heard. */
const kept = (heard: MonoAudio): MonoAudio => ({
  sampleRate: RATE,
  samples: resample(heard, RATE, -800, Math.floor((heard.samples.length * RATE) / heard.sampleRate) + 1_600),
});

describe("what a server has of what was spoken", () => {
  it("is good if it is the whole", () => {
    expect(new StageRecording(kept(spoken), [spoken]).expectSpoken(spoken).offsetSamples).toBeCloseTo(800, 2);
  });

  it("is the engine's fault if it is exactly what the engine gave to the page", () => {
    const heard = withGap(spoken);
    expect(() => new StageRecording(kept(heard), [heard]).expectSpoken(spoken)).toThrow(MicrophoneStumbled);
  });

  it.each([
    ["the page heard the whole", spoken],
    [
      "the page heard another part",
      { ...spoken, samples: withGap({ ...spoken, samples: spoken.samples.toReversed() }).samples.toReversed() },
    ],
  ])("is our fault if some of it is missing and %s", (_, heard) => {
    const server = new StageRecording(kept(withGap(spoken)), [heard]);
    expect(() => server.expectSpoken(spoken)).toThrow(/expected/);
  });
});
