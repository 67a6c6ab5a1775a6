import { afterAll, describe, expect, it } from "vitest";
import type { Kind } from "./conditions.js";
import { judgeRetries } from "./retry-verdict.js";
import { add, NOTHING, simulate, simulateMany } from "./simulate.js";

const SEEDS = 500;
const FAULTS = 200_000;

const CALM: Kind = { forgetful: false, cramped: false, leaky: false, contested: false };
const totals = { ...NOTHING };

describe("a session under faults", () => {
  it.each<[string, Kind]>([
    ["loses nothing where the server keeps its memory and the buffer is large enough", CALM],
    ["says exactly what a server that lost its memory lacks", { ...CALM, forgetful: true }],
    ["says exactly what a full buffer had to drop", { ...CALM, cramped: true }],
    ["says exactly what a full buffer and a forgetful server cost", { ...CALM, forgetful: true, cramped: true }],
    ["sends again what a broken proxy swallowed", { ...CALM, leaky: true }],
    ["ends with its reason when another tab takes it over", { ...CALM, contested: true }],
  ])("%s", (_, kind) => {
    const part = simulateMany(1, SEEDS, kind);
    add(totals, part.totals);
    expect(part.failure).toBeUndefined();
  });

  afterAll(() => {
    const { seeds, faults, frames, lostSamples, duplicatedMessages } = totals;
    console.log(
      `seeds ${seeds}, faults ${faults}, frames ${frames}, lost ${lostSamples}, duplicated ${duplicatedMessages}`,
    );
    expect(faults).toBeGreaterThanOrEqual(FAULTS);
    expect({ lostSamples, duplicatedMessages }).toEqual({ lostSamples: 0, duplicatedMessages: 0 });
  });

  it("is replayed to the byte by its seed", () => {
    for (const seed of [3, 17, 256]) expect(simulate(seed)).toEqual(simulate(seed));
  });

  it("is told apart by its seed", () => {
    expect(simulate(3).log).not.toEqual(simulate(4).log);
  });
});

describe("many clients of one server", () => {
  it("spread their retries, keep within the budget and start over only after a stable connection", () => {
    expect(judgeRetries()).toEqual([]);
  });
});
