import { afterAll, describe, expect, it } from "vitest";
import { CALM, type Kind } from "./conditions.js";
import { judgeRetries } from "./retry-verdict.js";
import { add, NOTHING, simulate, simulateMany } from "./simulate.js";
import type { Mark } from "./verdict.js";

const SEEDS = 200;
const FAULTS = 200_000;

/** 500 parts in a million. The frames are the longest there are, and faults come now and then. */
const TWO_DAYS_FAST = {
  durationMs: 2 * 24 * 3_600_000,
  frameSamples: 64_000,
  sourceSpeed: 1.000_5,
  faultsPerSecond: 1 / 3_600,
};
const totals = { ...NOTHING };

describe("a session under faults", () => {
  it.each<[string, Kind, ...Mark[]]>([
    ["loses nothing where the server keeps its memory and the buffer is large enough", CALM],
    ["says exactly what a server that lost its memory lacks", { ...CALM, forgetful: true }],
    ["says exactly what a full buffer had to drop", { ...CALM, cramped: true }],
    ["says exactly what a full buffer and a forgetful server cost", { ...CALM, forgetful: true, cramped: true }],
    ["sends again what a broken proxy swallowed", { ...CALM, leaky: true }],
    ["ends with its reason when another tab takes it over", { ...CALM, contested: true }],
    ["believes no server that lies, and says what one forgets", { ...CALM, lying: true }],
    ["says exactly what a server skips that begins too late", { ...CALM, lying: true, forgetful: true }],
    ["sends no more in one message than the server takes", { ...CALM, narrow: true }],
    ["takes no slow answer for a dead server", { ...CALM, distant: true }],
    ["gives up in time, and counts no time in which it could not act", { ...CALM, mortal: true }],
    ["ends where its buffer is full, or says what that dropped", { ...CALM, mortal: true, cramped: true }],
    [
      "ends at once with a server that grants other audio, or takes not one sample in a message",
      { ...CALM, mortal: true, lying: true },
      "ended by a grant of other audio",
      "ended by a limit that no sample fits into",
    ],
    [
      "delivers what a source gave before it ended badly, for no longer than a close may take",
      { ...CALM, broken: true },
      "delivered all that a source gave before it ended badly",
      "ended with its source while the server was away",
    ],
    [
      "gets the session of a page that has gone away, now or when it is free",
      { ...CALM, haunted: true },
      "crashed without a word",
      "went away with a goodbye",
      "waited for a dead page's session, and got it",
      "took a dead page's session over",
    ],
    [
      "ends by itself if the application throws, and says what is lost by that",
      { ...CALM, hostile: true },
      "ended by what the application threw",
    ],
    [
      "goes on if its worker dies, and says exactly what that took along",
      { ...CALM, fragile: true },
      "delivered all after a worker had died",
    ],
    [
      "goes on if its worker dies while a buffer is full and a server has lost its memory",
      { ...CALM, fragile: true, cramped: true, forgetful: true },
    ],
  ])("%s", (_, kind, ...marks) => {
    const part = simulateMany(1, SEEDS, kind);
    add(totals, part.totals);
    expect(part.failure).toBeUndefined();
    expect(part.totals.marks).toEqual(expect.arrayContaining(marks));
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

  // k2-fsa/sherpa-onnx#1363, field report 69
  it("is heard for two days from a device whose clock runs fast", () => {
    const { verdict } = simulate(13, CALM, TWO_DAYS_FAST);
    expect(verdict.problems).toEqual([]);
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
