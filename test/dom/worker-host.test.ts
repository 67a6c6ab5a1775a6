import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { AudioStreamError } from "../../src/errors.js";
import { opus } from "../../src/frames/opus/opus.js";
import type { RunningEvent } from "../../src/host/running-messages.js";
import { SourceAccount } from "../../src/host/source-account.js";
import { WorkerHost } from "../../src/host/worker/worker-host.js";
import { Scope } from "../../src/internal/scope.js";
import { AudioStream } from "../../src/stream/audio-stream.js";
import type { DropEvent, ReconnectedEvent } from "../../src/stream/events/events.js";
import type { AudioStreamOptions } from "../../src/stream/options/options.js";
import { resolveOptions } from "../../src/stream/options/resolve-options.js";
import type { UrlProvider } from "../../src/transport/transport.js";
import { webSocket } from "../../src/transport/websocket.js";
import { fakeAudioEncoder } from "../support/fake-audio-encoder.js";
import { FakeSource, FRAME } from "../support/fake-source.js";
import { FakeTransport } from "../support/fake-transport.js";
import { FakeWorker, installFakeWorkers } from "../support/fake-worker.js";
import { passTime, rejectionOf, settle } from "../support/observed-stream.js";

const WORKER = "https://example.test/loquilex.worker.js";

