import { describe, expect, it, vi } from "vitest";
import { AudioStreamError } from "../../src/errors.js";
import { RETRY, SessionRig } from "../support/session-rig.js";

const FOREVER = { ...RETRY, maxElapsedMs: Number.POSITIVE_INFINITY };
const unreachable = (): AudioStreamError =>
  new AudioStreamError("connect-failed", "The server could not be reached.", { details: undefined });
const delays = (rig: SessionRig) => rig.eventsOf("reconnecting").map(({ delayMs }) => delayMs);

/** Lets a server deal with each connection as soon as it is asked for. */
function against(rig: SessionRig, ms: number, server: (rig: SessionRig, index: number) => void): void {
  const end = rig.now + ms;
  let seen = 0;
  rig.start();
  while (rig.now < end && !rig.session.done) {
    if (rig.connects.length > seen) {
      server(rig, seen);
      seen += 1;
    } else rig.pass(10);
  }
}

describe("the longest delay", () => {
  // Field report 96
  it.each([0, 0.5, 0.999])("holds for a server that closes as well, and leaves room for chance (%f)", (random) => {
    const rig = new SessionRig({ random: () => random, retry: { ...FOREVER, jitterRatio: 1 } });
    against(rig, 60_000, () => {
      rig.open();
      rig.lose(1011);
    });
    // Later ones may have to wait for the budget of attempts.
    const computed = delays(rig).slice(0, 7);
    expect(Math.max(...computed)).toBeLessThanOrEqual(10_000);
    expect(computed[4]).toBeCloseTo(5_000 + random * 4_000, -3);
  });

  it("is the application's own, also where a crowd would be given more room", () => {
    const rig = new SessionRig({ random: () => 0.999, retry: { ...FOREVER, jitterRatio: 1, maxDelayMs: 20 } });
    rig.connect();
    rig.lose(1011);
    expect(delays(rig)[0]).toBeLessThanOrEqual(20);
  });
});

describe("a time that the server asks for", () => {
  // Field report 96
  it("is never shortened: a stream that may not wait so long gives up at once, and says why", () => {
    const rig = new SessionRig();
    rig.connect();
    rig.frames(3);
    rig.say("server.error", { code: "overloaded", retry_after_ms: 120_000 });
    rig.lose(1013);
    expect(rig.failure).toMatchObject({ code: "retries-exhausted", details: { attempts: 0 } });
    expect(rig.failure?.message).toContain("asked to wait 120 seconds");
    expect(rig.failure?.message).toContain("reconnect.maxElapsedMs");
  });

  it("is waited for when the stream may", () => {
    const rig = new SessionRig({ retry: FOREVER });
    rig.connect();
    rig.say("server.error", { code: "overloaded", retry_after_ms: 120_000 });
    rig.lose(1013);
    rig.pass(119_999);
    expect(rig.connects).toHaveLength(1);
    rig.pass(1_000);
    expect(rig.connects).toHaveLength(2);
  });

  it("is too long as well when only a part of the time allowed is left, and the refusal's own name is kept", () => {
    const rig = new SessionRig();
    rig.start();
    rig.pass(100);
    rig.fail(unreachable());
    rig.pass(250);
    rig.pass(9_000);
    rig.open();
    rig.say("server.error", { code: "in_use", retry_after_ms: 55_000 });
    rig.lose(4409);
    expect(rig.failure?.code).toBe("session-in-use");
    expect(rig.failure?.message).toContain("asked to wait 55 seconds");
  });

  it("is kept by a go-away too", () => {
    for (const retry of [RETRY, undefined]) {
      const rig = new SessionRig({ retry });
      rig.connect();
      rig.say("server.goaway", { reason: "deploy", retry_after_ms: 61_000 });
      expect(rig.failure?.code).toBe("retries-exhausted");
      expect(rig.failure?.message).toContain("61 seconds");
    }
  });
});

