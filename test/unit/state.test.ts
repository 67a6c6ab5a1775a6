import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { connectionStateOf, nextState, type StateFacts, type StreamState, TRANSITIONS } from "../../src/state.js";

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

describe("the state of a stream", () => {
  const facts: fc.Arbitrary<StateFacts> = fc.record({
    ended: fc.boolean(),
    closing: fc.boolean(),
    open: fc.boolean(),
    started: fc.boolean(),
    everConnected: fc.boolean(),
    connected: fc.boolean(),
    hasAudio: fc.boolean(),
    interrupted: fc.boolean(),
    paused: fc.boolean(),
  });

  const NOTHING: StateFacts = {
    ended: false,
    closing: false,
    open: false,
    started: false,
    everConnected: false,
    connected: false,
    hasAudio: false,
    interrupted: false,
    paused: false,
  };

  /** The facts and what can no longer be untrue once it was true. */
  const lasting = (before: StateFacts, now: StateFacts): StateFacts => ({
    ...now,
    ended: before.ended || now.ended,
    closing: before.closing || now.closing,
    open: before.open || now.open,
    started: before.started || now.started,
    everConnected: before.everConnected || now.everConnected || now.connected,
    hasAudio: before.hasAudio || now.hasAudio,
  });

  // Small things: `paused > starting` happened though the table has it not.
  it("changes only along the table, whatever the facts are, even those that cannot be", () => {
    fc.assert(
      fc.property(fc.array(facts, { maxLength: 40 }), (sequence) => {
        let state: StreamState = "idle";
        for (const now of sequence) {
          const next = nextState(state, now);
          if (next !== state) expect(TRANSITIONS[state], `${state} to ${next}`).toContain(next);
          state = next;
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("reads reconnecting exactly when the connection does, between the start and the end", () => {
    fc.assert(
      fc.property(fc.array(facts, { maxLength: 40 }), (sequence) => {
        let state: StreamState = "idle";
        let known = { ...NOTHING };
        for (const now of sequence) {
          known = lasting(known, now);
          for (let next = nextState(state, known); next !== state; next = nextState(state, known)) state = next;
          const connection = connectionStateOf(known);
          expect(connection === "closed").toBe(state === "closed");
          const isRunning = !["idle", "warm", "starting", "closing", "closed"].includes(state);
          if (isRunning) expect(connection).toBe(state === "reconnecting" ? "reconnecting" : "connected");
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("comes to rest after a few steps, and then says what holds", () => {
    fc.assert(
      fc.property(fc.array(facts, { minLength: 1, maxLength: 40 }), (sequence) => {
        let state: StreamState = "idle";
        let known = sequence[0] as StateFacts;
        for (const now of sequence) {
          known = lasting(known, now);
          let steps = 0;
          for (let next = nextState(state, known); next !== state; next = nextState(state, known)) {
            state = next;
            steps += 1;
          }
          expect(steps).toBeLessThanOrEqual(3);
          if (known.ended) expect(state).toBe("closed");
          else if (known.closing) expect(state).toBe("closing");
          else if (!known.started) expect(state).toBe(known.open ? "warm" : "idle");
          else if (state !== "starting") {
            const running = known.paused ? "paused" : "streaming";
            const connected = known.interrupted ? "interrupted" : running;
            expect(state).toBe(known.connected ? connected : "reconnecting");
          } else expect(known.everConnected && (known.hasAudio || known.paused)).toBe(false);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
