import { describe, expect, it, vi } from "vitest";
import { AudioStreamError } from "../../src/errors.js";
import { FRAME, RETRY, SessionRig } from "../support/session-rig.js";

const unreachable = (): AudioStreamError =>
  new AudioStreamError("connect-failed", "The server could not be reached.", { details: undefined });

const delays = (rig: SessionRig) => rig.eventsOf("reconnecting").map(({ delayMs }) => delayMs);

/** Lets attempts fail, each as soon as it is made, for so long. */
function failFor(rig: SessionRig, ms: number): void {
  const end = rig.now + ms;
  let seen = 0;
  while (rig.now < end && !rig.session.done) {
    if (rig.connects.length > seen) {
      seen = rig.connects.length;
      rig.fail(unreachable());
    } else rig.pass(10);
  }
}

describe("waiting between attempts", () => {
  it("grows by the factor up to the longest delay, and tells the page the number and the reason", () => {
    const rig = new SessionRig({ retry: { ...RETRY, maxDelayMs: 1_500, maxElapsedMs: Number.POSITIVE_INFINITY } });
    rig.start();
    failFor(rig, 8_000);
    expect(delays(rig).slice(0, 5)).toEqual([250, 500, 1_000, 1_500, 1_500]);
    expect(rig.eventsOf("reconnecting").map(({ attempt }) => attempt)).toEqual(delays(rig).map((_, n) => n + 1));
    expect(rig.eventsOf("reconnecting")[0]?.error.code).toBe("connect-failed");
    expect(rig.connects.map(({ attempt }) => attempt).slice(0, 3)).toEqual([1, 2, 3]);
  });

  it("is drawn from the whole interval, so that clients do not come back together", () => {
    // mattermost/mattermost-webapp#10960
    const drawn = [0, 0.1, 0.999].map((value) => {
      const rig = new SessionRig({ random: () => value, retry: { ...RETRY, jitterRatio: 1 } });
      rig.start();
      rig.fail(unreachable());
      return delays(rig)[0];
    });
    expect(drawn).toEqual([0, 25, 249.75]);
  });

  it("starts over only after a connection has lasted five seconds", () => {
    const rig = new SessionRig();
    rig.start();
    rig.fail(unreachable());
    rig.pass(250);
    rig.fail(unreachable());
    rig.pass(500);
    rig.open();
    rig.begin();
    rig.pass(4_999);
    rig.reconnect();
    expect(delays(rig).at(-1)).toBe(1_000);
    rig.takeUp(0);
    rig.pass(5_000);
    rig.lose();
    expect(delays(rig).at(-1)).toBe(250);
  });

  it("is longer, and doubles, when it is the server that closes", () => {
    const rig = new SessionRig();
    rig.start();
    for (let n = 0; n < 3; n += 1) {
      rig.open();
      rig.lose(1011);
      rig.pass(delays(rig).at(-1) ?? 0);
    }
    expect(delays(rig)).toEqual([1_500, 3_000, 6_000]);
  });

  it("spends no more than ten attempts in two minutes, however short the delays are", () => {
    const rig = new SessionRig({
      retry: { ...RETRY, maxDelayMs: 250, maxElapsedMs: Number.POSITIVE_INFINITY },
    });
    rig.start();
    failFor(rig, 110_000);
    expect(rig.connects).toHaveLength(10);
    failFor(rig, 20_000);
    expect(rig.connects.length).toBeGreaterThan(10);
  });

  it.each([1012, 1013, 4429])("is as long as the server asked for when it closes with %i", (code) => {
    const rig = new SessionRig();
    rig.connect();
    rig.say("server.error", { code: "busy", retry_after_ms: 7_000 });
    rig.lose(code);
    expect(delays(rig)[0]).toBeGreaterThanOrEqual(7_000);
    rig.do({ type: "probe" });
    rig.pass(6_999);
    expect(rig.connects).toHaveLength(1);
    rig.pass(1_000);
    expect(rig.connects).toHaveLength(2);
  });

  it("ends at once when a person does not want to wait, unless the server itself had closed", () => {
    const own = new SessionRig({ random: () => 0.999 });
    own.start();
    own.fail(unreachable());
    own.do({ type: "probe", urgent: true });
    own.pass(1);
    expect(own.connects).toHaveLength(2);

    const servers = new SessionRig();
    servers.connect();
    servers.lose(1013);
    servers.do({ type: "probe", urgent: true });
    servers.pass(1_000);
    expect(servers.connects).toHaveLength(1);
  });

  it("is cut short when the network is back, unless the server itself had closed", () => {
    const own = new SessionRig();
    own.start();
    for (let n = 0; n < 5; n += 1) {
      own.fail(unreachable());
      if (n < 4) own.pass(delays(own).at(-1) ?? 0);
    }
    expect(delays(own).at(-1)).toBe(4_000);
    own.do({ type: "probe" });
    own.pass(250);
    expect(own.connects).toHaveLength(6);

    const servers = new SessionRig();
    servers.connect();
    servers.lose(1013);
    servers.do({ type: "probe" });
    servers.pass(1_000);
    expect(servers.connects).toHaveLength(1);
  });
});

