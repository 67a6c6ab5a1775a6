import { describe, expect, it } from "vitest";
import { createLog } from "../../examples/server/logging/log.js";
import { Elsewhere } from "../../examples/server/store/elsewhere.js";
import { ManualClock } from "../support/manual-clock.js";
import { testScope } from "../support/test-scope.js";

function watch(peers: readonly string[]) {
  const clock = new ManualClock();
  const state = { storeIsWell: true, ready: new Set<string>(), asked: 0, sentAway: 0 };
  new Elsewhere({
    ...{ peers, logger: createLog({ logLevel: "silent" }), scope: testScope(clock) },
    health: () => ({ ok: state.storeIsWell }),
    isReady: async (address) => {
      state.asked += 1;
      if (address.includes("broken")) throw new Error("ECONNREFUSED");
      return state.ready.has(address);
    },
    onFound: () => {
      state.sentAway += 1;
    },
  });
  const seconds = async (count: number): Promise<void> => {
    for (let second = 0; second < count; second += 1) {
      clock.advance(1_000);
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    }
  };
  return { clock, state, seconds };
}

describe("a server that does not reach its store", () => {
  it("sends its clients away if another one does, and not if nobody does", async () => {
    const { state, seconds } = watch(["http://broken", "http://other"]);
    state.storeIsWell = false;
    await seconds(10);
    expect(state.sentAway).toBe(0);
    state.ready.add("http://other");
    await seconds(1);
    expect(state.sentAway).toBe(1);
    // Some may have come back meanwhile.
    await seconds(3);
    expect(state.sentAway).toBe(2);
  });

  it("asks nobody while the store is well, or is away for less than three seconds", async () => {
    const { state, seconds } = watch(["http://other"]);
    state.ready.add("http://other");
    for (let round = 0; round < 5; round += 1) {
      state.storeIsWell = false;
      await seconds(2);
      state.storeIsWell = true;
      await seconds(2);
    }
    expect([state.asked, state.sentAway]).toEqual([0, 0]);
  });

  it("does nothing of that if it knows no others", () => {
    expect(watch([]).clock.pending).toBe(0);
  });
});
