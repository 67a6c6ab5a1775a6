import { describe, expect, it } from "vitest";
import { SessionRig } from "../support/session-rig.js";

function connected(maxInFlight = 64): SessionRig {
  const rig = new SessionRig();
  rig.start();
  rig.open();
  rig.welcome({ limits: { max_in_flight: maxInFlight, max_msg_bytes: 1_000 } });
  const audio = { position: 0, pace: 4 };
  rig.say("session.new", { session_id: "session", epoch: 7, reason: "created", audio });
  return rig;
}

const acks = (rig: SessionRig) => rig.sentOf("client.ack").map(({ ack_seq }) => ack_seq);

describe("messages of the server", () => {
  it("reach the page as they were sent, numbered or not, the application's own types too", () => {
    const rig = connected();
    rig.say("asr.partial", { text: "hel", segment_id: "s1" }, { seq: 1, corr: "x" });
    rig.say("weather.now", { rain: true }, { seq: 2 });
    rig.say("status", { ready: true });
    rig.say("queue.drop", { queue: "events", from_seq: 3, to_seq: 5 });
    expect(rig.eventsOf("message").map(({ message }) => message)).toEqual([
      { v: 1, t: "asr.partial", seq: 1, corr: "x", data: { text: "hel", segment_id: "s1" } },
      { v: 1, t: "weather.now", seq: 2, data: { rain: true }, application: true },
      { v: 1, t: "status", data: { ready: true } },
      { v: 1, t: "queue.drop", data: { queue: "events", from_seq: 3, to_seq: 5 } },
    ]);
  });

  it("that only keep the protocol going stay below", () => {
    const rig = connected();
    for (const t of ["server.ack", "system.heartbeat", "system.metrics"] as const) rig.say(t, { any: "thing" });
    rig.say("server.hb", {});
    expect(rig.eventsOf("message")).toEqual([]);
    expect(rig.warnings()).toEqual([]);
  });

  it("are delivered once when their numbers come again", () => {
    const rig = connected();
    for (const seq of [1, 2, 2, 1, 3]) rig.caption(seq);
    expect(rig.eventsOf("message").map(({ message }) => message.seq)).toEqual([1, 2, 3]);
  });
});