describe("giving up", () => {
  it("comes at once when there are to be no retries", () => {
    const rig = new SessionRig({ retry: undefined });
    rig.connect();
    rig.frames(3);
    rig.lose(1006);
    expect(rig.failure).toMatchObject({ code: "retries-exhausted", details: { attempts: 0 } });
    expect(rig.eventsOf("reconnecting")).toEqual([]);
    expect(rig.eventsOf("drop").map(({ range }) => range)).toEqual([{ from: 0, to: 3 * FRAME }]);
    expect(rig.session).toMatchObject({ done: true, wakeAt: undefined });
  });

  it("comes after the attempts that were allowed", () => {
    const rig = new SessionRig({ retry: { ...RETRY, maxAttempts: 3 } });
    rig.start();
    failFor(rig, 30_000);
    expect(rig.connects).toHaveLength(4);
    expect(rig.eventsOf("reconnecting")).toHaveLength(3);
  });

  it("comes after the time that was allowed, and the last attempt is made within it", () => {
    const rig = new SessionRig({ retry: { ...RETRY, maxElapsedMs: 3_000 } });
    rig.start();
    const begun = rig.now;
    failFor(rig, 30_000);
    expect(rig.now - begun).toBeGreaterThanOrEqual(3_000);
    expect(rig.now - begun).toBeLessThan(3_100);
    expect(rig.session.done).toBe(true);
  });

  it("keeps the last attempt's own error when the server was never reached", () => {
    const rig = new SessionRig({ retry: { ...RETRY, maxAttempts: 1 } });
    const last = unreachable();
    rig.start();
    rig.fail(unreachable());
    rig.pass(250);
    rig.fail(last);
    expect(rig.failure).toBe(last);
  });

  it("tells the number of attempts, and the last error as the cause, after a session that had worked", () => {
    const rig = new SessionRig({ retry: { ...RETRY, maxAttempts: 1 } });
    const last = unreachable();
    rig.connect();
    rig.lose(1006);
    rig.pass(250);
    rig.fail(last);
    expect(rig.failure).toMatchObject({ code: "retries-exhausted", details: { attempts: 1 }, cause: last });
  });

  it("lets the time of an outage count only while it lasts", () => {
    const rig = new SessionRig({ retry: { ...RETRY, maxElapsedMs: 3_000 } });
    rig.connect();
    for (let n = 0; n < 5; n += 1) {
      rig.pass(6_000);
      rig.reconnect();
      rig.takeUp(0);
    }
    expect(rig.failure).toBeUndefined();
    expect(rig.session.stats.reconnectCount).toBe(5);
  });
});

describe("a policy of the application", () => {
  it("is asked with the number of failures, the time and the error, and obeyed", () => {
    const policy = vi.fn(() => 1_234);
    const rig = new SessionRig({ retry: { ...RETRY, policy } });
    const error = unreachable();
    rig.start();
    rig.pass(500);
    rig.fail(error);
    expect(policy).toHaveBeenCalledExactlyOnceWith({ attempt: 1, elapsedMs: 500, error });
    expect(delays(rig)).toEqual([1_234]);
    rig.pass(1_233);
    expect(rig.connects).toHaveLength(1);
    rig.pass(1);
    expect(rig.connects).toHaveLength(2);
  });

  it("gives up with null", () => {
    const rig = new SessionRig({ retry: { ...RETRY, policy: ({ attempt }) => (attempt > 1 ? null : 0) } });
    rig.start();
    rig.fail(unreachable());
    rig.pass(0);
    rig.fail(unreachable());
    expect(rig.connects).toHaveLength(2);
    expect(rig.failure?.code).toBe("connect-failed");
  });
});

