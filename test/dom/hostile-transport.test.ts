import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AnyAudioStreamError } from "../../src/errors.js";
import { AudioStream } from "../../src/stream/audio-stream.js";
import type { AudioStreamOptions } from "../../src/stream/options/options.js";
import type {
  Transport,
  TransportCloseInfo,
  TransportConnection,
  TransportConnectOptions,
} from "../../src/transport/transport.js";
import { FakeSource } from "../support/fake-source.js";
import { FakeTransport } from "../support/fake-transport.js";
import { settle } from "../support/observed-stream.js";
import { expectNoUnhandledRejections } from "../support/unhandled-rejections.js";

expectNoUnhandledRejections();
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const passTime = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const thrower = (): never => {
  throw new Error("the application's own fault");
};

type Change = (
  connection: TransportConnection,
  n: number,
  options: TransportConnectOptions,
) => TransportConnection | Promise<TransportConnection>;

/** Like the fake one, but for what the test does to each connection. */
function wrapped(inner: FakeTransport, change: Change): Transport {
  let connections = 0;
  return {
    async connect(options) {
      connections += 1;
      const n = connections;
      return change(await inner.connect(options), n, options);
    },
  };
}

/** A stream over such a transport, which speaks before it connects, meanwhile and afterwards. */
async function spokenThrough(change: Change, options: AudioStreamOptions = {}) {
  const inner = new FakeTransport();
  const source = new FakeSource();
  const losses: AnyAudioStreamError[] = [];
  const stream = new AudioStream(
    { source, transport: wrapped(inner, change) },
    { reconnect: { jitterRatio: 0 }, ...options },
  );
  stream.addEventListener("reconnecting", ({ error }) => losses.push(error));
  const started = stream.start();
  started.catch(() => {});
  await settle();
  source.speak(5);
  await passTime(15_000);
  await started;
  source.speak(5);
  await passTime(15_000);
  const closing = stream.close();
  await passTime(5_000);
  await closing;
  expect(inner.expected).toBe(source.captured);
  expect((await stream.getStats()).droppedDurationMs).toBe(0);
  expect(stream.resources()).toEqual([]);
  return { inner, losses };
}

/** The connection with one thing changed. */
function but(connection: TransportConnection, change: Partial<TransportConnection>): TransportConnection {
  return {
    closed: connection.closed,
    bufferedBytes: 0,
    send: (data) => connection.send(data),
    close: (code, reason) => connection.close(code, reason),
    ...change,
  };
}

const closedWith = (info: unknown): Partial<TransportConnection> => ({
  closed: Promise.resolve(info as TransportCloseInfo),
});