describe("a policy of the application", () => {
  // Field report 96
  it("decides alone: no limit of ours ends what it wants to go on with", () => {
    const policy = vi.fn(() => 5_000);
    const rig = new SessionRig({ retry: { ...RETRY, policy } });
    against(rig, 150_000, () => rig.fail(unreachable()));
    expect(rig.failure).toBeUndefined();
    expect(policy.mock.calls.length).toBeGreaterThan(25);
  });

  it("is told what the server asked for", () => {
    const policy = vi.fn(() => 120_500);
    const rig = new SessionRig({ retry: { ...RETRY, policy } });
    rig.connect();
    rig.say("server.error", { code: "overloaded", retry_after_ms: 120_000 });
    rig.lose(1013);
    expect(policy).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ retryAfterMs: 120_000 }));
    expect(delays(rig)).toEqual([120_500]);
  });

  it("that waits for ever keeps the session quiet, and the end of the stream still comes", () => {
    const rig = new SessionRig({ retry: { ...RETRY, policy: () => Number.POSITIVE_INFINITY } });
    rig.connect();
    rig.lose();
    rig.pass(600_000);
    expect(rig.connects).toHaveLength(1);
    rig.do({ type: "end", timeoutMs: 2_000 });
    rig.pass(2_000);
    expect(rig.failure?.code).toBe("close-timeout");
  });
});

describe("a crowd that lost one server", () => {
  const crowd = (dealWith: (rig: SessionRig) => void) => {
    let seed = 1;
    const random = () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const times = Array.from({ length: 200 }, () => {
      const rig = new SessionRig({ random, retry: { ...RETRY, jitterRatio: 1 } });
      rig.connect();
      dealWith(rig);
      return delays(rig)[0] ?? 0;
    }).sort((a, b) => a - b);
    const within = times.map((time) => times.filter((other) => other >= time && other < time + 100).length);
    return { most: Math.max(...within), mean: times.reduce((sum, time) => sum + time, 0) / times.length };
  };

  // livekit/client-sdk-js#261, field report 97
  it.each([1006, 1001, 1005, 1011, 1012])(
    "comes back spread out after %i: no tenth of a second gets a quarter",
    (code) => {
      expect(crowd((rig) => rig.lose(code)).most).toBeLessThanOrEqual(50);
    },
  );

  it("comes back spread out after the time that the server asked for", () => {
    const { most } = crowd((rig) => {
      rig.say("server.error", { code: "overloaded", retry_after_ms: 3_000 });
      rig.lose(1013);
    });
    expect(most).toBeLessThanOrEqual(50);
  });

  it("is not what a client on a bad link of its own waits for", () => {
    const { mean } = crowd((rig) => {
      rig.frames(1);
      rig.pass(10_000);
    });
    expect(mean).toBeLessThan(150);
  });
});