// Own trial, field report 92
describe("a hole in the numbers of messages", () => {
  const deliveredIn = (rig: SessionRig) => rig.eventsOf("message").map(({ message }) => message.seq);
  const reportedIn = (rig: SessionRig) =>
    rig.eventsOf("warning").flatMap(({ error }) => (error.code === "messages-missing" ? [error.details] : []));

  it("is reported with its range before the message that follows it", () => {
    const rig = connected();
    for (let seq = 1; seq <= 12; seq += 1) rig.caption(seq);
    rig.caption(20);
    expect(reportedIn(rig)).toEqual([{ ranges: [{ fromSeq: 13, toSeq: 19 }] }]);
    expect(rig.eventsOf("warning")[0]?.error.message).toContain("13 to 19");
    expect(rig.events.slice(-2).map(({ type }) => type)).toEqual(["warning", "message"]);
    rig.pass(100);
    expect(acks(rig).at(-1)).toBe(20);
  });

  it("does not swallow a message that comes late, which is delivered once", () => {
    const rig = connected();
    for (const seq of [1, 12, 20, 15, 15, 20, 12, 21]) rig.caption(seq);
    expect(deliveredIn(rig)).toEqual([1, 12, 20, 15, 21]);
    expect(reportedIn(rig)).toEqual([
      { ranges: [{ fromSeq: 2, toSeq: 11 }] },
      { ranges: [{ fromSeq: 13, toSeq: 19 }] },
    ]);
  });

  it("is not reported again, if the server said itself that those messages will never come", () => {
    const rig = connected();
    rig.caption(1);
    rig.say("queue.drop", { queue: "events", from_seq: 2, to_seq: 5 });
    rig.caption(6);
    rig.caption(9);
    expect(reportedIn(rig)).toEqual([{ ranges: [{ fromSeq: 7, toSeq: 8 }] }]);
  });

  it("is reported whatever else a server puts into its queue.drop", () => {
    const rig = connected();
    for (const data of [{ queue: "audio", from_seq: 1, to_seq: 5 }, "nonsense", { queue: "events", from_seq: -1 }]) {
      rig.say("queue.drop", data);
    }
    rig.caption(6);
    expect(reportedIn(rig)).toEqual([{ ranges: [{ fromSeq: 1, toSeq: 5 }] }]);
  });

  it("is reported at the beginning of a new lineage, too", () => {
    const rig = connected();
    rig.caption(1);
    rig.say("session.new", { session_id: "session", epoch: 8, reason: "reset" });
    rig.caption(3);
    expect(reportedIn(rig)).toEqual([{ ranges: [{ fromSeq: 1, toSeq: 2 }] }]);
  });

  it("is none, if control messages have the numbers between", () => {
    const rig = connected();
    rig.caption(1);
    rig.say("system.heartbeat", {}, { seq: 2 });
    rig.say("server.hb", {}, { seq: 3 });
    rig.caption(4);
    expect(reportedIn(rig)).toEqual([]);
    expect(deliveredIn(rig)).toEqual([1, 4]);
  });

  it("in a replay is reported with the reconnection, and a message that still comes is delivered once", () => {
    const rig = connected();
    for (let seq = 1; seq <= 8; seq += 1) rig.caption(seq);
    rig.reconnect();
    rig.welcome();
    const nothing = { current_seq: 12, finalized_transcript: [], active_partials: [] };
    rig.say("session.snapshot", { session_id: "session", epoch: 7, ...nothing });
    rig.caption(9);
    rig.caption(12);
    rig.say("session.ack", { session_id: "session", status: "resumed", epoch: 7, audio: { position: 0, pace: 4 } });
    expect(rig.eventsOf("connected").at(-1)?.reconnection?.missingMessages).toEqual([{ fromSeq: 10, toSeq: 11 }]);
    for (const seq of [11, 11, 13]) rig.caption(seq);
    expect(deliveredIn(rig).slice(8)).toEqual([9, 12, 11, 13]);
    expect(reportedIn(rig)).toEqual([]);
  });

  it("that an interrupted resume announced is reported once, less what the next one brings", () => {
    const rig = connected();
    rig.caption(1);
    rig.reconnect();
    rig.welcome();
    const snapshot = { session_id: "session", epoch: 7, current_seq: 9, finalized_transcript: [], active_partials: [] };
    rig.say("session.snapshot", { ...snapshot, gap: { from_seq: 2, to_seq: 5 } });
    rig.caption(6);
    rig.reconnect();
    rig.welcome();
    rig.say("session.snapshot", { ...snapshot, gap: { from_seq: 2, to_seq: 4 } });
    for (const seq of [5, 6, 7]) rig.caption(seq);
    rig.say("session.ack", { session_id: "session", status: "resumed", epoch: 7, audio: { position: 0, pace: 4 } });
    expect(rig.eventsOf("connected").at(-1)?.reconnection?.missingMessages).toEqual([{ fromSeq: 2, toSeq: 4 }]);
    expect(deliveredIn(rig)).toEqual([1, 6, 5, 7]);
  });

  // Own trial, field report 92
  it("in a replay that was interrupted is reported when a server answers that has lost its state", () => {
    const rig = connected();
    rig.caption(1);
    rig.reconnect();
    rig.welcome();
    const nothing = { current_seq: 5, finalized_transcript: [], active_partials: [] };
    rig.say("session.snapshot", { session_id: "session", epoch: 7, ...nothing });
    for (const seq of [2, 4, 5]) rig.caption(seq);
    rig.reconnect();
    rig.begin(0, { epoch: 8, reason: "unknown_session" });
    expect(rig.eventsOf("connected").at(-1)?.reconnection?.missingMessages).toEqual([{ fromSeq: 3, toSeq: 3 }]);
  });
});

