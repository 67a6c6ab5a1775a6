import { describe, expect, it } from "vitest";
import { AudioStreamError } from "../../src/errors.js";
import { FRAME, RETRY, SessionRig } from "../support/session-rig.js";

const unreachable = (): AudioStreamError =>
  new AudioStreamError("connect-failed", "The server could not be reached.", { details: undefined });

function open(rig: SessionRig): SessionRig {
  rig.open();
  return rig;
}

describe("what is final", () => {
  // cube-js/cube#10246, ueberdosis/hocuspocus#586, field report 70
  it("ends the stream at once: a message that is too large, with the limit that the server had announced", () => {
    const rig = new SessionRig();
    rig.start();
    rig.open();
    rig.welcome({ limits: { max_in_flight: 64, max_msg_bytes: 4_096 } });
    rig.say("session.new", { session_id: "session", epoch: 7, reason: "created", audio: { position: 0, pace: 100 } });
    rig.frames(1);
    rig.lose(1009);
    expect(rig.failure).toMatchObject({ code: "rejected-by-server", details: { closeCode: 1009 }, retryable: false });
    expect(rig.failure?.message).toContain("4096 bytes");
    rig.pass(60_000);
    expect(rig.connects).toHaveLength(1);
  });

  // insidewhy/rxjs-websockets#42, field report 73
  it("ends the stream at once: what the transport says can never succeed", () => {
    const rig = new SessionRig();
    rig.start();
    const error = new AudioStreamError("connect-impossible", "No such scheme.", { details: undefined });
    rig.fail(error);
    expect(rig.failure).toBe(error);
    rig.pass(60_000);
    expect(rig.connects).toHaveLength(1);
  });

  it.each(["opening", "live"])("ends the stream at once: another version of the protocol, while %s", (phase) => {
    const rig = new SessionRig();
    rig.start();
    rig.open();
    if (phase === "live") rig.begin();
    rig.frames(2);
    rig.receive('{"v":2,"t":"server.hb","data":{}}');
    expect(rig.failure).toMatchObject({ code: "protocol-mismatch", retryable: false });
    expect(rig.failure?.message).toContain("must be 1, and is 2");
    expect(rig.disconnects).toMatchObject([{ connection: 1, code: 4406 }]);
    expect(rig.eventsOf("drop").map(({ range }) => range)).toEqual([{ from: 0, to: 2 * FRAME }]);
    rig.pass(60_000);
    expect(rig.connects).toHaveLength(1);
  });

  it.each([
    ["encoding", { encoding: "mulaw" as const }],
    ["rate", { sample_rate: 8_000 }],
    ["channels", { channels: 2 }],
  ])("ends the stream at once: a grant of another %s than was offered", (_, wrong) => {
    const rig = new SessionRig();
    rig.start();
    rig.open();
    rig.frames(2);
    rig.welcome({ audio: { encoding: "pcm_s16le", sample_rate: 16_000, channels: 1, window: 16_000, ...wrong } });
    expect(rig.failure).toMatchObject({ code: "protocol-mismatch", retryable: false });
    expect(rig.failure?.message).toContain("pcm_s16le, 16000 Hz, 1 channel(s) was offered");
    expect(rig.disconnects).toMatchObject([{ connection: 1, code: 4406 }]);
    rig.say("session.new", { session_id: "session", epoch: 7, reason: "created", audio: { position: 0, pace: 100 } });
    expect(rig.audio()).toEqual([]);
    expect(rig.eventsOf("connected")).toEqual([]);
  });
});

