import { describe, expect, it } from "vitest";
import { FRAME, SessionRig } from "../support/session-rig.js";

/** A server that gets everything and answers all of it, both of which take their time. */
function talk(rig: SessionRig, roundTripMs: number, durationMs: number, from = rig.captured): void {
  const due: { at: number; position?: number; id?: string }[] = [];
  let seen = rig.outputs.length;
  let position = from;
  for (const end = rig.now + durationMs; rig.now < end; ) {
    rig.frames(1);
    rig.pass(20);
    for (const output of rig.outputs.slice(seen)) {
      if (output.type !== "send") continue;
      if (typeof output.data === "string") {
        const { t, id } = JSON.parse(output.data) as { t: string; id?: string };
        if (t === "client.hb" && id !== undefined) due.push({ at: rig.now + roundTripMs, id });
      } else {
        position += FRAME;
        if ((position / FRAME) % 10 === 0) due.push({ at: rig.now + roundTripMs, position });
      }
    }
    seen = rig.outputs.length;
    while (due[0] !== undefined && due[0].at <= rig.now) {
      const { position: kept, id } = due.shift() ?? {};
      if (kept !== undefined) rig.ack(kept);
      else rig.say("server.hb", {}, id === undefined ? {} : { corr: id });
    }
  }
}

// flet-dev/flet#1656, socketio/socket.io#2769, field report 76
describe("a link with long round trips", () => {
  it.each([4_000, 8_000])("is not taken for a dead one when they take %i ms from the first", (roundTripMs) => {
    const rig = new SessionRig({ heartbeat: { intervalMs: 10_000, timeoutMs: 500 } });
    rig.start();
    rig.open();
    rig.pass(roundTripMs);
    rig.begin();
    talk(rig, roundTripMs, 140_000);
    expect(rig.disconnects).toEqual([]);
    expect(rig.eventsOf("drop")).toEqual([]);
  });

  // The page slept from a second after the opening on, so nobody knows when in that time the answer came.
  it("is not taken for a fast one when its first answer came while the page slept", () => {
    const rig = new SessionRig({ heartbeat: { intervalMs: 10_000, timeoutMs: 500 } });
    rig.start();
    rig.open();
    rig.sleep(6_000);
    rig.begin();
    talk(rig, 5_000, 60_000);
    expect(rig.disconnects).toEqual([]);
  });

  it("is given the time that the application allows while audio is in flight", () => {
    for (const [timeoutMs, patience] of [
      [500, 2_500],
      [20_000, 21_500],
    ] as const) {
      const rig = new SessionRig({ heartbeat: { intervalMs: 10_000, timeoutMs } });
      rig.connect();
      rig.frames(1);
      rig.pass(patience - 1);
      expect(rig.disconnects).toEqual([]);
      rig.pass(1);
      expect(rig.disconnects).toMatchObject([{ connection: 1, code: 4408 }]);
    }
  });

  /** As with default options: round trips of 50 ms become long from one moment to the next. */
  function jump(roundTripMs: number, durationMs: number): SessionRig {
    const rig = new SessionRig({ heartbeat: { intervalMs: 10_000, timeoutMs: 2_500 } });
    rig.start();
    rig.open();
    rig.pass(50);
    rig.begin();
    talk(rig, 50, 10_000);
    talk(rig, roundTripMs, durationMs);
    return rig;
  }

  it.each([1_000, 2_000, 3_000, 3_500])("is not taken for a dead one when they jump to %i ms", (roundTripMs) => {
    expect(jump(roundTripMs, 60_000).disconnects).toEqual([]);
  });

  it("is left once when they jump to more than a dead link may take, and the next connection, which knows them, stays", () => {
    const rig = jump(4_500, 5_000);
    expect(rig.disconnects).toMatchObject([{ connection: 1, code: 4408 }]);
    rig.open();
    rig.pass(4_500);
    const { acknowledgedPosition } = rig.session.stats;
    rig.takeUp(acknowledgedPosition);
    talk(rig, 4_500, 60_000, acknowledgedPosition);
    expect(rig.disconnects).toHaveLength(1);
    expect(rig.eventsOf("connected")).toHaveLength(2);
    expect(rig.eventsOf("drop")).toEqual([]);
  });

  it("is still found dead, within a time that follows its round trips", () => {
    const rig = new SessionRig({ heartbeat: { intervalMs: 10_000, timeoutMs: 3_000 } });
    rig.start();
    rig.open();
    rig.pass(4_000);
    rig.begin();
    talk(rig, 5_000, 60_000);
    rig.frames(1);
    rig.pass(12_000);
    expect(rig.disconnects).toMatchObject([{ connection: 1, code: 4408 }]);
  });
});
