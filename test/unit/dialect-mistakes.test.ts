import { describe, expect, it } from "vitest";
import { deepgramDialect } from "../../src/dialects/deepgram.js";
import type { DialectSession } from "../../src/dialects/dialect.js";
import { Rng } from "../simulation/rng.js";
import { VirtualTime } from "../simulation/virtual-time.js";
import { DeepgramService } from "../support/dialects/deepgram-service.js";
import { DialectRun } from "../support/dialects/dialect-run.js";
import { scriptWord } from "../support/dialects/scripted-recogniser.js";
import { CYCLE_SAMPLES, LOUD_SAMPLES } from "../support/stamped-audio.js";

/** Speaks for 15 seconds through a dialect of which one call is wrong, once or always, over a connection that is cut. */
function runWith(name: keyof DialectSession, wrong: () => unknown, isAlways: boolean): DialectRun {
  const rng = new Rng(1);
  const time = new VirtualTime(rng);
  const right = deepgramDialect({ url: "ws://service.test/" });
  let count = 0;
  const dialect = {
    ...right,
    terms: { ...right.terms, keepaliveMs: 100 },
    session(request: Parameters<typeof right.session>[0]): DialectSession {
      const session = right.session(request);
      return new Proxy(session, {
        get(_, key) {
          const value: unknown = Reflect.get(session, key);
          if (key !== name) return typeof value === "function" ? value.bind(session) : value;
          return (...given: unknown[]) => {
            count += 1;
            if (isAlways || count === 1) return wrong();
            return typeof value === "function" ? value.apply(session, given) : undefined;
          };
        },
      });
    },
  };
  const run = new DialectRun({ time, rng, dialect, service: new DeepgramService() });
  run.start();
  time.at(5_000, () => run.cut());
  time.at(15_000, () => run.close());
  time.run(120_000);
  return run;
}

const fails = (): never => {
  throw new Error("It fell over.");
};

const WRONG: readonly (readonly [keyof DialectSession, string, () => unknown])[] = [
  ...(["open", "audio", "keepalive", "finish", "receive", "settle", "judge"] as const).map(
    (name) => [name, "throws", fails] as const,
  ),
  ["open", "returns a promise", () => Promise.resolve([])],
  ["audio", "returns nothing", () => undefined],
  ["receive", "returns nothing", () => undefined],
  ["receive", "returns a caption without a text", () => [{ type: "caption", segment: "1" }]],
  ["receive", "returns a time that is none", () => [{ type: "settled", to: "soon" }]],
  ["receive", "returns what is no event", () => [null]],
  ["judge", "returns nothing", () => undefined],
];

describe("a dialect of one's own", () => {
  it.each(WRONG)("whose %s() %s once costs one connection, and no word", (name, _, wrong) => {
    const run = runWith(name, wrong, false);
    const count = Math.floor((run.captured - LOUD_SAMPLES) / CYCLE_SAMPLES) + 1;
    expect(run.finals.flatMap(({ text }) => text.split(" "))).toEqual(
      Array.from({ length: count }, (__, n) => scriptWord(n)),
    );
    expect(run.ended).toBe("ended");
  });

  it.each(WRONG)("whose %s() %s always is said to be wrong, and what was spoken is told as lost", (name, _, wrong) => {
    const run = runWith(name, wrong, true);
    const reasons = run.events.flatMap((event) =>
      event.type === "reconnecting" || event.type === "failed" ? [event.error.message] : [],
    );
    const isLost = run.events.some(({ type }) => type === "drop");
    expect(run.ended === "ended" || isLost).toBe(true);
    // Of the rest nothing is heard unless a connection is lost.
    if (isLost) expect(reasons.join()).toMatch(new RegExp(`failed in ${name}\\(\\)|cannot be understood`));
    expect(run.openRemotes).toBe(0);
  });
});