describe("what may change", () => {
  // scribble-rs/scribble.rs#157, field report 72
  it.each([4409, 4403, 4406, 4413, 1009, 4401, 4410])(
    "%i is tried again when the server has said when to come back",
    (code) => {
      const rig = new SessionRig();
      rig.start();
      rig.open();
      rig.say("server.error", { code: "in_use", retry_after_ms: 4_000 });
      rig.lose(code);
      expect(rig.failure).toBeUndefined();
      expect(rig.eventsOf("reconnecting")[0]?.delayMs).toBeGreaterThanOrEqual(4_000);
      expect(rig.eventsOf("reconnecting")[0]?.delayMs).toBeLessThan(5_000);
      rig.pass(5_000);
      rig.open();
      rig.begin();
      expect(rig.eventsOf("connected")).toHaveLength(1);
    },
  );

  it("ends the stream after all when the next refusal names no time", () => {
    const rig = new SessionRig();
    rig.start();
    rig.open();
    rig.say("server.error", { code: "in_use", retry_after_ms: 1_000 });
    rig.lose(4409);
    rig.pass(5_000);
    rig.open();
    rig.say("server.error", { code: "in_use" });
    rig.lose(4409);
    expect(rig.failure?.code).toBe("session-in-use");
  });

  // Field report 96
  it("keeps the server's time when the close comes only a while after the complaint", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.say("server.error", { code: "overloaded", retry_after_ms: 7_000 });
    rig.pass(1_500);
    rig.lose(1013);
    expect(rig.eventsOf("reconnecting")[0]?.delayMs).toBeGreaterThanOrEqual(7_000);
  });

  // Field report 96: what was said does not become untrue because no close code follows it.
  it.each<[string, (rig: SessionRig) => unknown, number]>([
    ["breaks", (rig) => rig.lose(1006), 3_000],
    ["fails in the transport", (rig) => rig.fail(unreachable()), 3_000],
    [
      "breaks after a longer time was followed by a shorter one",
      (rig) => {
        rig.say("server.error", { code: "busy", retry_after_ms: 1_000 });
        rig.lose(1006);
      },
      3_000,
    ],
  ])(
    "keeps what is left of the server's time when the connection %s a while after the complaint",
    (_, happen, leftMs) => {
      const rig = new SessionRig();
      rig.connect();
      rig.say("server.error", { code: "overloaded", retry_after_ms: 7_000 });
      rig.pass(4_000);
      happen(rig);
      const delayMs = rig.eventsOf("reconnecting")[0]?.delayMs;
      expect(delayMs).toBeGreaterThanOrEqual(leftMs);
      expect(delayMs).toBeLessThan(leftMs + 1_500);
      rig.do({ type: "probe" });
      rig.pass(leftMs - 1);
      expect(rig.connects).toHaveLength(1);
    },
  );

  it("keeps what is left of the server's time when the server falls silent after the complaint", () => {
    const rig = new SessionRig({ heartbeat: { intervalMs: 10_000, timeoutMs: 2_500 } });
    rig.connect();
    rig.frames(1);
    rig.say("server.error", { code: "overloaded", retry_after_ms: 30_000 });
    rig.pass(4_500);
    expect(rig.disconnects).toMatchObject([{ code: 4408 }]);
    rig.pass(25_000);
    expect(rig.connects).toHaveLength(1);
    rig.pass(2_500);
    expect(rig.connects).toHaveLength(2);
  });

  it("is not held back by a break when the server's time has run out", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.say("server.error", { code: "overloaded", retry_after_ms: 2_000 });
    rig.pass(2_000);
    rig.lose(1006);
    expect(rig.eventsOf("reconnecting")[0]?.delayMs).toBeLessThan(1_000);
  });

  // Field report 96
  it.each<[string, (rig: SessionRig) => unknown]>([
    [
      "refused",
      (rig) => {
        rig.say("server.error", { code: "overloaded", retry_after_ms: 20_000 });
        rig.lose(4429);
      },
    ],
    ["sent away", (rig) => rig.say("server.goaway", { reason: "deploy", retry_after_ms: 20_000 })],
    ["complained", (rig) => rig.say("server.error", { code: "overloaded", retry_after_ms: 20_000 })],
  ])("keeps the server's time when the page is put away and comes back after it %s", (_, happen) => {
    const rig = new SessionRig();
    rig.connect();
    happen(rig);
    rig.pass(1_000);
    rig.do({ type: "suspend" });
    rig.do({ type: "suspend" });
    rig.pass(3_000);
    rig.do({ type: "probe" });
    rig.pass(15_900);
    expect(rig.connects).toHaveLength(1);
    rig.pass(3_000);
    expect(rig.connects).toHaveLength(2);
    rig.open();
    rig.takeUp(0);
    expect(rig.eventsOf("connected")).toHaveLength(2);
  });

  it("keeps the longer of two times, whichever came last", () => {
    for (const times of [
      [6_000, 2_000],
      [2_000, 6_000],
    ]) {
      const rig = new SessionRig();
      rig.connect();
      for (const retry_after_ms of times) rig.say("server.error", { code: "overloaded", retry_after_ms });
      rig.say("server.error", { code: "by_the_way" });
      rig.lose(1013);
      expect(rig.eventsOf("reconnecting")[0]?.delayMs).toBeGreaterThanOrEqual(6_000);
    }
  });

  it("is not held back by a complaint of long ago", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.say("server.error", { code: "overloaded", retry_after_ms: 15_000 });
    for (let n = 0; n < 3; n += 1) {
      rig.pass(8_000);
      rig.say("server.hb", {});
    }
    rig.lose(1006);
    expect(rig.eventsOf("reconnecting")[0]?.delayMs).toBeLessThan(1_000);
  });

  it.each([-1, 1.5, 86_400_001, 1e300])("takes a time of %f for a broken protocol, and gives it no power", (bad) => {
    const rig = new SessionRig();
    rig.connect();
    rig.receive(`{"v":1,"t":"server.error","data":{"code":"busy","retry_after_ms":${bad}}}`);
    expect(rig.warnings()).toEqual(["protocol-violation"]);
    expect(rig.eventsOf("reconnecting")[0]?.delayMs).toBeLessThan(2_500);
  });
});

