import { describe, expect, it } from "vitest";
import { FRAME, SessionRig } from "../support/session-rig.js";

const heartbeats = (rig: SessionRig) => rig.sent().filter(({ t }) => t === "client.hb");

function connected(overrides: ConstructorParameters<typeof SessionRig>[0] = {}): SessionRig {
  const rig = new SessionRig(overrides);
  rig.connect();
  return rig;
}

describe("heartbeats", () => {
  it("are sent after the interval of silence, audio or not, and their answer gives the round trip", () => {
    // soniox/speech-to-text-web#6
    const rig = connected();
    rig.pass(9_999);
    expect(heartbeats(rig)).toEqual([]);
    rig.pass(1);
    const [heartbeat] = heartbeats(rig);
    expect(heartbeat?.id).toBeTypeOf("string");
    rig.pass(42);
    rig.say("server.hb", {}, heartbeat?.id === undefined ? {} : { corr: heartbeat.id });
    expect(rig.session.stats.roundTripTimeMs).toBe(42);
  });

  it("take no answer to another question for their own", () => {
    const rig = connected();
    rig.pass(10_000);
    rig.say("server.hb", {}, { corr: "something else" });
    rig.say("server.hb", {});
    expect(rig.session.stats.roundTripTimeMs).toBeUndefined();
  });

  it("keep the shorter of both sides' intervals", () => {
    const rig = new SessionRig({ heartbeat: { intervalMs: 10_000, timeoutMs: 5_000 } });
    rig.start();
    rig.open();
    rig.welcome({ hb: { interval_ms: 2_000, timeout_ms: 6_000 } });
    rig.say("session.new", { session_id: "session", epoch: 7, reason: "created", audio: { position: 0, pace: 4 } });
    rig.pass(2_000);
    expect(heartbeats(rig)).toHaveLength(1);
  });

  it("have names of their own, also across connections", () => {
    const rig = connected();
    for (let n = 0; n < 3; n += 1) {
      rig.pass(10_000);
      rig.say("server.hb", {});
    }
    rig.reconnect();
    rig.takeUp(0);
    rig.pass(10_000);
    const ids = heartbeats(rig).map(({ id }) => id);
    expect(ids).toHaveLength(4);
    expect(new Set(ids).size).toBe(4);
  });
});

describe("a link that is silent", () => {
  it("is abandoned when it owes an answer longer than allowed, without waiting for its close", () => {
    // wireapp/wire-webapp#21477
    const rig = connected();
    rig.pass(14_999);
    expect(rig.disconnects).toEqual([]);
    rig.pass(1);
    expect(rig.disconnects).toEqual([{ type: "disconnect", connection: 1, code: 4408, reason: "heartbeat timeout" }]);
    expect(rig.eventsOf("reconnecting")[0]?.error).toMatchObject({
      code: "heartbeat-timeout",
      details: { timeoutMs: 15_000 },
    });
    rig.pass(250);
    expect(rig.connects).toHaveLength(2);
  });

  it("lives on whatever comes in, be it no answer at all", () => {
    const rig = connected();
    for (let n = 0; n < 10; n += 1) {
      rig.pass(9_000);
      rig.say("weather.now", {});
    }
    expect(rig.disconnects).toEqual([]);
  });

  it("is found out within seconds while acknowledgements are owed", () => {
    const rig = connected();
    rig.frames(1);
    rig.pass(1_500);
    expect(heartbeats(rig)).toHaveLength(1);
    rig.pass(4_999);
    expect(rig.disconnects).toEqual([]);
    rig.pass(1);
    expect(rig.disconnects).toMatchObject([{ connection: 1, code: 4408 }]);
  });

  it("is not suspected while acknowledgements come", () => {
    const rig = connected();
    for (let n = 0; n < 500; n += 1) {
      rig.frames(1);
      rig.pass(20);
      if (n % 10 === 9) rig.ack(rig.captured - FRAME);
    }
    expect(heartbeats(rig)).toEqual([]);
    expect(rig.disconnects).toEqual([]);
  });

  it("is left to the transport when heartbeats are switched off, and still kept warm", () => {
    const rig = connected({ heartbeat: undefined });
    rig.frames(1);
    rig.pass(120_000);
    expect(rig.disconnects).toEqual([]);
    expect(heartbeats(rig).length).toBeGreaterThan(5);
  });
});

describe("a page that slept", () => {
  it("asks once more before it gives a link up, since a late timer says nothing about the link", () => {
    // phoenixframework/phoenix#4309, GetStream/stream-chat-js#698
    const rig = connected();
    rig.pass(10_000);
    rig.sleep(600_000);
    expect(rig.disconnects).toEqual([]);
    expect(heartbeats(rig)).toHaveLength(2);
    rig.say("server.hb", {});
    rig.pass(3_000);
    expect(rig.disconnects).toEqual([]);
  });

  it("gives it up when the second question is not answered either", () => {
    const rig = connected();
    rig.pass(10_000);
    rig.sleep(600_000);
    rig.pass(5_000);
    expect(rig.disconnects).toMatchObject([{ connection: 1, code: 4408 }]);
  });

  it("gives it up in the end though every timer comes late", () => {
    const rig = connected();
    rig.pass(10_000);
    for (let n = 0; n < 7; n += 1) rig.sleep(60_000);
    expect(rig.disconnects).toMatchObject([{ connection: 1, code: 4408 }]);
  });

  it("asks at once when it comes back, and gives the link the time of a heartbeat", () => {
    // phoenixframework/phoenix#6804, livekit/client-sdk-js#1968
    const rig = connected();
    rig.pass(1_000);
    rig.do({ type: "probe" });
    expect(heartbeats(rig)).toHaveLength(1);
    rig.pass(4_999);
    expect(rig.disconnects).toEqual([]);
    rig.pass(1);
    expect(rig.disconnects).toMatchObject([{ connection: 1, code: 4408 }]);
  });

  it("asks once when several things say that it is back", () => {
    const rig = connected();
    for (let n = 0; n < 4; n += 1) rig.do({ type: "probe" });
    expect(heartbeats(rig)).toHaveLength(1);
    rig.say("server.hb", {});
    rig.pass(5_000);
    expect(rig.disconnects).toEqual([]);
  });
});

describe("a page that is put away", () => {
  it("lets go of its connection, sleeps, and resumes when it is back", () => {
    const rig = connected();
    rig.frames(5);
    rig.do({ type: "suspend" });
    expect(rig.disconnects).toMatchObject([{ connection: 1, code: 4000 }]);
    rig.pass(600_000);
    expect(rig.connects).toHaveLength(1);
    expect(rig.failure).toBeUndefined();
    rig.do({ type: "probe" });
    expect(rig.connects).toHaveLength(2);
    rig.open();
    rig.takeUp(3 * FRAME);
    expect(rig.positions()).toEqual([3 * FRAME, 4 * FRAME]);
    expect(rig.eventsOf("connected").at(-1)?.reconnection).toMatchObject({ resumed: true, downtimeMs: 600_000 });
  });

  it("has nothing to let go of before the start and after the end", () => {
    const rig = new SessionRig();
    rig.do({ type: "suspend" });
    rig.do({ type: "probe" });
    expect(rig.outputs).toEqual([]);
  });
});
