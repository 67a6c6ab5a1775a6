import { describe, expect, it } from "vitest";
import { type StreamState, TRANSITIONS } from "../../src/state.js";

const STATES = Object.keys(TRANSITIONS) as StreamState[];

/** Every state that can follow, in however many steps. */
function reachableFrom(state: StreamState): Set<StreamState> {
  const reached = new Set<StreamState>();
  const visit = (from: StreamState) => {
    for (const next of TRANSITIONS[from]) {
      if (reached.has(next)) continue;
      reached.add(next);
      visit(next);
    }
  };
  visit(state);
  return reached;
}

describe("the table of states", () => {
  it("leads from idle to every other state", () => {
    expect([...reachableFrom("idle")].sort()).toEqual(STATES.filter((state) => state !== "idle").sort());
  });

  it("lets every state end in one step, since an abort may come at any time", () => {
    for (const state of STATES) if (state !== "closed") expect(TRANSITIONS[state], state).toContain("closed");
  });

  it("lets nothing follow the end, and nothing but the end follow closing", () => {
    expect(TRANSITIONS.closed).toEqual([]);
    expect(TRANSITIONS.closing).toEqual(["closed"]);
  });

  it("lets nothing lead back to before the start: a stream is started once", () => {
    const before: readonly StreamState[] = ["idle", "warm"];
    const ledBackTo = (target: StreamState) =>
      STATES.filter((state) => !before.includes(state) && TRANSITIONS[state].includes(target));
    for (const target of [...before, "starting"] as const) expect(ledBackTo(target)).toEqual([]);
    expect(TRANSITIONS.warm).not.toContain("idle");
  });

  it("names no state twice and no change into itself", () => {
    for (const state of STATES) {
      expect(new Set(TRANSITIONS[state]).size).toBe(TRANSITIONS[state].length);
      expect(TRANSITIONS[state]).not.toContain(state);
    }
  });
});