describe("the first failure of a first connection", () => {
  // Field report 74
  it("is a warning at once, and only the first is", () => {
    const rig = new SessionRig();
    rig.start();
    const first = unreachable();
    rig.fail(first);
    rig.pass(250);
    rig.fail(unreachable());
    expect(rig.eventsOf("warning").map(({ error }) => error)).toEqual([first]);
    expect(rig.eventsOf("reconnecting")).toHaveLength(2);
  });

  it("is no warning of its own once the server has answered", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.lose();
    expect(rig.warnings()).toEqual([]);
  });

  // Field report 74
  it.each<[string, (rig: SessionRig) => unknown, string]>([
    ["cannot be made", (rig) => rig.fail(unreachable()), "connect-failed"],
    ["is closed at once", (rig) => open(rig).lose(1011), "connection-lost"],
    ["is not answered", (rig) => rig.pass(10_000), "connect-timeout"],
    ["is answered with nonsense", (rig) => open(rig).receive("hello"), "protocol-violation"],
  ])("ends a stream that fails fast, when it %s", (_, happen, code) => {
    const rig = new SessionRig({ retry: { ...RETRY, initial: "fail-fast" } });
    rig.start();
    happen(rig);
    expect(rig.failure?.code).toBe(code);
    expect(rig.warnings()).toEqual([code]);
    rig.pass(60_000);
    expect(rig.connects).toHaveLength(1);
  });

  it("is the only one that failing fast is about", () => {
    const rig = new SessionRig({ retry: { ...RETRY, initial: "fail-fast" } });
    rig.connect();
    rig.lose();
    rig.pass(1_000);
    expect(rig.failure).toBeUndefined();
    expect(rig.connects).toHaveLength(2);
  });

  it("does not keep a stream that fails fast from asking for a fresh token", () => {
    const rig = new SessionRig({ retry: { ...RETRY, initial: "fail-fast" }, renewableToken: true });
    rig.start();
    rig.open("stale");
    rig.lose(4401);
    rig.pass(1_000);
    rig.open("fresh");
    rig.begin();
    expect(rig.eventsOf("connected")).toHaveLength(1);
  });
});
