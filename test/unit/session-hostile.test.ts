import fc from "fast-check";
import { encodeServerMessage, type ServerMessageType } from "loquilex/protocol";
import { describe, expect, it } from "vitest";
import type { SessionOutput } from "../../src/session/session-io.js";
import { SERVER_SAMPLES } from "../support/protocol-samples.js";
import { SessionRig } from "../support/session-rig.js";

type Step = (rig: SessionRig) => void;

const whole = fc.oneof(fc.nat({ max: 5_000 }), fc.nat(), fc.maxSafeNat());
const closeCode = fc.constantFrom(1000, 1005, 1006, 1011, 1012, 1013, 4000, 4400, 4401, 4408, 4411, 4429, 3_999);

/** Messages that are well formed but come at any time, with any numbers. */
const message: fc.Arbitrary<string> = fc.oneof(
  fc
    .record({ t: fc.constantFrom("audio.ack", "audio.resync"), position: whole })
    .map(({ t, position }) => encodeServerMessage(t, { position })),
  fc
    .record({ epoch: fc.nat({ max: 3 }), position: whole, pace: fc.constantFrom(1, 4, 1_000), seq: fc.option(whole) })
    .chain(({ epoch, position, pace, seq }) =>
      fc.constantFrom(
        encodeServerMessage("session.new", { session_id: "s", epoch, reason: "x", audio: { position, pace } }),
        encodeServerMessage(
          "session.ack",
          { session_id: "s", status: "resumed", epoch, audio: { position, pace } },
          seq === null ? {} : { seq },
        ),
      ),
    ),
  fc.record({ from: whole, to: whole, epoch: fc.nat({ max: 3 }) }).map(({ from, to, epoch }) =>
    encodeServerMessage("session.snapshot", {
      session_id: "s",
      epoch,
      current_seq: to,
      gap: { from_seq: from, to_seq: Math.min(to, from + 10_000) },
      finalized_transcript: [],
      active_partials: [],
    }),
  ),
  fc
    .constantFrom(...(Object.keys(SERVER_SAMPLES) as ServerMessageType[]))
    .chain((t) => fc.nat({ max: 40 }).map((seq) => encodeServerMessage(t, SERVER_SAMPLES[t].full, { seq }))),
  fc.constantFrom("", "nonsense", "{}", '{"v":2,"t":"x"}', '{"v":1,"t":"__proto__","seq":1}'),
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: message.map((data) => (rig: SessionRig) => void rig.receive(data)) },
  { weight: 2, arbitrary: fc.constant((rig: SessionRig) => rig.open("token")) },
  { weight: 2, arbitrary: fc.constant((rig: SessionRig) => rig.begin()) },
  { weight: 1, arbitrary: fc.constant((rig: SessionRig) => rig.takeUp(0)) },
  { weight: 2, arbitrary: fc.nat({ max: 20 }).map((count) => (rig: SessionRig) => rig.frames(count)) },
  { weight: 2, arbitrary: fc.nat({ max: 4_000 }).map((ms) => (rig: SessionRig) => rig.pass(ms)) },
  { weight: 1, arbitrary: fc.nat({ max: 60_000 }).map((ms) => (rig: SessionRig) => rig.sleep(ms)) },
  { weight: 1, arbitrary: closeCode.map((code) => (rig: SessionRig) => void rig.lose(code, "why")) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("probe", "suspend", "start").map((type) => (rig: SessionRig) => void rig.do({ type })),
  },
  {
    weight: 1,
    arbitrary: fc.nat({ max: 200_000 }).map((bytes) => (rig: SessionRig) => {
      rig.bufferedBytes = bytes;
    }),
  },
);

/** What must hold at every moment, whatever came in; returns what does not. */
function faultsIn(rig: SessionRig): string[] {
  const faults: string[] = [];
  const { wakeAt, stats, done } = rig.session;
  if (wakeAt !== undefined && !Number.isFinite(wakeAt)) faults.push(`wakes at ${wakeAt}`);
  if (wakeAt !== undefined && done) faults.push("wakes after the end");
  for (const [name, value] of Object.entries(stats)) if (value < 0) faults.push(`${name} is ${value}`);
  if (stats.acknowledgedPosition > rig.captured) faults.push("acknowledged more than there is");
  let last = 0;
  let open = 0;
  for (const output of rig.outputs) {
    if (output.type === "event") continue;
    if (output.type === "connect") {
      if (output.connection <= last) faults.push(`connects ${output.connection} after ${last}`);
      last = output.connection;
      open = last;
    } else if (output.type === "send") {
      if (output.connection !== open) faults.push(`sends on ${output.connection} instead of ${open}`);
    } else {
      if (output.connection !== last) faults.push(`leaves ${output.connection} instead of ${last}`);
      open = 0;
    }
  }
  return faults;
}

describe("whatever happens, in whatever order", () => {
  it("the session keeps its wits: no exception, no word on a connection that is gone, no impossible figure", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const rig = new SessionRig({ renewableToken: true });
        rig.start();
        for (const act of steps) {
          act(rig);
          expect(faultsIn(rig)).toEqual([]);
        }
      }),
      { numRuns: 300 },
    );
  }, 30_000);

  it("an abort ends it with at most a disconnect and the drop of what it discards, and nothing but later drops after", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), fc.array(step, { maxLength: 10 }), (before, after) => {
        const rig = new SessionRig();
        rig.start();
        for (const act of before) act(rig);
        const outputs = rig.do({ type: "abort" });
        const isDrop = (output: SessionOutput) => output.type === "event" && output.event.type === "drop";
        const others = outputs.filter((output) => !isDrop(output));
        expect(others.length).toBeLessThanOrEqual(1);
        for (const output of others) expect(output).toMatchObject({ type: "disconnect", code: 1000 });
        const total = rig.outputs.length;
        for (const act of after) act(rig);
        expect(rig.outputs.slice(total).filter((output) => !isDrop(output))).toEqual([]);
        expect(rig.session).toMatchObject({ done: true, wakeAt: undefined });
        expect(rig.session.stats.bufferedBytes).toBe(0);
      }),
      { numRuns: 200 },
    );
  }, 30_000);
});
