import { describe, expect, it } from "vitest";
import { findEngine } from "../support/engines/find-engines.js";
import { KilledPages, RATE } from "../support/killed/killed-page.js";

const MOST_LOST = 0.2 * RATE;
/** Of each second, in which nobody speaks. The pause that a page dies in may be one of those that nobody wrote down. */
const PAUSE = 0.6 * RATE;

describe.each(["chromium", "firefox", "webkit"] as const)(
  "a journal on the disk in %s, of a stream with a gate",
  (name) => {
    it.each(["tab", "reload"] as const)(
      "outlives its %s with what was said, and knows that the pauses are no loss",
      async (how) => {
        const engine = await findEngine(name);
        if (engine === undefined) throw new Error(`This machine has no ${name}.`);
        await using pages = await KilledPages.open(engine);
        const aftermath = await pages.die({ how, connectedMs: 1_500, awayMs: 3_500, isGated: true });
        const { recovered, recordings, warnings, wrong, withheldMs, capturedTo, leftAfterwards } = aftermath;
        expect(withheldMs).toBeGreaterThan(800);
        expect(warnings.filter((warning) => warning.startsWith("journal"))).toEqual([]);
        expect({ wrong, lost: recovered.lost }).toEqual({ wrong: [], lost: [] });
        expect({ resumed: recovered.resumed, recordings, leftAfterwards }).toEqual({
          resumed: true,
          recordings: 1,
          leftAfterwards: 0,
        });
        expect(capturedTo - recovered.knownTo).toBeLessThanOrEqual(MOST_LOST + PAUSE);
        expect(recovered.durationMs).toBeGreaterThan(800);
      },
      120_000,
    );
  },
);
