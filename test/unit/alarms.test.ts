import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Alarms } from "../../examples/server/protocol/alarms.js";
import { collectGarbage } from "../support/collect-garbage.js";

const PEOPLE = 8;
const step = fc.oneof(
  fc.record({ do: fc.constant("set" as const), who: fc.nat({ max: PEOPLE }), at: fc.nat({ max: 1_000 }) }),
  fc.record({ do: fc.constant("delete" as const), who: fc.nat({ max: PEOPLE }) }),
  fc.record({ do: fc.constant("take" as const), at: fc.nat({ max: 1_000 }) }),
);

describe("alarms", () => {
  it("wake everybody at the earliest time that was said since the last one, and nobody else", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const alarms = new Alarms<number>();
        const expected = new Map<number, number>();
        for (const what of steps) {
          if (what.do === "set") {
            alarms.set(what.who, what.at);
            expected.set(what.who, Math.min(what.at, expected.get(what.who) ?? what.at));
          } else if (what.do === "delete") {
            alarms.delete(what.who);
            expected.delete(what.who);
          } else {
            const due = [...expected].filter(([, at]) => at <= what.at).map(([who]) => who);
            expect(alarms.take(what.at).sort()).toEqual(due.sort());
            for (const who of due) expected.delete(who);
          }
          expect(alarms.next).toBe(Math.min(...expected.values()));
        }
      }),
      { numRuns: 500 },
    );
  });

  it("never come for those who want none", () => {
    const alarms = new Alarms<string>();
    alarms.set("a", Number.POSITIVE_INFINITY);
    expect(alarms.next).toBe(Number.POSITIVE_INFINITY);
    expect(alarms.take(Number.MAX_VALUE)).toEqual([]);
  });

  it("keep nobody in memory who is gone", async () => {
    const alarms = new Alarms<object>();
    const gone: WeakRef<object>[] = [];
    for (let count = 0; count < 200; count += 1) {
      const who = {};
      alarms.set(who, 1_000 + count);
      alarms.delete(who);
      gone.push(new WeakRef(who));
    }
    await collectGarbage();
    expect(gone.filter((who) => who.deref() !== undefined).length).toBeLessThan(100);
  });
});
