import { afterAll, describe, expect, it, type TestContext } from "vitest";
import { add, type CallTotals, count, lineOf, noTotals } from "../calls/call-totals.js";
import { PAGE_TIME } from "../calls/page-time.js";
import { runCalls, type WorldName } from "../calls/run-calls.js";

/** In all, shared out among the devices; `npm run test:calls -- --sequences 20000` asks for more. */
const SEQUENCES = Number(process.env.LX_CALL_SEQUENCES ?? 1_200);
const FIRST = Number(process.env.LX_CALL_FIRST ?? 1);
const DEVICES = process.env.LX_CALL_DEVICES || undefined;
const SHARES: Readonly<Record<WorldName, number>> = { polite: 0.4, rude: 0.35, platform: 0.25 };
const WORLDS = Object.keys(SHARES) as WorldName[];
/** How many of those that failed are shown. */
const SHOWN = 5;

declare module "vitest" {
  interface TaskMeta {
    /** For whoever adds up what several processes did. */
    totals?: CallTotals;
  }
}

const totals = noTotals();
afterAll(() => {
  if (process.env.LX_CALL_SEQUENCES === undefined) console.log(lineOf(totals));
});

async function runShare(world: WorldName, { task }: TestContext): Promise<string[]> {
  const share = DEVICES === undefined ? SHARES[world] : Number(world === DEVICES);
  const own = noTotals();
  const failed: string[] = [];
  for (let n = 0; n < Math.round(SEQUENCES * share); n += 1) {
    const verdict = await runCalls(FIRST + n, world, PAGE_TIME);
    count(own, verdict);
    const { problems, trace } = verdict;
    if (problems.length === 0 || failed.length === SHOWN) continue;
    failed.push(`--devices ${world} --first ${FIRST + n} --sequences 1: ${problems.join(" ")}`, ...trace);
  }
  add(totals, own);
  task.meta.totals = own;
  return failed;
}

describe("streams that are called in any order", () => {
  // Field reports 85 to 88: 19 of 40 random push-to-talk runs ended otherwise than the last call had asked.
  it.for(WORLDS)(
    "over %s devices that misbehave end as the last call asked, and hold nothing",
    { timeout: 3_600_000 },
    async (world, context) => {
      expect((await runShare(world, context)).join("\n")).toBe("");
    },
  );

  it.for(WORLDS)("do the same again, to the millisecond, with the same seed, over %s devices", async (world) => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const { trace } = await runCalls(seed, world, PAGE_TIME);
      await runCalls(seed + 100, world, PAGE_TIME);
      expect((await runCalls(seed, world, PAGE_TIME)).trace).toEqual(trace);
    }
  });
});
