import { describe, expect, it } from "vitest";
import { Rng } from "../simulation/rng.js";
import { findEngine } from "../support/engines/find-engines.js";
import { type Death, KilledPages, RATE } from "../support/killed/killed-page.js";

/** Kills in each browser: `npm run test:journal` has twenty. */
const KILLS = Number(process.env.LX_JOURNAL_KILLS ?? 2);
const FIRST_SEED = Number(process.env.LX_JOURNAL_FIRST_SEED ?? 1);
const MOST_LOST_MS = 200;

describe.each(["chromium", "firefox", "webkit"] as const)(
  "a page in %s that is killed at a random moment of an outage",
  (name) => {
    it(
      `${KILLS} times, its tab or the whole browser, leaves all but its last 200 ms to the next page`,
      async () => {
        const engine = await findEngine(name);
        if (engine === undefined) throw new Error(`This machine has no ${name}.`);
        await using pages = await KilledPages.open(engine);
        const notKnown: number[] = [];
        for (let kill = 0; kill < KILLS; kill += 1) {
          const rng = new Rng(FIRST_SEED + kill);
          const death: Death = {
            how: kill % 2 === 0 ? "tab" : "browser",
            connectedMs: rng.whole(200, 1_500),
            awayMs: rng.whole(300, 3_000),
          };
          const { recovered, capturedTo, wrong, recordings, leftAfterwards } = await pages.die(death);
          const what = JSON.stringify({ seed: FIRST_SEED + kill, ...death });
          expect({ what, wrong, lost: recovered.lost }).toEqual({ what, wrong: [], lost: [] });
          expect({ what, recordings, leftAfterwards }).toEqual({ what, recordings: 1, leftAfterwards: 0 });
          notKnown.push(((capturedTo - recovered.knownTo) / RATE) * 1_000);
        }
        console.log(
          `${name}: captured, and not kept: at most ${Math.max(0, ...notKnown).toFixed(0)} ms of ${KILLS} kills.`,
        );
        expect(Math.max(...notKnown)).toBeLessThanOrEqual(MOST_LOST_MS);
      },
      120_000 + KILLS * 60_000,
    );
  },
);
