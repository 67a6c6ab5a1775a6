import { afterAll, expect, it } from "vitest";
import { runCalls, type WorldName } from "../calls/run-calls.js";

/** In all, shared out among the devices; `npm run test:calls -- --sequences 20000` asks for more. */
const SEQUENCES = Number(process.env.LX_CALL_SEQUENCES ?? 2_000);
const FIRST = Number(process.env.LX_CALL_FIRST ?? 1);
const SHARES: Readonly<Record<WorldName, number>> = { polite: 0.55, rude: 0.42, platform: 0.03 };

const DEVICES = process.env.LX_CALL_DEVICES || undefined;

const totals = { sequences: 0, calls: 0, settled: 0, failures: 0 };
const outcomes: Record<string, number> = {};

// Field reports 85 to 88: 19 of 40 random push-to-talk runs ended otherwise than the last call had asked.
it.each(Object.entries(SHARES) as [WorldName, number][])(
  "streams that are called in any order, over %s devices that misbehave, end as the last call asked and hold nothing",
  async (world, share) => {
    const failed: string[] = [];
    const sequences = DEVICES === undefined ? SEQUENCES * share : SEQUENCES * Number(world === DEVICES);
    for (let n = 0; n < sequences; n += 1) {
      const { problems, calls, settled, outcome, log } = await runCalls(FIRST + n, world);
      totals.sequences += 1;
      totals.calls += calls;
      totals.settled += settled;
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      if (problems.length > 0 && failed.length < 5)
        failed.push(`seed ${FIRST + n}: ${problems.join(" ")}\n  ${log.join("; ")}`);
      if (problems.length > 0) totals.failures += 1;
    }
    expect(failed.join("\n")).toBe("");
  },
  3_600_000,
);

afterAll(() => {
  const { sequences, calls, settled, failures } = totals;
  const ends = Object.entries(outcomes).map(([outcome, count]) => `${outcome} ${count}`);
  console.log(`sequences ${sequences}, calls ${calls}, settled ${settled}, ${ends.join(", ")}, failures ${failures}`);
});