let transport: FakeTransport;
const streams: AudioStream[] = [];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  transport = new FakeTransport();
  installFakeWorkers(transport);
});
afterEach(async () => {
  for (const stream of streams.splice(0)) {
    stream.abort();
    await passTime(300);
    await stream.closed;
    expect(stream.resources()).toEqual([]);
  }
  expect(FakeWorker.live).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

interface Made {
  readonly stream: AudioStream;
  readonly source: FakeSource;
  readonly drops: DropEvent[];
  readonly warnings: AudioStreamError[];
  readonly messages: unknown[];
  readonly reconnections: ReconnectedEvent[];
}

function make(options: AudioStreamOptions = {}, url: UrlProvider = "wss://example.test/audio"): Made {
  const source = new FakeSource();
  const predictable = { heartbeat: { intervalMs: 60_000 }, reconnect: { jitterRatio: 0 } };
  const stream = new AudioStream(
    { source, transport: webSocket(url) },
    { workerUrl: WORKER, ...predictable, ...options },
  );
  streams.push(stream);
  const made: Made = { stream, source, drops: [], warnings: [], messages: [], reconnections: [] };
  stream.addEventListener("drop", (event) => made.drops.push(event));
  stream.addEventListener("warning", ({ error }) => made.warnings.push(error));
  stream.addEventListener("message", ({ data }) => made.messages.push(data));
  stream.addEventListener("reconnected", (event) => made.reconnections.push(event));
  return made;
}

async function running(options?: AudioStreamOptions, url?: UrlProvider): Promise<Made> {
  const made = make(options, url);
  const started = made.stream.start();
  await settle();
  made.source.speak();
  await settle();
  await started;
  return made;
}

const heard = (): number[] => transport.connections.flatMap(({ audio }) => audio.map(({ position }) => position));

describe("a stream over webSocket(url)", () => {
  it("runs in a worker, and says so", async () => {
    const { stream, source } = await running();
    source.speak(9);
    await settle();
    expect(heard()).toEqual(Array.from({ length: 10 }, (_, index) => index * FRAME));
    const stats = await stream.getStats();
    expect(stats).toMatchObject({ host: "worker", framesCaptured: 10, framesSent: 10, audioLevel: 0.5 });
    expect(stream.state).toBe("streaming");
    expect(FakeWorker.last.url).toBe(WORKER);
  });

  it("has Opus made by the worker if it is given opus()", async () => {
    const Encoder = fakeAudioEncoder();
    transport.encoding = "opus";
    const { stream, source, drops } = make({ encoding: opus() });
    source.bytesPerSample = 4;
    const started = stream.start();
    await settle();
    source.speak(10);
    await passTime(100);
    await started;
    const closed = stream.close();
    await passTime(100);
    transport.last.acknowledge();
    await passTime(100);
    await closed;
    const audio = transport.connections.flatMap(({ audio }) => audio);
    expect(audio.reduce((sum, { sampleCount }) => sum + sampleCount, 0)).toBe(10 * FRAME);
    expect(drops).toEqual([]);
    expect((await stream.getStats()).host).toBe("worker");
    expect(Encoder.all.map(({ state }) => state)).toEqual(["closed"]);
  });

  it("gives captions in the order in which they came", async () => {
    const { messages } = await running();
    for (let n = 0; n < 50; n += 1) transport.last.say("app.note", { n });
    await settle();
    expect(messages.map((message) => (message as { data: { n: number } }).data.n)).toEqual(
      Array.from({ length: 50 }, (_, index) => index),
    );
  });

  it("delivers everything before it closes", async () => {
    const { stream, source, drops } = await running();
    transport.acknowledges = false;
    source.speak(20);
    const closed = stream.close();
    await passTime(100);
    transport.last.acknowledge();
    await passTime(100);
    await closed;
    expect(transport.last.closings).toEqual(["1000 done"]);
    expect(drops).toEqual([]);
    expect(await stream.getStats()).toMatchObject({ framesCaptured: 21, acknowledgedDurationMs: 420 });
  });

  it("pauses, mutes and flushes as it does on the page", async () => {
    const { stream, source } = await running();
    stream.muted = true;
    source.speak();
    await stream.flush();
    expect(transport.last.audio.map(({ flags }) => flags & 2)).toEqual([0, 2]);
    await stream.pause();
    expect(stream.state).toBe("paused");
    await stream.resume();
    expect(stream.toPageTime(0)).toBe(0);
  });

  it("is told of the page's return and its leave", async () => {
    await running();
    window.dispatchEvent(new Event("online"));
    await settle();
    expect(transport.last.types).toContain("client.hb");
  });

  it("sends what was captured while the worker was still starting", async () => {
    const { stream, source } = make();
    const started = stream.start();
    await Promise.resolve();
    source.speak(5);
    await settle();
    await started;
    expect(heard()).toHaveLength(5);
  });
});

describe("the page runs it", () => {
  it.each<[string, AudioStreamOptions]>([
    ["if host says so", { host: "page" }],
    ["if reconnect is a function", { reconnect: () => 100 }],
  ])("%s", async (_, options) => {
    const { stream } = await running(options);
    expect(FakeWorker.made).toEqual([]);
    expect(await stream.getStats()).toMatchObject({ host: "page", framesSent: 1 });
  });

  it("if the WebSocket is another one than the browser's", async () => {
    const source = new FakeSource();
    const stream = new AudioStream({ source, transport: webSocket("wss://example.test/", { WebSocket }) });
    streams.push(stream);
    const started = stream.start();
    await settle();
    source.speak();
    await started;
    expect((await stream.getStats()).host).toBe("page");
  });

  it.each(["throw", "error", "silent"] as const)(
    "if the worker's start ends with: %s. Nothing of what was captured meanwhile is lost, and the address that failed is a warning.",
    async (start) => {
      FakeWorker.starts = [start];
      const { stream, source, warnings } = make();
      const started = stream.start();
      await settle();
      source.speak(3);
      await passTime(5_100);
      await started;
      expect(heard()).toEqual([0, FRAME, 2 * FRAME]);
      expect((await stream.getStats()).host).toBe("page");
      expect(warnings.map(({ code }) => code)).toEqual(["worker-failed"]);
      expect(FakeWorker.live).toEqual([]);
    },
  );
});

describe("another program at workerUrl", () => {
  it.each<[string, unknown, string]>([
    ["says something else", "hello", "It is not the worker of LoquiLex"],
    ["says nothing that is anything", undefined, "It is not the worker of LoquiLex"],
    ["has messages of the same kind", { type: "ready" }, "It is not the worker of LoquiLex"],
    ["is a worker of another version", { type: "ready", loquilex: "0.0.1" }, "It is the worker of LoquiLex 0.0.1, and"],
  ])("is found out at once if it %s, and named in a warning; the page does without it", async (_, says, sentence) => {
    FakeWorker.starts = [{ says }];
    const { stream, source, warnings } = await running();
    source.speak(2);
    await settle();
    expect(heard()).toEqual([0, FRAME, 2 * FRAME]);
    expect((await stream.getStats()).host).toBe("page");
    expect(FakeWorker.live).toEqual([]);
    expect(warnings.map(({ code, message }) => [code, message.includes(sentence)])).toEqual([["worker-failed", true]]);
  });

  it('ends the start with worker-failed and host: "worker"', async () => {
    FakeWorker.starts = [{ says: { hello: 1 } }];
    const { stream } = make({ host: "worker" });
    const error: unknown = await stream.start().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "worker-failed", message: expect.stringContaining("but another program.") });
  });
});

