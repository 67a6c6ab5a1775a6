import { describe, expect, it } from "vitest";
import { OverloadWatch } from "../../examples/server/door/overload-watch.js";
import { createLog } from "../../examples/server/logging/log.js";
import { ManualClock } from "../support/manual-clock.js";
import { testScope } from "../support/test-scope.js";

const LOOK_MS = 250;

function watch(maxDelayMs: number) {
  const clock = new ManualClock();
  const logger = createLog({ logLevel: "silent" });
  const overload = new OverloadWatch({ maxDelayMs, logger, clock, scope: testScope(clock) });
  /** Looks so often, each time with timers that are so late. */
  const looks = (count: number, lateMs: number) => {
    for (let look = 0; look < count; look += 1) clock.sleep(LOOK_MS + lateMs);
    return overload.refusal?.error;
  };
  return { clock, looks };
}

describe("a server that is behind with its work", () => {
  it("takes no new session once its timers are late again and again, and takes them when it keeps up again", () => {
    const { looks } = watch(500);
    expect(looks(20, 400)).toBeUndefined();
    expect(looks(3, 600)).toBeUndefined();
    expect(looks(1, 600)).toBe("overloaded");
    expect(looks(3, 10)).toBe("overloaded");
    expect(looks(1, 600)).toBe("overloaded");
    expect(looks(4, 10)).toBeUndefined();
  });

  it("takes new sessions right after a sleep, however long it was", () => {
    const { looks } = watch(500);
    expect(looks(1, 3_600_000)).toBeUndefined();
    expect(looks(3, 0)).toBeUndefined();
    expect(looks(3, 3_600_000)).toBeUndefined();
  });

  it("is nobody's business if the setting says so", () => {
    expect(watch(0).clock.pending).toBe(0);
  });
});