describe("a server that sends its client away", () => {
  const away = (rig: SessionRig) => {
    rig.open();
    rig.begin();
    rig.say("server.goaway", { reason: "maintenance" });
  };

  // Field report 71
  it("again and again is failing: without retries the second time ends the stream", () => {
    const rig = new SessionRig({ retry: undefined });
    against(rig, 200_000, away);
    expect(rig.connects).toHaveLength(2);
    expect(rig.failure?.code).toBe("retries-exhausted");
  });

  it("again and again costs the attempts that are allowed", () => {
    const rig = new SessionRig({ retry: { ...FOREVER, maxAttempts: 3 } });
    against(rig, 200_000, away);
    expect(rig.connects).toHaveLength(5);
    expect(rig.failure?.code).toBe("retries-exhausted");
  });

  it("again and again uses up the time that is allowed", () => {
    const rig = new SessionRig();
    against(rig, 200_000, away);
    expect(rig.failure?.code).toBe("retries-exhausted");
  });

  it.each([0, 4_000, 6_000, 14_000])("after %i ms each time is asked fewer than 20 times in 200 s", (livesMs) => {
    const rig = new SessionRig({ retry: FOREVER });
    against(rig, 200_000, () => {
      rig.open();
      rig.begin();
      rig.pass(livesMs);
      rig.say("server.goaway", { reason: "maintenance" });
    });
    expect(rig.connects.length).toBeLessThan(20);
    expect(rig.failure).toBeUndefined();
  });

  it("before it has answered counts the same", () => {
    const rig = new SessionRig({ retry: undefined });
    against(rig, 200_000, () => {
      rig.open();
      rig.say("server.goaway", { reason: "maintenance" });
    });
    expect(rig.connects).toHaveLength(2);
    expect(rig.session.done).toBe(true);
  });

  it("now and then, from connections that were of use, costs nothing however often", () => {
    const rig = new SessionRig({ retry: { ...RETRY, maxAttempts: 0 } });
    against(rig, 600_000, () => {
      rig.open();
      if (rig.connects.length === 1) rig.begin();
      else rig.takeUp(0);
      for (let n = 0; n < 4; n += 1) {
        rig.pass(8_000);
        rig.say("server.hb", {});
      }
      rig.say("server.goaway", { reason: "maintenance" });
    });
    expect(rig.failure).toBeUndefined();
    expect(rig.connects.length).toBeGreaterThan(15);
  });
});

describe("a connection without progress", () => {
  const swallow = (rig: SessionRig, lastsMs: number, first = false) => {
    rig.open();
    if (first) rig.begin();
    else rig.takeUp(0);
    for (let n = 0; n < lastsMs / 1_000; n += 1) {
      rig.frames(1);
      rig.pass(1_000);
      rig.say("server.hb", {});
    }
    rig.lose(1006);
  };

  // cube-js/cube#10246, ueberdosis/hocuspocus#586, field report 70
  it("counts as failing however long it lasts: the row grows, and in the end the stream says so", () => {
    const rig = new SessionRig();
    against(rig, 300_000, (_, index) => swallow(rig, 8_000, index === 0));
    expect(rig.eventsOf("reconnecting").map(({ attempt }) => attempt)).toEqual(
      rig.eventsOf("reconnecting").map((_, index) => index + 1),
    );
    expect(rig.failure?.code).toBe("retries-exhausted");
    expect(rig.connects.length).toBeLessThan(12);
  });

  it("ends its row with the first acknowledgement", () => {
    const rig = new SessionRig();
    rig.start();
    swallow(rig, 8_000, true);
    rig.pass(1_000);
    rig.open();
    rig.takeUp(0);
    rig.pass(6_000);
    rig.ack(320);
    rig.lose();
    expect(rig.eventsOf("reconnecting").map(({ attempt }) => attempt)).toEqual([1, 1]);
  });

  it.each([1000, 1001, 1005, 1006])(
    "is what a server gives that accepts and closes with %i for ever: it is given up",
    (code) => {
      const rig = new SessionRig();
      against(rig, 300_000, (_, index) => {
        rig.open();
        if (index === 0) rig.begin();
        else rig.takeUp(0);
        rig.lose(code);
      });
      expect(rig.failure?.code).toBe("retries-exhausted");
      expect(rig.connects.length).toBeLessThanOrEqual(12);
    },
  );
});

describe("the number of attempts in the last sentence", () => {
  // Field report 94
  it("is the number that were made", () => {
    const rig = new SessionRig({ retry: { ...RETRY, maxAttempts: 3 } });
    against(rig, 60_000, (_, index) => {
      if (index > 0) rig.fail(unreachable());
      else {
        rig.open();
        rig.begin();
        rig.lose();
      }
    });
    expect(rig.connects).toHaveLength(4);
    expect(rig.failure).toMatchObject({ code: "retries-exhausted", details: { attempts: 3 } });
    expect(rig.failure?.message).toContain("in 3 attempts");
  });
});
