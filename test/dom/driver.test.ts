import { afterEach, describe, expect, it, vi } from "vitest";
import { SessionDriver, type SessionDriverOptions } from "../../src/host/running/driver.js";
import type { DisposalReport } from "../../src/internal/resource-reports.js";
import { Scope } from "../../src/internal/scope.js";
import { Session } from "../../src/session/session.js";
import type { SessionEvent } from "../../src/session/session-io.js";
import type { SessionOptions } from "../../src/session/session-options.js";
import type { ConnectContext, TransportConnection } from "../../src/transport/transport.js";
import { FakeTransport } from "../support/fake-transport.js";
import { ManualClock } from "../support/manual-clock.js";
import { settle } from "../support/observed-stream.js";
import { FRAME, RETRY } from "../support/session-rig.js";

const scopes: Scope[] = [];
afterEach(async () => {
  for (const scope of scopes.splice(0)) await scope.dispose();
});

function drive(more: Partial<SessionDriverOptions> = {}, options: Partial<SessionOptions> = {}) {
  const clock = new ManualClock();
  const reports: DisposalReport[] = [];
  const scope = new Scope({ name: "session", clock, onReport: (report) => reports.push(report) });
  scopes.push(scope);
  const transport = new FakeTransport();
  const events: SessionEvent[] = [];
  const session = new Session({
    sessionId: "session",
    clientId: "client",
    takeover: false,
    agent: "test/1",
    format: { encoding: "pcm_s16le", sampleRate: 16_000, channels: 1 },
    replay: { maxDurationMs: 30_000, maxBytes: 4_000_000, whenFull: "drop-oldest" },
    retry: RETRY,
    connectTimeoutMs: 3_000,
    heartbeat: { intervalMs: 10_000, timeoutMs: 5_000 },
    renewableToken: more.getToken !== undefined,
    random: () => 0.5,
    ...options,
  });
  const driver = new SessionDriver({
    session,
    transport,
    clock,
    scope,
    getToken: undefined,
    onEvent: (event) => events.push(event),
    ...more,
  });
  const frame = (position: number) =>
    driver.dispatch({
      type: "frame",
      frame: { payload: new Uint8Array(FRAME * 2), position, sampleCount: FRAME, flags: 0 },
    });
  const types = () => events.map(({ type }) => type);
  return { driver, session, transport, clock, scope, events, types, reports, frame };
}

async function connected(more: Partial<SessionDriverOptions> = {}) {
  const driven = drive(more);
  driven.driver.dispatch({ type: "start" });
  await settle();
  expect(driven.types()).toEqual(["connected"]);
  return driven;
}

describe("time", () => {
  it("is kept by one timer, set for when the session wants to wake", async () => {
    const { clock, session, frame } = await connected();
    for (let n = 0; n < 20; n += 1) {
      frame(n * FRAME);
      expect(clock.pending).toBe(1);
      clock.advance(20);
    }
    clock.advance((session.wakeAt ?? 0) - clock.now());
    expect(session.wakeAt).toBeGreaterThan(clock.now());
    expect(clock.pending).toBe(1);
  });

  it("is set anew only if the session wants to wake sooner, and not for each acknowledgement that puts that off", async () => {
    const { clock, frame, transport } = await connected();
    transport.acknowledges = false;
    const schedule = vi.spyOn(clock, "schedule");
    for (let n = 0; n < 40; n += 1) {
      frame(n * FRAME);
      await settle();
      clock.advance(20);
      transport.last.acknowledge();
      await settle();
    }
    expect(schedule.mock.calls.length).toBeLessThan(5);
    // One that comes too early is set again for when it is time.
    clock.advance(9_900);
    expect(transport.last.types).not.toContain("client.hb");
    clock.advance(200);
    await settle();
    expect(transport.last.types).toContain("client.hb");
  });

  it("needs no timer before the start and after the end", async () => {
    const { driver, clock } = drive();
    expect(clock.pending).toBe(0);
    driver.dispatch({ type: "start" });
    await settle();
    driver.dispatch({ type: "end", timeoutMs: 1_000 });
    await settle();
    expect(clock.pending).toBe(0);
  });
});

