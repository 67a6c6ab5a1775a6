import { describe, expect, it } from "vitest";
import { SessionRig } from "../support/session-rig.js";

/** Frames of 20 ms at the rig's rate. */
const FRAME = 320;

function sent(rig: SessionRig, code: number): number {
  return rig.outputs.filter((output) => output.type === "disconnect" && output.code === code).length;
}

describe("an answer that cannot be true", () => {
  // Found by the simulation beside field report 67
  it("changes nothing: the next connection still asks for the lineage of before, and is told of the new one", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(5);
    rig.reconnect();
    rig.begin(1_000 * FRAME, { epoch: 8, reason: "unknown_session" });
    expect(sent(rig, 4400)).toBe(1);
    rig.pass(10_000);
    rig.open();
    const openings = rig.outputs.flatMap((output) =>
      output.type === "send" && typeof output.data === "string" && output.data.includes("session.resume")
        ? [JSON.parse(output.data) as { data: { epoch: number } }]
        : [],
    );
    expect(openings.map(({ data }) => data.epoch)).toEqual([7, 7]);
    rig.begin(0, { epoch: 8, reason: "unknown_session" });
    const answers = rig.outputs.flatMap((output) =>
      output.type === "event" && output.event.type === "connected" ? [output.event.reconnection?.resumed] : [],
    );
    expect(answers).toEqual([undefined, false]);
  });
});