it("a worker whose address fails is started from the next code there is, with a warning", async () => {
  FakeWorker.starts = ["error", "run"];
  const scope = new Scope({ name: "session" });
  const events: RunningEvent[] = [];
  const { session, ...options } = resolveOptions({}, Math.random);
  const { random: _, ...plain } = session;
  const host = new WorkerHost({
    scope,
    setup: {
      options: { ...options, session: plain },
      address: { url: "wss://example.test/audio", protocols: "loquilex.v1", baseUrl: "https://example.test/" },
    },
    codes: [{ url: WORKER }, { url: "https://example.test/other.js" }],
    answerer: { token: () => undefined, url: () => undefined },
    source: new SourceAccount(options),
    onEvent: (event) => events.push(event),
    onReplaced: () => {},
    onGone: () => {},
    onUnreleased: () => {},
    onNone: () => expect.unreachable(),
    onPage: () => expect.unreachable(),
  });
  host.post({ type: "stats", id: 1 }, []);
  await settle();
  expect(FakeWorker.live.map(({ url }) => url)).toEqual(["https://example.test/other.js"]);
  expect(events).toMatchObject([
    { type: "warning", error: { code: "worker-failed" } },
    { type: "reply", id: 1 },
  ]);
  void scope.dispose();
  await passTime(300);
});

describe('host: "worker"', () => {
  it("fails with a sentence if there can be no worker", async () => {
    FakeWorker.starts = ["throw"];
    const { stream } = make({ host: "worker" });
    const error: unknown = await stream.start().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "worker-failed", message: expect.stringContaining("A policy forbids it.") });
  });

  it("is refused at once with what only the page can do", () => {
    expect(() => make({ host: "worker", reconnect: () => 1 })).toThrow("reconnect is a function");
    const parts = { source: new FakeSource(), transport: new FakeTransport() };
    expect(() => new AudioStream(parts, { host: "worker" })).toThrow("other than webSocket(url)");
    expect(() => make({ host: "thread" as "worker" })).toThrow("host must be one of auto, worker, page");
    expect(() => make({ workerUrl: "" })).toThrow("workerUrl must be a URL");
  });
});