describe("a transport of the application's own", () => {
  const wordless = Object.create(null) as object;

  it.each<[string, () => Partial<TransportConnection>, string]>([
    ["throws when it sends", () => ({ send: thrower }), "the application's own fault"],
    ["rejects when it sends", () => ({ send: (async () => thrower()) as () => void }), "the application's own fault"],
    [
      "rejects instead of saying that it closed",
      () => ({ closed: Promise.reject(new Error("cable cut")) }),
      "cable cut",
    ],
    ["rejects with what has no words", () => ({ closed: Promise.reject(wordless) }), "it cannot be put into words"],
    ["closes with no information", () => closedWith(undefined), "transport failed"],
  ])("that %s loses that connection with a named error, and no audio", async (_, change, words) => {
    const { inner, losses } = await spokenThrough((connection, n) =>
      n === 1 ? but(connection, change()) : connection,
    );
    expect(losses).toMatchObject([{ code: "connection-lost", retryable: true, details: { closeCode: 1006 } }]);
    expect(losses[0]?.message).toContain(words);
    expect(inner.connections).toHaveLength(2);
    expect(inner.connections[0]?.closings).toEqual(["1000 failed"]);
  });

  it.each<[string, () => unknown]>([
    ["throws", thrower],
    ["is NaN", () => Number.NaN],
    ["is endless", () => Number.POSITIVE_INFINITY],
    ["is below zero", () => -1e12],
    ["is text", () => "65537"],
    ["is a bigint", () => 2n ** 64n],
    ["is nothing", () => undefined],
  ])("whose bufferedBytes %s keeps its connection and sends", async (_, held) => {
    const { losses } = await spokenThrough((connection) =>
      Object.defineProperty(but(connection, {}), "bufferedBytes", { get: held }),
    );
    expect(losses).toEqual([]);
  });

  it("that throws or rejects when it closes is let go of all the same", async () => {
    await spokenThrough((connection) => but(connection, { close: thrower }));
    await spokenThrough((connection) => but(connection, { close: (async () => thrower()) as () => void }));
    await spokenThrough((connection) => but(connection, { close: () => new Promise(() => {}) as never }));
  });

  it.each<[string, unknown, number]>([
    ["as a normal one", { code: 1000, reason: "done", clean: true }, 1000],
    ["with text", { code: "4403", reason: 7 }, 1006],
    ["with no number", { code: Number.NaN, reason: "x" }, 1006],
    ["with a fraction", { code: 4403.5, reason: "x" }, 1006],
    ["with less than there is", { code: -4403, reason: "x" }, 1006],
    ["with more than there is", { code: 1e9, reason: "x" }, 1006],
    ["with a reason that no frame can hold", { code: 4000, reason: "x".repeat(1e6) }, 4000],
  ])("that is closed as it opens, %s, is tried again, and says so with a code that there is", async (_, info, code) => {
    const { losses } = await spokenThrough((connection, n) =>
      n === 1 ? but(connection, closedWith(info)) : connection,
    );
    expect(losses).toMatchObject([{ code: "connection-lost", details: { closeCode: code } }]);
    expect(losses[0]?.message.length).toBeLessThan(400);
  });

  it("that is closed as it opens with a final code ends the stream with that code", async () => {
    const inner = new FakeTransport();
    inner.answers = false;
    const refusal = closedWith({ code: 4403, reason: "no such plan", clean: true });
    const transport = wrapped(inner, (connection) => but(connection, refusal));
    const stream = new AudioStream({ source: new FakeSource(), transport });
    const started = stream.start();
    await expect(started).rejects.toMatchObject({ code: "rejected-by-server", details: { closeCode: 4403 } });
    expect(inner.connections).toHaveLength(1);
  });

  it.each<[string, unknown]>([
    ["a Blob", new Blob(["x"])],
    ["an ArrayBuffer", new ArrayBuffer(8)],
    ["a number", 7],
    ["nothing", undefined],
    ["an object that throws when it is read", new Proxy({}, { get: thrower })],
    ["a million characters that are no message", "x".repeat(1e6)],
  ])("that delivers %s is left for a protocol violation, and the next connection goes on", async (_, nonsense) => {
    const { losses } = await spokenThrough((connection, n, { onMessage }) => {
      if (n === 1) onMessage(nonsense as string);
      return connection;
    });
    expect(losses).toMatchObject([{ code: "protocol-violation" }]);
  });

  it("that delivers messages of a connection that is gone is not heard", async () => {
    const late: (() => void)[] = [];
    const { losses, inner } = await spokenThrough((connection, n, { onMessage }) => {
      const goodbye = () => onMessage('{"v":1,"t":"session.end","data":{"position":0,"reason":"from the dead"}}');
      if (n > 1) {
        for (const say of late.splice(0)) say();
        return connection;
      }
      late.push(
        goodbye,
        () => onMessage("nonsense"),
        () => onMessage(7 as never),
      );
      return but(connection, closedWith({ code: 1006, reason: "", clean: false }));
    });
    expect(losses).toHaveLength(1);
    expect(inner.connections).toHaveLength(2);
  });

  it("that delivers messages after the end of the stream is not heard, and harms nobody", async () => {
    let say: (data: string) => void = () => {};
    await spokenThrough((connection, _, { onMessage }) => {
      say = onMessage;
      return connection;
    });
    expect(() => say('{"v":1,"t":"server.goaway","data":{"reason":"late"}}')).not.toThrow();
    expect(() => say("nonsense")).not.toThrow();
  });

  it.each<[string, (connection: TransportConnection) => unknown]>([
    ["no promise in closed", (connection) => but(connection, { closed: undefined as never })],
    ["a closed that throws", (c) => Object.defineProperty(but(c, {}), "closed", { get: thrower })],
    ["no send()", (connection) => but(connection, { send: undefined as never })],
  ])("that resolves with what has %s is refused by name, and that is closed", async (_, change) => {
    const { losses, inner } = await spokenThrough((connection, n) =>
      n === 1 ? (change(connection) as TransportConnection) : connection,
    );
    expect(losses).toMatchObject([{ code: "connect-failed" }]);
    expect(inner.connections[0]?.closings).toEqual(["1000 failed"]);
  });

  it("that resolves with nothing long after it was given up is no error", async () => {
    const { losses } = await spokenThrough((connection, n) =>
      n > 1 ? connection : new Promise((resolve) => setTimeout(() => resolve(undefined as never), 12_000)),
    );
    expect(losses).toMatchObject([{ code: "connect-timeout" }]);
  });

  it("that sends only after a while loses the connection when that fails", async () => {
    const { losses } = await spokenThrough((connection, n) => {
      if (n > 1) return connection;
      const send = () => new Promise((_, reject) => setTimeout(() => reject(new Error("pipe broken")), 500));
      return but(connection, { send: send as never });
    });
    expect(losses).toMatchObject([{ code: "connection-lost" }]);
    expect(losses[0]?.message).toContain("pipe broken");
  });

  it.each<readonly [string, unknown]>([
    ["throws", thrower],
    ["returns nothing", () => undefined],
    ["resolves with nothing", async () => undefined],
    ["never answers", () => new Promise(() => {})],
  ])("that %s when it connects is tried again", async (_, fail) => {
    const inner = new FakeTransport();
    const source = new FakeSource();
    let attempts = 0;
    const transport = {
      connect(options: TransportConnectOptions) {
        attempts += 1;
        return attempts === 1 ? (fail as Transport["connect"])(options) : inner.connect(options);
      },
    };
    const stream = new AudioStream({ source, transport }, { reconnect: { jitterRatio: 0 } });
    const started = stream.start();
    await settle();
    source.speak(5);
    await passTime(15_000);
    await started;
    expect(attempts).toBe(2);
    await stream.close();
    expect(inner.expected).toBe(source.captured);
  });
});
