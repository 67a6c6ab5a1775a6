import { Scope } from "loquilex/resources";
import { describe, expect, it } from "vitest";
import { WakeUp } from "../../examples/server/wake-up.js";
import { ManualClock } from "../support/manual-clock.js";

function sleeper(onTime: (wakeUp: WakeUp, now: number) => void) {
  const clock = new ManualClock();
  const scope = new Scope({ name: "test", clock });
  const times: number[] = [];
  const wakeUp: WakeUp = new WakeUp({
    clock,
    scope,
    onTime: () => {
      times.push(clock.now() - start);
      onTime(wakeUp, clock.now());
    },
    onFault: (error) => {
      throw error;
    },
  });
  const start = clock.now();
  return { clock, scope, wakeUp, times, at: (ms: number) => start + ms };
}

describe("a wake-up", () => {
  it("comes at the earliest time that was asked for, and costs no timer for a later one", () => {
    const { clock, scope, wakeUp, times, at } = sleeper(() => {});
    wakeUp.set(at(500));
    for (let ms = 501; ms < 600; ms += 1) wakeUp.set(at(ms));
    expect(scope.resources()).toHaveLength(1);
    wakeUp.set(at(200));
    expect(scope.resources()).toHaveLength(1);
    clock.advance(1_000);
    expect(times).toEqual([200]);
    expect(clock.pending).toBe(0);
  });

  it("can be set again from within, also to a time that has passed, and is off for nobody", () => {
    const { clock, wakeUp, times, at } = sleeper((again, now) => again.set(times.length < 3 ? now + 100 : undefined));
    wakeUp.set(at(-50));
    clock.advance(1_000);
    expect(times).toEqual([0, 100, 200]);
    wakeUp.set(at(2_000));
    wakeUp.set(undefined);
    clock.advance(5_000);
    expect(times).toHaveLength(3);
    expect(clock.pending).toBe(0);
  });
});