describe("an abort", () => {
  it("lets the device go inside the call, has the socket closed with a code, and ends the worker", async () => {
    const { stream, source, drops } = await running();
    transport.acknowledges = false;
    source.speak(4);
    await settle();
    stream.abort();
    expect(source.live).toBe(false);
    await stream.closed;
    expect(transport.last.closings).toEqual(["1000 aborted"]);
    expect(FakeWorker.live).toEqual([]);
    expect(drops.map(({ from, to }) => [from, to])).toEqual([[FRAME, 5 * FRAME]]);
    expect(await stream.getStats()).toMatchObject({ framesCaptured: 5, droppedDurationMs: 80 });
  });

  it("ends a worker that cannot even be told, since the page has its own idea of postMessage()", async () => {
    const { stream } = await running();
    FakeWorker.last.postMessage = () => {
      throw new TypeError("no such channel");
    };
    stream.abort();
    await stream.closed;
    expect(FakeWorker.live).toEqual([]);
  });

  it("does not wait longer than 250 ms for a worker that hangs, and says what is lost as far as it is known", async () => {
    const { stream, source, drops } = await running();
    transport.acknowledges = false;
    source.speak(4);
    await settle();
    transport.last.say("app.note", {});
    await settle();
    FakeWorker.last.hung = true;
    const asked = stream.getStats();
    stream.abort();
    await passTime(249);
    expect(FakeWorker.live).toHaveLength(1);
    await passTime(1);
    await stream.closed;
    expect(FakeWorker.live).toEqual([]);
    expect(drops.map(({ from, to }) => [from, to])).toEqual([[FRAME, 5 * FRAME]]);
    expect((await asked).droppedDurationMs).toBe(80);
  });

  it("gives the one in its place no more time for the end than close() was given", async () => {
    const { stream } = await running();
    transport.saysGoodbye = false;
    FakeWorker.last.hung = true;
    const closing = stream.close({ timeoutMs: 3_000 });
    closing.catch(() => {});
    await passTime(7_000);
    expect(stream.state).toBe("closed");
    await expect(closing).rejects.toMatchObject({ code: "close-timeout" });
  });

  it("ends within the time that close() was given if the worker hangs, with what is lost to the sample", async () => {
    const { stream, source, drops } = await running();
    FakeWorker.last.hung = true;
    source.speak(4);
    const closing = rejectionOf(stream.close({ timeoutMs: 1_500 }));
    await passTime(1_499);
    expect(stream.state).toBe("closing");
    await passTime(1);
    expect(await closing).toMatchObject({ code: "close-timeout", details: { unacknowledgedFrames: 4 } });
    await stream.closed;
    expect(FakeWorker.live).toEqual([]);
    expect(drops.map(({ from, to }) => [from, to])).toEqual([[FRAME, 5 * FRAME]]);
  });

  it("replaces a worker that hangs soon enough for another one to say goodbye, if there is time for both", async () => {
    const { stream, source, drops } = await running();
    FakeWorker.last.hung = true;
    source.speak(4);
    const closing = stream.close({ timeoutMs: 3_000 });
    await passTime(3_000);
    await closing;
    expect(transport.last.sent.at(-1)).toMatchObject({ t: "client.end", data: { position: FRAME } });
    expect(drops.map(({ from, to }) => [from, to])).toEqual([[FRAME, 5 * FRAME]]);
  });

  it("ends within the time that close() was given if the worker has never started", async () => {
    FakeWorker.starts = ["silent"];
    const { stream, source, drops } = make();
    stream.start().catch(() => {});
    await settle();
    source.speak(2);
    const closing = rejectionOf(stream.close({ timeoutMs: 800 }));
    await passTime(800);
    expect(await closing).toMatchObject({ code: "close-timeout", details: { unacknowledgedFrames: 2 } });
    expect(drops.map(({ from, to }) => [from, to])).toEqual([[0, 2 * FRAME]]);
  });

  it("ends within its time if the source has ended badly beside a worker that hangs", async () => {
    const { stream, source } = await running();
    FakeWorker.last.hung = true;
    source.end(new AudioStreamError("device-lost", "It is gone.", { details: undefined }));
    await passTime(10_000);
    expect(await stream.closed).toMatchObject({ outcome: "failed" });
    expect(stream.state).toBe("closed");
  });

  it("counts what a worker that hangs was given and has said nothing of", async () => {
    const { stream, source, drops } = await running();
    FakeWorker.last.hung = true;
    source.speak(100);
    stream.abort();
    await passTime(250);
    await stream.closed;
    expect(drops.map(({ from, to }) => [from, to])).toEqual([[FRAME, 101 * FRAME]]);
    expect((await stream.getStats()).droppedDurationMs).toBe(2_000);
  });

  it("counts what was captured while the worker was still starting", async () => {
    FakeWorker.starts = ["silent"];
    const { stream, source, drops } = make();
    stream.start().catch(() => {});
    await settle();
    source.speak(2);
    stream.abort();
    await stream.closed;
    expect(drops.map(({ from, to }) => [from, to])).toEqual([[0, 2 * FRAME]]);
  });

  it("starts no other worker if the one that ends dies meanwhile", async () => {
    const { stream } = await running();
    FakeWorker.last.hung = true;
    stream.abort();
    FakeWorker.last.fail("It broke.");
    await stream.closed;
    expect(FakeWorker.made).toHaveLength(1);
    expect(FakeWorker.live).toEqual([]);
  });

  it("asks the application for nothing any more, whatever the worker has asked for by then", async () => {
    const late = vi.fn();
    for (let turns = 0; turns < 40; turns += 1) {
      const { stream } = make({
        getToken: () => {
          if (stream.signal.aborted) late(turns);
          return "token";
        },
      });
      stream.start().catch(() => {});
      for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
      stream.abort();
      await passTime(250);
      await stream.closed;
    }
    expect(late).not.toHaveBeenCalled();
  });

  it("ends the worker at once if the page goes away", async () => {
    const { stream } = await running();
    window.dispatchEvent(Object.assign(new Event("pagehide"), { persisted: false }));
    expect(FakeWorker.live).toEqual([]);
    await passTime(250);
    await stream.closed;
  });
});

