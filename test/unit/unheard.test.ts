import { describe, expect, it } from "vitest";
import { countUnheard } from "../../src/host/page/unheard.js";
import { NOTHING_LEFT } from "../../src/host/worker/restored.js";

const OPTIONS = { preRollMs: 0, format: { encoding: "pcm_s16le", sampleRate: 16_000, channelCount: 1 } } as const;

describe("what a running side that ended without a word has left", () => {
  it("is announced as lost once: what it had lost and not announced, and what nobody knows to be delivered", () => {
    const session = {
      ...NOTHING_LEFT,
      losses: [{ from: 0, to: 100 }],
      // The second one was announced, and the third one never was captured.
      absent: [
        { from: 0, to: 100 },
        { from: 400, to: 500 },
        { from: 700, to: 800 },
      ],
      stats: { ...NOTHING_LEFT.stats, settledPosition: 300, capturedPosition: 900, samplesDropped: 100 },
    };
    const { lost, stats } = countUnheard({ session }, [], OPTIONS);
    expect(lost).toEqual([
      { from: 0, to: 100 },
      { from: 300, to: 400 },
      { from: 500, to: 700 },
      { from: 800, to: 900 },
    ]);
    expect(stats.samplesDropped).toBe(600);
  });

  it("is nothing if all of it was settled", () => {
    const stats = { ...NOTHING_LEFT.stats, settledPosition: 900, capturedPosition: 900 };
    expect(countUnheard({ session: { ...NOTHING_LEFT, stats } }, [], OPTIONS).lost).toEqual([]);
  });
});
