import { describe, expect, it } from "vitest";
import { countUnheard } from "../../src/host/page/unheard.js";
import { NOTHING_LEFT } from "../../src/host/worker/restored.js";

const NOTHING = { captured: { frames: 0, samples: 0, position: 0 } };

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
    const { lost, stats } = countUnheard(session, NOTHING);
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
    expect(countUnheard({ ...NOTHING_LEFT, stats }, NOTHING).lost).toEqual([]);
  });

  it("is what was captured since it said something, too", () => {
    const stats = {
      ...NOTHING_LEFT.stats,
      settledPosition: 300,
      capturedPosition: 900,
      samplesCaptured: 800,
      framesCaptured: 9,
    };
    const captured = { frames: 12, samples: 1_100, position: 1_200 };
    const unheard = countUnheard({ ...NOTHING_LEFT, stats }, { captured });
    expect(unheard.lost).toEqual([{ from: 300, to: 1_200 }]);
    expect(unheard.stats).toMatchObject({ framesCaptured: 12, samplesCaptured: 1_100, capturedPosition: 1_200 });
  });
});
