import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { AudioRange } from "../../src/internal/range-set.js";
import { LossLedger } from "../../src/session/audio/loss-ledger.js";

const END = 80;
const position = fc.integer({ min: 0, max: END });
const range = fc.tuple(position, position).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) + 1 }));
const step = fc.oneof(
  fc.record({ do: fc.constant("doubt" as const), gap: fc.nat({ max: 5 }), length: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ do: fc.constant("confirm" as const), position }),
  fc.record({ do: fc.constant("settle" as const), position }),
  fc.record({ do: fc.constant("skip" as const), range }),
  fc.record({ do: fc.constant("lose" as const), range }),
);

const samplesOf = (ranges: readonly AudioRange[]): number[] =>
  ranges.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, index) => from + index)).sort((a, b) => a - b);

const inOrder = (samples: Iterable<number>): number[] => [...samples].sort((a, b) => a - b);

describe("LossLedger", () => {
  it("knows of every sample whether it is in doubt, and tells each loss once", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ledger = new LossLedger();
        const doubtful = new Set<number>();
        const absent = new Set<number>();
        let sentTo = 0;
        for (const what of steps) {
          if (what.do === "doubt") {
            // Frames leave the buffer in order.
            const doubted = { from: sentTo + what.gap, to: sentTo + what.gap + what.length };
            sentTo = doubted.to;
            ledger.doubt(doubted);
            for (const sample of samplesOf([doubted])) doubtful.add(sample);
          } else if (what.do === "confirm") {
            ledger.confirm(what.position);
            for (const sample of doubtful) if (sample < what.position) doubtful.delete(sample);
          } else if (what.do === "settle") {
            const lost = inOrder(doubtful).filter((sample) => sample >= what.position);
            expect(samplesOf(ledger.settle(what.position))).toEqual(lost);
            for (const sample of lost) doubtful.delete(sample);
          } else if (what.do === "skip") {
            ledger.skip(what.range);
            for (const sample of samplesOf([what.range])) absent.add(sample);
          } else {
            const news = samplesOf([what.range]).filter((sample) => !absent.has(sample));
            expect(samplesOf(ledger.lose(what.range))).toEqual(news);
            for (const sample of news) absent.add(sample);
          }
          expect(ledger.samples).toBe(doubtful.size);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("tells each of thousands of losses once, however far a server falls back", () => {
    const ledger = new LossLedger();
    for (let from = 0; from < 900_000; from += 100) ledger.lose({ from, to: from + 50 });
    const rest = ledger.lose({ from: 0, to: 900_000 });
    expect(rest).toHaveLength(9_000);
    expect(rest[0]).toEqual({ from: 50, to: 100 });
    expect(ledger.lose({ from: 0, to: 900_000 })).toEqual([]);
  });

  it("does not grow without end", () => {
    const ledger = new LossLedger();
    for (let from = 0; from < 2_000_000; from += 100) ledger.lose({ from, to: from + 50 });
    expect(ledger.lose({ from: 1_999_900, to: 1_999_950 })).toEqual([]);
    expect(ledger.lose({ from: 0, to: 50 })).toEqual([{ from: 0, to: 50 }]);
  });
});