describe("a worker that dies", () => {
  const deaths: Readonly<Record<string, (worker: FakeWorker) => unknown>> = {
    "by an error": (worker) => worker.fail("It broke."),
    "without a word": (worker) => {
      worker.hung = true;
    },
  };

  it.each(Object.entries(deaths))(
    "%s is replaced; the session goes on, and the loss is told to the sample",
    async (_, kill) => {
      const { stream, source, drops, warnings, reconnections } = await running();
      source.speak(4);
      await settle();
      // The server gets these two and acknowledges nothing; what follows it does not even get.
      transport.acknowledges = false;
      source.speak(2);
      await settle();
      kill(FakeWorker.last);
      source.speak(3);
      await passTime(7_000);
      transport.acknowledges = true;
      source.speak(5);
      await passTime(2_000);
      expect(warnings.map(({ code }) => code)).toEqual(["worker-failed"]);
      expect(FakeWorker.made).toHaveLength(2);
      expect(FakeWorker.live).toHaveLength(1);
      expect(transport.last.types[0]).toBe("session.resume");
      expect(reconnections).toHaveLength(1);
      expect(stream.state).toBe("streaming");
      const positions = heard();
      expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b));
      const lost = drops.map(({ from, to }) => [from, to]);
      const isHeard = (position: number) => positions.includes(position);
      const missing = Array.from({ length: 15 }, (__, index) => index * FRAME).filter((position) => !isHeard(position));
      expect(lost).toEqual(missing.length === 0 ? [] : [[missing[0], (missing.at(-1) ?? 0) + FRAME]]);
      expect(positions.at(-1)).toBe(14 * FRAME);
      const { droppedDurationMs, framesCaptured } = await stream.getStats();
      expect(droppedDurationMs).toBe(missing.length * 20);
      expect(framesCaptured).toBeGreaterThan(10);
    },
  );

  it("before it says anything of the first audio has lost that, and this is told", async () => {
    const { stream, source, drops } = make();
    const started = stream.start();
    await settle();
    FakeWorker.last.hung = true;
    source.speak(100);
    await passTime(7_000);
    source.speak(3);
    await settle();
    await started;
    expect(heard()).toEqual([100 * FRAME, 101 * FRAME, 102 * FRAME]);
    expect(drops.map(({ from, to }) => [from, to])).toEqual([[0, 100 * FRAME]]);
    expect(await stream.getStats()).toMatchObject({ droppedDurationMs: 2_000, capturedDurationMs: 2_060 });
  });

  it.each([true, false])(
    "before the start has lost what was kept for it, and this is told (started after it was noticed: %s)",
    async (isNoticed) => {
      const { stream, source, drops } = make({ preRollMs: 200 });
      const warm = stream.warmUp();
      await settle();
      source.speak(50);
      await settle();
      await warm;
      FakeWorker.last.hung = true;
      source.speak(5);
      if (isNoticed) {
        await passTime(7_000);
        source.speak(4);
      }
      const started = stream.start();
      await passTime(7_000);
      source.speak(3);
      await settle();
      await started;
      // Ten frames are kept for a start.
      const lost = isNoticed ? 6 : 10;
      expect(drops.map(({ from, to }) => [from, to])).toEqual([[0, lost * FRAME]]);
      const frames = isNoticed ? 7 : 3;
      expect(heard()).toEqual(Array.from({ length: frames }, (_, index) => (lost + index) * FRAME));
    },
  );

  it("takes back no figure, and tells no loss twice, though another one dies before it has heard anything", async () => {
    const { stream, source, drops } = await running();
    source.speak(9);
    await settle();
    const before = await stream.getStats();
    FakeWorker.last.hung = true;
    const asked = stream.getStats();
    await passTime(7_000);
    const between = await asked;
    FakeWorker.last.fail("It broke.");
    await settle();
    stream.abort();
    await passTime(250);
    const after = await stream.getStats();
    for (const name of ["capturedDurationMs", "sentDurationMs", "acknowledgedDurationMs", "framesCaptured"] as const) {
      expect([name, between[name] >= before[name], after[name] >= between[name]]).toEqual([name, true, true]);
    }
    expect(drops.map(({ from, to }) => [from, to])).toEqual([]);
  });

  it("time and again is replaced by the page", async () => {
    const { stream, source } = await running();
    for (let death = 0; death < 3; death += 1) {
      FakeWorker.last.fail("It broke.");
      await settle();
      source.speak();
      await passTime(100);
    }
    expect((await stream.getStats()).host).toBe("page");
    expect(FakeWorker.live).toEqual([]);
    expect(heard().at(-1)).toBe(3 * FRAME);
  });

  it("is replaced as well if it lives and says what cannot be understood, and nothing is thrown at the page", async () => {
    const { stream, source, warnings } = await running();
    const [first] = FakeWorker.made;
    for (const data of [null, { type: "events" }, { type: "events", events: [{ type: "warning", error: 5 }] }]) {
      const made = FakeWorker.made.length;
      FakeWorker.last.dispatchEvent(new MessageEvent("message", { data }));
      await settle();
      source.speak();
      await passTime(100);
      if (data === null) expect(FakeWorker.made.length).toBe(made + 1);
    }
    expect(first?.terminated).toBe(true);
    expect(warnings[0]?.message).toContain("It says what cannot be understood: ");
    expect(stream.state).toBe("streaming");
    expect(heard().at(-1)).toBe(3 * FRAME);
  });

  it("loses none of its other words by one that cannot be understood", async () => {
    const { drops } = await running();
    const drop = { type: "drop", range: { from: 0, to: FRAME } };
    const bad = { type: "warning", error: null };
    const data = { type: "events", events: [bad, drop], checkpoint: undefined };
    FakeWorker.last.dispatchEvent(new MessageEvent("message", { data }));
    expect(drops.map(({ from, to }) => [from, to])).toEqual([[0, FRAME]]);
  });

  it("leaves the stream muted and paused as it was", async () => {
    const { stream, source } = await running();
    stream.muted = true;
    FakeWorker.last.fail("It broke.");
    await settle();
    source.speak();
    await passTime(100);
    expect(transport.last.audio.map(({ flags }) => flags & 2)).toEqual([2]);
    expect(stream.muted).toBe(true);
  });

  it("has its encoder prepared once by the one that replaces it", async () => {
    await running();
    FakeWorker.last.fail("It broke.");
    await settle();
    expect(FakeWorker.made).toHaveLength(2);
    expect(FakeWorker.last.received.filter((type) => type === "prepare")).toHaveLength(1);
  });

  it("is not replaced if the application ends the stream when it hears that its token is not needed any more", async () => {
    const { stream } = make({
      getToken: ({ signal }) => {
        signal.addEventListener("abort", () => stream.abort());
        return new Promise<string>(() => {});
      },
    });
    stream.start().catch(() => {});
    await settle();
    FakeWorker.last.fail("It broke.");
    const { host } = await stream.getStats();
    await stream.closed;
    expect(host).toBe("worker");
    expect(FakeWorker.made).toHaveLength(1);
    expect(FakeWorker.live).toEqual([]);
  });

  it("while the stream closes does not keep it from closing", async () => {
    const { stream, source } = await running();
    transport.acknowledges = false;
    source.speak(2);
    const closing = stream.close();
    await settle();
    FakeWorker.last.fail("It broke.");
    await settle();
    transport.last.acknowledge();
    await passTime(100);
    await closing;
  });

  it("with audio that nobody else has does not keep the stream from saying goodbye either", async () => {
    const { stream, source, drops } = await running();
    FakeWorker.last.hung = true;
    source.speak(3);
    const closing = stream.close();
    await passTime(5_000);
    await closing;
    expect(transport.last.sent.at(-1)).toMatchObject({ t: "client.end", data: { position: FRAME } });
    expect(drops.map(({ from, to }) => [from, to])).toEqual([[FRAME, 4 * FRAME]]);
  });
});

