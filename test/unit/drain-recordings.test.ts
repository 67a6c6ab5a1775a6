import { type Deferred, deferred, Scope } from "loquilex/resources";
import { describe, expect, it } from "vitest";
import type { Log } from "../../examples/server/logging/log.js";
import { drainRecordings } from "../../examples/server/recording/drain-recordings.js";
import type { Recording } from "../../examples/server/recording/recording.js";
import { ManualClock } from "../support/manual-clock.js";

/** A server that goes down, with one recording whose engine speaks until the test ends it. */
function draining() {
  const clock = new ManualClock();
  const scope = new Scope({ name: "server", clock });
  const warnings: unknown[] = [];
  const logger = { warn: (fields: object) => warnings.push(fields) } as unknown as Log;
  const lastWords: Deferred<void> = deferred();
  const recording = { end: () => lastWords.promise } as unknown as Recording;
  let isOver = false;
  let finished = 0;
  const onFinished = (): void => {
    finished += 1;
  };
  const drained = drainRecordings([{ recording }], { scope, logger, onFinished }).then(() => {
    isOver = true;
  });
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    clock,
    scope,
    warnings,
    lastWords,
    drained,
    finished: () => finished,
    isOver: () => turn().then(() => isOver),
  };
}

describe("the time that sessions get when the server goes down", () => {
  it("is five seconds for all together, and what is not finished by then is reported", async () => {
    const { clock, warnings, drained, isOver, scope } = draining();
    clock.advance(4_900);
    expect(await isOver()).toBe(false);
    clock.advance(100);
    await drained;
    expect(warnings).toEqual([{ unfinished: 1 }]);
    expect(clock.pending).toBe(0);
    expect(scope.resources()).toEqual([]);
  });

  // A process that is stopped, or a machine that sleeps, would wake only to cut everybody off.
  it("does not go by while the process does not run", async () => {
    const { clock, warnings, lastWords, drained, finished, isOver } = draining();
    clock.advance(1_000);
    clock.sleep(3_600_000);
    expect(await isOver()).toBe(false);
    clock.advance(3_000);
    expect(await isOver()).toBe(false);
    expect(finished()).toBe(0);
    lastWords.resolve();
    await drained;
    expect(finished()).toBe(1);
    expect(warnings).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it("is over all the same when the process was stopped meanwhile", async () => {
    const { clock, warnings, drained } = draining();
    clock.advance(1_000);
    clock.sleep(3_600_000);
    clock.advance(4_000);
    await drained;
    expect(warnings).toEqual([{ unfinished: 1 }]);
  });
});