describe("acknowledging messages", () => {
  it("comes 100 ms after the first that waits, once for all of them", () => {
    const rig = connected();
    rig.caption(1);
    rig.pass(50);
    rig.caption(2);
    rig.pass(49);
    expect(acks(rig)).toEqual([]);
    rig.pass(1);
    expect(acks(rig)).toEqual([2]);
    rig.pass(1_000);
    expect(acks(rig)).toEqual([2]);
  });

  it("comes sooner when a quarter of what may be in flight is open", () => {
    const rig = connected(16);
    for (const seq of [1, 2, 3]) rig.caption(seq);
    expect(acks(rig)).toEqual([]);
    rig.caption(4);
    expect(acks(rig)).toEqual([4]);
  });

  it("comes at once to a server that sends one message at a time", () => {
    const rig = connected(1);
    rig.caption(1);
    expect(acks(rig)).toEqual([1]);
  });

  it("keeps to its own limit when the server's is larger", () => {
    const rig = connected(10_000);
    for (let seq = 1; seq <= 40; seq += 1) rig.caption(seq);
    expect(acks(rig)).toEqual([16, 32]);
  });

  it("covers numbered messages of whatever type, so that none counts as in flight for ever", () => {
    const rig = connected();
    rig.caption(1);
    rig.say("server.hb", {}, { seq: 2 });
    rig.say("system.heartbeat", {}, { seq: 3 });
    rig.say("weather.now", {}, { seq: 4 });
    rig.pass(100);
    expect(acks(rig)).toEqual([4]);
  });

  it("says nothing about messages without a number", () => {
    const rig = connected();
    rig.say("status", {});
    rig.say("weather.now", {});
    rig.pass(1_000);
    expect(acks(rig)).toEqual([]);
  });

  it("leaves to the resume what was not acknowledged before the connection broke", () => {
    const rig = connected();
    rig.caption(1);
    rig.reconnect();
    rig.takeUp(0);
    rig.pass(1_000);
    expect(acks(rig)).toEqual([]);
    expect(rig.sentOf("session.resume")[0]?.last_seq).toBe(1);
    rig.caption(2);
    rig.pass(100);
    expect(acks(rig)).toEqual([2]);
  });

  it("asks for no further wake-up when a new lineage has made it pointless", () => {
    const rig = connected();
    rig.caption(1);
    rig.say("session.new", { session_id: "session", epoch: 8, reason: "reset" });
    rig.pass(500);
    expect(acks(rig)).toEqual([]);
    expect(rig.session.wakeAt).toBeGreaterThan(rig.now);
  });
});

describe("complaints of the server", () => {
  it("become a warning when the connection goes on", () => {
    const rig = connected();
    rig.say("server.error", { code: "engine_slow", detail: "Captions come late." });
    rig.pass(1_000);
    const [warning] = rig.eventsOf("warning");
    expect(warning?.error.code).toBe("protocol-violation");
    expect(warning?.error.message).toContain("engine_slow");
    expect(warning?.error.message).toContain("Captions come late.");
    expect(rig.session.done).toBe(false);
  });

  it("become the close's reason when the connection ends", () => {
    const rig = connected();
    rig.say("server.error", { code: "overloaded", detail: "Too many sessions." });
    rig.lose(4429);
    rig.pass(1_000);
    expect(rig.warnings()).toEqual([]);
    expect(rig.eventsOf("reconnecting")[0]?.error.message).toContain("overloaded: Too many sessions.");
  });

  it("are no reason any more by the time the connection ends for another one, but what they ask for is left to wait", () => {
    const rig = connected();
    rig.say("server.error", { code: "engine_slow", retry_after_ms: 40_000 });
    rig.pass(2_000);
    rig.lose(1006);
    expect(rig.eventsOf("reconnecting")[0]?.error.message).not.toContain("engine_slow");
    expect(rig.eventsOf("reconnecting")[0]?.delayMs).toBeGreaterThanOrEqual(38_000);
  });

  it("that ask for nothing hold nobody back when the connection breaks", () => {
    const rig = connected();
    rig.say("server.error", { code: "engine_slow" });
    rig.pass(2_000);
    rig.lose(1006);
    expect(rig.eventsOf("reconnecting")[0]?.delayMs).toBe(250);
  });
});