describe("closes that mean the end", () => {
  it.each([
    [4403, "rejected-by-server"],
    [4406, "rejected-by-server"],
    [4413, "rejected-by-server"],
    [4409, "session-in-use"],
    [4410, "session-superseded"],
    [4401, "unauthorized"],
  ])("%i fails with %s at once, and no retry follows", (code, expected) => {
    // whatwg/websockets#21, vercel/ai#20695
    const rig = new SessionRig();
    rig.connect();
    rig.lose(code, "because");
    rig.pass(120_000);
    expect(rig.failure?.code).toBe(expected);
    if (expected === "rejected-by-server") {
      expect(rig.failure?.details).toEqual({ closeCode: code, closeReason: "because" });
    }
    expect(rig.connects).toHaveLength(1);
    expect(rig.session.done).toBe(true);
  });

  it.each([1000, 1001, 1005, 1006, 1011, 1012, 1013, 3000, 4000, 4400, 4408, 4411, 4429, 4999])(
    "%i is not one of them",
    (code) => {
      const rig = new SessionRig();
      rig.connect();
      rig.lose(code, "because");
      rig.pass(10_000);
      expect(rig.failure).toBeUndefined();
      expect(rig.connects).toHaveLength(2);
      expect(rig.eventsOf("reconnecting")[0]?.error).toMatchObject({
        code: "connection-lost",
        details: { closeCode: code, closeReason: "because" },
      });
    },
  );
});

describe("a refused token", () => {
  it("is asked for anew once, and then the refusal stands", () => {
    // wireapp/wire-webapp#21612
    const rig = new SessionRig({ renewableToken: true });
    rig.start();
    rig.open("stale");
    rig.lose(4401);
    expect(rig.failure).toBeUndefined();
    rig.pass(1_000);
    rig.open("fresh");
    expect(rig.sentOf("client.hello", 2)[0]?.token).toBe("fresh");
    rig.lose(4401);
    expect(rig.failure?.code).toBe("unauthorized");
  });

  it("stays the error when no retry is left for a fresh one", () => {
    const rig = new SessionRig({ renewableToken: true, retry: { ...RETRY, maxAttempts: 0 } });
    rig.connect();
    rig.lose(4401);
    expect(rig.failure?.code).toBe("unauthorized");
  });

  it("may be asked for anew again after a connection that worked", () => {
    const rig = new SessionRig({ renewableToken: true });
    rig.connect();
    for (let n = 0; n < 3; n += 1) {
      rig.pass(6_000);
      rig.lose(4401);
      rig.pass(1_000);
      rig.open("fresh");
      rig.takeUp(0);
    }
    expect(rig.failure).toBeUndefined();
  });
});

describe("a server that goes away", () => {
  it("is left for another connection after the time it asked for and a random part, and the session is resumed", () => {
    // openai/openai-realtime-api-beta#23
    const rig = new SessionRig();
    rig.connect();
    rig.frames(5);
    rig.say("server.goaway", { reason: "deploy", retry_after_ms: 3_000 });
    expect(rig.disconnects).toEqual([{ type: "disconnect", connection: 1, code: 4000, reason: "rollover" }]);
    expect(rig.eventsOf("reconnecting")).toMatchObject([{ attempt: 1, delayMs: 3_500 }]);
    expect(rig.eventsOf("reconnecting")[0]?.error.message).toContain("deploy");
    rig.do({ type: "probe" });
    rig.pass(3_499);
    expect(rig.connects).toHaveLength(1);
    rig.pass(1);
    rig.open();
    rig.takeUp(5 * FRAME);
    expect(rig.sentOf("session.resume")).toHaveLength(1);
    expect(rig.eventsOf("connected").at(-1)?.reconnection).toMatchObject({ resumed: true, downtimeMs: 3_500 });
  });

  it("costs no retry, since nothing failed", () => {
    const rig = new SessionRig({ retry: { ...RETRY, maxAttempts: 0 } });
    rig.connect();
    rig.say("server.goaway", { reason: "deploy" });
    rig.pass(1_000);
    expect(rig.failure).toBeUndefined();
    expect(rig.connects).toMatchObject([{ attempt: 1 }, { attempt: 1 }]);
  });
});
