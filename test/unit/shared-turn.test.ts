import { describe, expect, it } from "vitest";
import { SharedTurn } from "../../examples/server/recording/disk/shared-turn.js";
import { ManualClock } from "../support/manual-clock.js";
import { testScope } from "../support/test-scope.js";

function setUp() {
  const clock = new ManualClock();
  const scope = testScope(clock);
  const turn = new SharedTurn({ intervalMs: 150, clock, scope });
  const done: string[] = [];
  const wait = (name: string) => void turn.next().then(() => done.push(name));
  const settle = async () => {
    for (let count = 0; count < 5; count += 1) await Promise.resolve();
  };
  return { clock, scope, done, wait, settle };
}

describe("a shared turn", () => {
  it("is now for the first, and for all who come later at the same time", async () => {
    const { clock, done, wait, settle } = setUp();
    wait("a");
    await settle();
    expect(done).toEqual(["a"]);
    clock.advance(50);
    wait("b");
    clock.advance(50);
    wait("c");
    clock.advance(49);
    await settle();
    expect(done).toEqual(["a"]);
    clock.advance(1);
    await settle();
    expect(done).toEqual(["a", "b", "c"]);
    expect(clock.pending).toBe(0);
  });

  it("is now again after a pause", async () => {
    const { clock, done, wait, settle } = setUp();
    wait("a");
    clock.advance(150);
    wait("b");
    await settle();
    expect(done).toEqual(["a", "b"]);
  });

  it("calls inside the call whoever may go on at once, and all others in their order", () => {
    const { clock, scope } = setUp();
    const turn = new SharedTurn({ intervalMs: 150, clock, scope });
    const done: string[] = [];
    turn.onNext(() => done.push("a"));
    expect(done).toEqual(["a"]);
    for (const name of ["b", "c"]) {
      turn.onNext(() => {
        done.push(name);
        turn.onNext(() => done.push(`${name} again`));
      });
    }
    clock.advance(150);
    expect(done).toEqual(["a", "b", "c"]);
    clock.advance(150);
    expect(done).toEqual(["a", "b", "c", "b again", "c again"]);
    expect(clock.pending).toBe(0);
  });

  it("is taken by whoever finds that its time has come before its timer does", async () => {
    const { clock, scope, settle } = setUp();
    let lateMs = 0;
    const late = { now: () => clock.now() + lateMs, schedule: clock.schedule.bind(clock) };
    const turn = new SharedTurn({ intervalMs: 150, clock: late, scope });
    const done: string[] = [];
    void turn.next().then(() => done.push("a"));
    void turn.next().then(() => done.push("b"));
    lateMs = 149;
    turn.checkTime();
    await settle();
    expect(done).toEqual(["a"]);
    lateMs = 150;
    turn.checkTime();
    await settle();
    expect([done, clock.pending]).toEqual([["a", "b"], 0]);
    void turn.next().then(() => done.push("c"));
    turn.checkTime();
    await settle();
    expect(done).toEqual(["a", "b"]);
  });

  it("leaves no timer when its scope ends, and makes nobody wait afterwards", async () => {
    const { clock, scope, done, wait, settle } = setUp();
    wait("a");
    wait("b");
    await scope.dispose();
    expect(clock.pending).toBe(0);
    wait("c");
    await settle();
    expect(done).toEqual(["a", "b", "c"]);
  });
});