describe("what is asked of the application", () => {
  it("is asked on the page, anew for each connection", async () => {
    const getToken = vi.fn(({ attempt }) => `token ${attempt}`);
    const url = vi.fn(() => new URL("wss://example.test/other"));
    await running({ getToken }, url);
    expect(transport.last.sent[0]).toMatchObject({ data: { token: "token 1" } });
    transport.last.lose();
    await passTime(1_000);
    expect(getToken).toHaveBeenCalledTimes(2);
    expect(url).toHaveBeenCalledTimes(2);
  });

  it("throws the application's own error back at it", async () => {
    const thrown = new Error("no token today");
    const { stream, warnings } = make({
      getToken: () => {
        throw thrown;
      },
    });
    stream.start().catch(() => {});
    await settle();
    expect(warnings[0]).toMatchObject({ code: "connect-failed" });
    expect(warnings[0]).toBeInstanceOf(AudioStreamError);
    expect(warnings[0]?.cause).toBe(thrown);
  });

  it("answers the worker that asked, and not the one that has taken its place", async () => {
    const answers: ((token: string) => void)[] = [];
    const { stream } = make({ getToken: () => new Promise<string>((resolve) => answers.push(resolve)) });
    stream.start().catch(() => {});
    await settle();
    FakeWorker.last.fail("It broke.");
    await settle();
    answers[0]?.("late");
    await settle();
    expect(transport.connections).toEqual([]);
    answers[1]?.("asked for");
    await settle();
    expect(transport.last.sent[0]).toMatchObject({ data: { token: "asked for" } });
  });

  it.each<[string, () => unknown]>([
    [
      "is its own cause",
      () => {
        const error = new Error("mine");
        error.cause = error;
        return error;
      },
    ],
    ["has a function for a name", () => Object.assign(new Error("mine"), { name: () => {} })],
    ["has no text", () => Object.assign(new Error("mine"), { message: Symbol("mine") })],
  ])("may throw an error that %s", async (_, makeError) => {
    const thrown = makeError();
    const { stream, warnings } = make({
      getToken: () => {
        throw thrown;
      },
    });
    stream.start().catch(() => {});
    await settle();
    expect(warnings[0]).toMatchObject({ code: "connect-failed" });
    expect(warnings[0]?.cause).toBe(thrown);
  });

  it("may answer with an address that cannot be read", async () => {
    const hostile = Object.defineProperty({}, "href", {
      get: () => {
        throw new Error("not now");
      },
    });
    const { stream, warnings } = make({}, () => hostile as URL);
    stream.start().catch(() => {});
    await settle();
    expect(warnings[0]?.message).toContain("not now");
  });

  it("is not waited for longer than a connection may take, and its signal says so", async () => {
    let asked: AbortSignal | undefined;
    const { stream, warnings } = make({
      getToken: ({ signal }) => {
        asked ??= signal;
        return new Promise<string>(() => {});
      },
    });
    stream.start().catch(() => {});
    await passTime(10_500);
    expect(warnings[0]).toMatchObject({ code: "connect-timeout" });
    expect(asked?.aborted).toBe(true);
  });

  it.each<[string, unknown]>([
    ["a number", 7],
    ["a function", () => {}],
    ["nothing", undefined],
  ])("is refused in words if the token is %s", async (_, token) => {
    const { stream, warnings } = make({ getToken: () => token as string });
    stream.start().catch(() => {});
    await settle();
    expect(warnings[0]?.message).toContain("getToken must return a string");
  });
});

describe("frames that cannot be", () => {
  it.each<[string, unknown]>([
    ["a payload that can cross to no worker", { payload: () => {} }],
    ["a position that goes back", { position: -1 }],
  ])("%s end the stream with a sentence", async (_, wrong) => {
    const { stream, source } = await running();
    const frame = { payload: new Uint8Array(FRAME * 2), position: FRAME, sampleCount: FRAME, timestamp: 0 };
    source.options.onFrame({ ...frame, peakLevel: 0, rmsLevel: 0, ...(wrong as object) });
    await settle();
    await passTime(100);
    expect(await stream.closed).toMatchObject({ outcome: "failed", error: { code: "capture-failed" } });
  });
});