describe("tokens", () => {
  it("are asked for at each attempt, which the provider is told", async () => {
    // wireapp/wire-webapp#21612
    const contexts: ConnectContext[] = [];
    const { transport, clock } = await connected({
      getToken: (context) => {
        contexts.push(context);
        return `token ${contexts.length}`;
      },
    });
    transport.unreachable = new Error("no network");
    transport.last.lose();
    await settle();
    clock.advance(250);
    await settle();
    transport.unreachable = undefined;
    clock.advance(500);
    await settle();
    expect(contexts.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(transport.last.sent[0]?.data).toMatchObject({ token: "token 3" });
    expect(transport.last.context).toMatchObject({ attempt: 3 });
  });

  it("that cannot be had make the attempt fail, and the next one asks again", async () => {
    const cause = new Error("signed out");
    const getToken = vi.fn<() => Promise<string>>().mockRejectedValueOnce(cause).mockResolvedValueOnce("token");
    const { driver, transport, clock, events, types } = drive({ getToken });
    driver.dispatch({ type: "start" });
    await settle();
    expect(transport.connections).toEqual([]);
    expect(events[0]).toMatchObject({ type: "reconnecting", error: { code: "connect-failed", cause } });
    clock.advance(250);
    await settle();
    expect(types()).toEqual(["reconnecting", "warning", "connected"]);
  });

  it.each([[undefined], [7], [{ token: "x" }], [null]])(
    "that are %o instead of text make the attempt fail",
    async (token) => {
      const { driver, transport, events } = drive({ getToken: () => token as unknown as string });
      driver.dispatch({ type: "start" });
      await settle();
      expect(transport.connections).toEqual([]);
      expect(events[0]).toMatchObject({ type: "reconnecting", error: { code: "connect-failed" } });
      expect((events[0] as { error: Error }).error.message).toContain("getToken must return a string");
    },
  );

  // The server was blamed for a broken connection, again and again.
  it("that are longer than a server takes make the attempt fail, with a sentence about them", async () => {
    const { driver, transport, events } = drive({ getToken: () => "x".repeat(4_097) });
    driver.dispatch({ type: "start" });
    await settle();
    expect(transport.connections).toEqual([]);
    expect(events[0]).toMatchObject({
      error: {
        code: "connect-failed",
        message: expect.stringContaining("getToken must return at most 4096 characters, and returned 4097."),
      },
    });
  });

  it("that never come end with the attempt's deadline, and the provider's signal says so", async () => {
    const contexts: ConnectContext[] = [];
    const { driver, transport, clock, events } = drive({
      getToken: (context) => {
        contexts.push(context);
        return new Promise(() => {});
      },
    });
    driver.dispatch({ type: "start" });
    await settle();
    clock.advance(3_000);
    expect(contexts[0]?.signal.aborted).toBe(true);
    expect(events[0]).toMatchObject({ type: "reconnecting", error: { code: "connect-timeout" } });
    clock.advance(250);
    await settle();
    expect(contexts).toHaveLength(2);
    expect(contexts[1]?.signal.aborted).toBe(false);
    expect(transport.connections).toEqual([]);
  });

  it("that come after the attempt was given up open no connection", async () => {
    const answers: ((token: string) => void)[] = [];
    const { driver, transport, clock } = drive({ getToken: () => new Promise((resolve) => answers.push(resolve)) });
    const connect = vi.spyOn(transport, "connect");
    driver.dispatch({ type: "start" });
    await settle();
    clock.advance(3_000);
    answers[0]?.("late");
    await settle();
    expect(connect).not.toHaveBeenCalled();
  });
});

describe("connections", () => {
  it("are one at a time: the old one is let go of before the next is made", async () => {
    const { transport, clock, session } = await connected();
    transport.last.say("server.goaway", { reason: "deploy" });
    expect(transport.live).toEqual([]);
    expect(transport.last.closings).toEqual(["4000 rollover"]);
    clock.advance(1_000);
    await settle();
    expect(transport.live).toHaveLength(1);
    expect(session.done).toBe(false);
    const [first] = transport.connections;
    expect(first?.context.signal.aborted).toBe(true);
    first?.say("status", {});
    first?.lose(4403);
    await settle();
    expect(session.done).toBe(false);
  });

  it("may speak in the same moment in which they open", async () => {
    const { driver, transport, types } = drive();
    transport.opens = false;
    driver.dispatch({ type: "start" });
    await settle();
    transport.last.open();
    transport.last.say("status", { n: 1 });
    await settle();
    expect(types()).toEqual(["connected", "message"]);
  });

  it("that fail to open are tried again with their own error", async () => {
    const { driver, transport, events } = drive();
    transport.unreachable = new TypeError("no route");
    driver.dispatch({ type: "start" });
    await settle();
    const [event] = events;
    expect(event).toMatchObject({
      type: "reconnecting",
      error: { code: "connect-failed", cause: transport.unreachable },
    });
    expect((event as { error: Error }).error.message).toContain("no route");
  });

  it("that open only after the attempt's deadline are closed, whatever the transport made of the signal", async () => {
    const { driver, transport, clock } = drive();
    transport.deaf = true;
    transport.opens = false;
    driver.dispatch({ type: "start" });
    await settle();
    clock.advance(3_000);
    transport.last.open();
    await settle();
    expect(transport.last.closings).toEqual(["1000 aborted"]);
    expect(transport.live).toEqual([]);
  });

  it("that cannot be closed well are reported, and the session goes on", async () => {
    const failure = new Error("close failed");
    const transport = new FakeTransport();
    const failing = {
      async connect(options: Parameters<FakeTransport["connect"]>[0]): Promise<TransportConnection> {
        const connection = await transport.connect(options);
        return {
          closed: connection.closed,
          bufferedBytes: 0,
          send: (data) => connection.send(data),
          close: () => {
            throw failure;
          },
        };
      },
    };
    const { clock, types, reports } = await connected({ transport: failing });
    transport.last.say("server.goaway", { reason: "deploy" });
    clock.advance(1_000);
    await settle();
    expect(types()).toEqual(["connected", "reconnecting", "connected"]);
    expect(reports.flatMap(({ failures }) => failures)).toEqual([{ resource: "connection", error: failure }]);
  });
});

describe("inputs", () => {
  it("that come up while another is handled wait their turn", async () => {
    const order: string[] = [];
    const driven = drive({
      onEvent: (event) => {
        order.push(`${event.type} begins`);
        if (event.type === "connected") driven.frame(0);
        order.push(`${event.type} ends`);
      },
    });
    driven.driver.dispatch({ type: "start" });
    await settle();
    expect(order.slice(0, 3)).toEqual(["connected begins", "connected ends", "acknowledged begins"]);
    expect(driven.transport.last.audio).toHaveLength(1);
  });

  it("that make the application's own code throw end the session, with everything released", async () => {
    const cause = new Error("the application's fault");
    const events: SessionEvent[] = [];
    const { transport, clock, driver, session } = drive({
      onEvent: (event) => {
        events.push(event);
        if (event.type === "connected") throw cause;
      },
    });
    driver.dispatch({ type: "start" });
    await settle();
    expect(events.at(-1)).toMatchObject({ type: "failed", error: { code: "internal-error", cause } });
    expect(transport.live).toEqual([]);
    expect(session.done).toBe(true);
    expect(clock.pending).toBe(0);
  });
});

// Own trial, field report 89
describe("audio that is held when something throws", () => {
  const heldAudio = { type: "drop", range: { from: 0, to: 250 * FRAME } };

  it("is told as a drop before the failure, if the application's own reconnect function threw", async () => {
    const cause = new Error("the application's fault");
    const policy = () => {
      throw cause;
    };
    const { driver, transport, events, frame, session } = drive({}, { retry: { ...RETRY, policy } });
    transport.unreachable = new Error("unreachable");
    for (let n = 0; n < 250; n += 1) frame(n * FRAME);
    driver.dispatch({ type: "start" });
    await settle();
    expect(events.slice(-2)).toMatchObject([heldAudio, { type: "failed" }]);
    expect(session.stats.samplesDropped).toBe(250 * FRAME);
  });

  it("is told as a drop, if a listener threw at an earlier event of the same moment", async () => {
    const events: SessionEvent[] = [];
    const { driver, frame } = drive({
      onEvent: (event) => {
        events.push(event);
        if (event.type === "drop" && events.length === 1) throw new Error("the application's fault");
      },
    });
    frame(0);
    frame(2 * FRAME);
    driver.dispatch({ type: "discard", range: { from: 3 * FRAME, to: 4 * FRAME } });
    driver.dispatch({ type: "abort" });
    expect(events.filter(({ type }) => type === "drop")).toMatchObject([
      { range: { from: 0, to: FRAME } },
      { range: { from: 2 * FRAME, to: 4 * FRAME } },
    ]);
  });
});

describe("the end of the scope", () => {
  it("closes the socket and the timer inside the call, and nothing follows", async () => {
    const { scope, transport, clock, types, driver, session } = await connected();
    void scope.dispose("gone");
    expect(transport.live).toEqual([]);
    expect(session.done).toBe(true);
    expect(transport.last.context.signal.reason).toBe("gone");
    expect(clock.pending).toBe(0);
    driver.dispatch({ type: "start" });
    driver.dispatch({ type: "probe" });
    await settle();
    expect(types()).toEqual(["connected"]);
    expect(transport.connections).toHaveLength(1);
    expect(scope.resources()).toEqual([]);
  });
});
