import { describe, expect, it } from "vitest";
import { SessionRig } from "../support/session-rig.js";

/** Samples of a frame of the rig. */
const FRAME = 320;

describe("an end that comes before the session has begun", () => {
  // Own trial, field report 90
  it("waits for the start, so that what was captured is delivered", () => {
    const rig = new SessionRig();
    rig.frames(5);
    rig.do({ type: "end", timeoutMs: 5_000 });
    expect(rig.session.done).toBe(false);
    rig.connect();
    rig.ack(5 * FRAME);
    rig.say("session.end", { position: 5 * FRAME, reason: "ended" });
    const ends = rig.outputs.flatMap((output) => (output.type === "event" ? [output.event.type] : []));
    expect(ends.at(-1)).toBe("ended");
    expect(ends).not.toContain("drop");
  });

  // Own trial, field report 90
  it("fails at its deadline, and says what was lost", () => {
    const rig = new SessionRig();
    rig.frames(5);
    rig.do({ type: "end", timeoutMs: 5_000 });
    rig.pass(5_000);
    const ends = rig.outputs.flatMap((output) => (output.type === "event" ? [output.event.type] : []));
    expect(ends.slice(-2)).toEqual(["drop", "failed"]);
  });
});
