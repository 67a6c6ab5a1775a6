import { describe, expect, it } from "vitest";
import { AudioStreamError } from "../../src/errors.js";
import { FRAME, RETRY, SessionRig } from "../support/session-rig.js";

const unreachable = (): AudioStreamError =>
  new AudioStreamError("connect-failed", "The server could not be reached.", { details: undefined });

/** The radio is not up yet when the first attempt is made. */
function failFirstAttempt(rig: SessionRig): void {
  rig.pass(300);
  rig.fail(unreachable());
}

function expectItGoesOn(rig: SessionRig): void {
  expect(rig.failure).toBeUndefined();
  rig.pass(5_000);
  rig.open();
  rig.takeUp(0);
  expect(rig.eventsOf("connected")).toHaveLength(2);
}

// shridarpatil/whatomate#494, chattocorp/chatto#502, field report 75
describe("time in which nobody could act", () => {
  it.each([61_000, 3_600_000])("does not count when the page was put away for %i ms", (ms) => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(5);
    rig.do({ type: "suspend" });
    rig.now += ms;
    rig.do({ type: "probe" });
    failFirstAttempt(rig);
    expectItGoesOn(rig);
    expect(rig.eventsOf("connected").at(-1)?.reconnection?.downtimeMs).toBeGreaterThan(ms);
  });

  it("leaves a returning page all its attempts, whatever it had used up before", () => {
    const rig = new SessionRig({ retry: { ...RETRY, maxAttempts: 2 } });
    rig.connect();
    rig.lose();
    rig.pass(250);
    rig.fail(unreachable());
    rig.do({ type: "suspend" });
    rig.now += 61_000;
    rig.do({ type: "probe" });
    failFirstAttempt(rig);
    expectItGoesOn(rig);
  });

  it.each([
    ["slept while it waited", 0],
    ["slept late in an outage", 50_000],
  ])("does not count when the machine %s", (_, outageMs) => {
    const rig = new SessionRig({ retry: { ...RETRY, policy: undefined } });
    rig.connect();
    rig.lose();
    for (const end = rig.now + outageMs; rig.now < end; ) {
      const seen = rig.connects.length;
      rig.pass(1_000);
      if (rig.connects.length > seen) rig.fail(unreachable());
    }
    rig.sleep(61_000);
    while (rig.eventsOf("reconnecting").length === rig.connects.length) rig.pass(100);
    failFirstAttempt(rig);
    expectItGoesOn(rig);
  });

  it("is subtracted every time, but a page whose every timer is late does not get all its attempts anew each time", () => {
    const rig = new SessionRig({ retry: { ...RETRY, maxAttempts: 3 } });
    rig.connect();
    rig.lose();
    for (let n = 0; n < 30 && !rig.session.done; n += 1) {
      rig.sleep(15_000);
      if (rig.connects.length > rig.eventsOf("reconnecting").length) rig.fail(unreachable());
    }
    expect(rig.failure?.code).toBe("retries-exhausted");
    expect(rig.connects.length).toBeLessThanOrEqual(8);
  });

  it("does not end an attempt that was under way, which gets one more chance and not more", () => {
    const rig = new SessionRig();
    rig.start();
    rig.pass(1_000);
    rig.open();
    rig.sleep(60_000);
    expect(rig.disconnects).toEqual([]);
    rig.begin();
    expect(rig.eventsOf("connected")).toHaveLength(1);

    const silent = new SessionRig({ connectTimeoutMs: 1_000 });
    silent.start();
    for (let n = 0; n < 5; n += 1) silent.sleep(60_000);
    expect(silent.disconnects[0]).toMatchObject({ connection: 1, code: 4408 });
  });

  it("does not end an attempt of which it took nearly all the time", () => {
    const rig = new SessionRig();
    rig.start();
    rig.pass(200);
    rig.sleep(9_700);
    rig.pass(1_500);
    expect(rig.disconnects).toEqual([]);
  });

  it("does not end a close, which gets one more chance and not more", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(3);
    rig.do({ type: "end", timeoutMs: 5_000 });
    rig.sleep(60_000);
    expect(rig.failure).toBeUndefined();
    rig.ack(3 * FRAME);
    rig.say("session.end", { position: 3 * FRAME, reason: "done" });
    expect(rig.eventsOf("ended")).toHaveLength(1);

    const silent = new SessionRig();
    silent.connect();
    silent.do({ type: "end", timeoutMs: 3_000 });
    for (let n = 0; n < 6; n += 1) silent.sleep(60_000);
    expect(silent.failure?.code).toBe("close-timeout");
  });

  it("ends no wait that the server asked for: that passes during sleep too", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.say("server.error", { code: "overloaded", retry_after_ms: 50_000 });
    rig.lose(1013);
    rig.sleep(52_000);
    expect(rig.connects).toHaveLength(2);
  });

  // shridarpatil/whatomate#494, field report 75
  it("is none while audio or messages come and only timers stand still: what is due is done when they come", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.lose();
    for (let n = 0; n < 100; n += 1) {
      rig.now += 100;
      rig.frames(1);
    }
    expect(rig.connects).toHaveLength(2);
    rig.open();
    for (let n = 0; n < 200; n += 1) {
      rig.now += 100;
      rig.say("server.hb", {});
    }
    expect(rig.disconnects.at(-1)).toMatchObject({ code: 4408, reason: "connect timeout" });
  });

  it("does not become life when the clock goes back, and the session goes on", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.lose();
    rig.now -= 3_600_000;
    // A timer of the platform does not go by this clock.
    rig.do({ type: "time" });
    rig.pass(2_000);
    expect(rig.connects).toHaveLength(2);
    rig.open();
    rig.takeUp(0);
    expect(rig.eventsOf("connected").at(-1)?.reconnection?.downtimeMs).toBeLessThan(3_000);
  });
});
