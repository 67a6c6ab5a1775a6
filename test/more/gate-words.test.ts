import { describe, expect, it } from "vitest";
import { MOST_AUDIO, MOST_CPU_PERCENT, TARGET_SNR_DB } from "../bench/gate/limits.js";
import { makeScene, type Phrase, realPhrases, spokenPhrases } from "../bench/gate/material.js";
import { measureThrough, measureWords, pass } from "../bench/gate/measure.js";

/** What of speech may be cut, in percent: the breath at the ends of phrases, which is louder than the room of the recording. */
const MOST_CLIPPED_PERCENT = 1;
const CPU_RUNS = 5;

const VOICES: Readonly<Record<string, () => Phrase[]>> = { flite: spokenPhrases, people: realPhrases };

describe.each(["white", "pink"] as const)(`speech in %s noise of ${TARGET_SNR_DB} dB`, (colour) => {
  it.each(Object.keys(VOICES))(
    "by %s goes through a gate with no word lost, and little more than speech and the time after it is sent",
    { timeout: 240_000 },
    (voices) => {
      const scene = makeScene(VOICES[voices]?.() ?? [], colour, TARGET_SNR_DB);
      const passed = pass(scene);
      const { ratio, clippedPercent } = measureThrough(scene, passed);
      expect(ratio).toBeLessThanOrEqual(MOST_AUDIO);
      expect(clippedPercent).toBeLessThan(MOST_CLIPPED_PERCENT);
      const { said, ungated, gated } = measureWords(scene, passed, colour);
      console.log(
        `${voices}, ${colour}: of ${said} words ${ungated} without a gate; with one ${gated.noise.understood} (noise), ${gated.zeros.understood} (zeros)`,
      );
      expect(ungated).toBeGreaterThan(said / 4);
      expect(gated.noise.lost).toEqual([]);
      expect(gated.zeros.understood).toBeGreaterThanOrEqual(ungated);
    },
  );
});

it("a gate takes less than a five-hundredth of a core", () => {
  const scene = makeScene(realPhrases(), "pink", TARGET_SNR_DB);
  const costs = Array.from({ length: CPU_RUNS }, () => pass(scene).cpuPercent);
  expect(Math.min(...costs)).toBeLessThan(MOST_CPU_PERCENT);
});
