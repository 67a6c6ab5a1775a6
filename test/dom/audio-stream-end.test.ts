import { describe, expect, it, vi } from "vitest";
import { AudioStreamError } from "../../src/errors.js";
import type { AudioStreamOptions } from "../../src/stream/options/options.js";
import { FRAME } from "../support/fake-source.js";
import {
  IN_WORKER,
  type ObservedStream,
  observedStream,
  passTime,
  rejectionOf,
  runningStream,
  settle,
  stateOf,
  watchStreams,
} from "../support/observed-stream.js";

const watched = watchStreams();

/** How a stream is brought into one of its waits, and the promises that wait with it. */
interface PendingState {
  readonly options?: AudioStreamOptions;
  bring(observed: ObservedStream): Promise<readonly Promise<unknown>[]>;
}

async function run({ stream, source }: ObservedStream): Promise<void> {
  const started = stream.start();
  await settle();
  source.speak();
  await started;
}

const PENDING: Readonly<Record<string, PendingState>> = {
  "while the source opens": {
    async bring({ stream, source }) {
      source.slow.add("open");
      return [stream.start()];
    },
  },
  "while the token is fetched": {
    options: { getToken: () => new Promise(() => {}) },
    async bring({ stream }) {
      const started = stream.start();
      await settle();
      return [started];
    },
  },
  "while it connects": {
    async bring({ stream, transport }) {
      transport.opens = false;
      const started = stream.start();
      await settle();
      return [started];
    },
  },
  "while it waits for the server's answer": {
    async bring({ stream, source, transport }) {
      transport.answers = false;
      const started = stream.start();
      await settle();
      source.speak(5);
      return [started];
    },
  },
  "while it waits for the first frame": {
    async bring({ stream }) {
      const started = stream.start();
      await settle();
      return [started];
    },
  },
  "while it waits for the next attempt of the first connection": {
    async bring({ stream, transport }) {
      transport.unreachable = new Error("no network");
      const started = stream.start();
      await settle();
      return [started];
    },
  },
  "while it streams, with a reader and a flush": {
    async bring(observed) {
      await run(observed);
      observed.transport.acknowledges = false;
      observed.source.speak(5);
      return [observed.stream.flush()];
    },
  },
  "while the source flushes": {
    async bring(observed) {
      await run(observed);
      observed.source.slow.add("flush");
      return [observed.stream.flush()];
    },
  },
  "while it pauses": {
    async bring(observed) {
      await run(observed);
      observed.source.slow.add("pause");
      return [observed.stream.pause()];
    },
  },
  "while it resumes after a pause": {
    async bring(observed) {
      await run(observed);
      await observed.stream.pause({ releaseDevice: true });
      observed.source.slow.add("resume");
      return [observed.stream.resume()];
    },
  },
  "during the backoff": {
    async bring(observed) {
      await run(observed);
      observed.transport.unreachable = new Error("no network");
      observed.transport.last.lose();
      await settle();
      observed.source.speak(5);
      return [observed.stream.flush()];
    },
  },
  "while the session resumes": {
    async bring(observed) {
      await run(observed);
      observed.transport.answers = false;
      observed.transport.last.lose();
      await passTime(1_000);
      observed.source.speak(5);
      return [observed.stream.flush()];
    },
  },
  "while close() stops the source": {
    async bring(observed) {
      await run(observed);
      observed.source.slow.add("stop");
      return [observed.stream.close()];
    },
  },
  "while close() waits for the server": {
    async bring(observed) {
      await run(observed);
      observed.transport.saysGoodbye = false;
      const closing = observed.stream.close();
      await settle();
      return [closing];
    },
  },
};

describe.each(Object.entries(PENDING))("aborting %s", (_, { options = {}, bring }) => {
  it.each([
    ["abort()", (observed: ObservedStream, _: AbortController, reason: unknown) => observed.stream.abort(reason)],
    ["the constructor's signal", (_: ObservedStream, life: AbortController, reason: unknown) => life.abort(reason)],
  ])(
    "with %s releases the source inside the call, and on the page all of it, and settles every promise with the reason",
    async (_, abort) => {
      const life = new AbortController();
      const observed = watched(observedStream({ ...options, signal: life.signal }));
      const { stream, source, transport, heard } = observed;
      const waits = await bring(observed);
      for (const wait of waits) expect(await stateOf(wait)).toBe("pending");
      const reading = stream.messages().next();
      expect(stream.state).not.toBe("closed");

      const reason = new Error("the user has left");
      abort(observed, life, reason);

      expect(source.live).toBe(false);
      expect(stream.state).toBe("closed");
      expect(stream.signal.reason).toBe(reason);
      if (IN_WORKER) await passTime(250);
      expect(transport.live).toEqual([]);
      expect(vi.getTimerCount()).toBe(0);
      expect(stream.resources()).toEqual([]);
      for (const wait of waits) expect(await rejectionOf(wait)).toBe(reason);
      expect(await reading).toEqual({ value: undefined, done: true });
      expect(await stream.closed).toEqual({ outcome: "aborted", reason });
      await passTime(120_000);
      expect(heard.filter((event) => event !== "drop").slice(-2)).toEqual(["closed", "close"]);
      expect(transport.live).toEqual([]);
      expect(source.live).toBe(false);
    },
  );
});

describe("aborting", () => {
  it("a stream that was never started ends it, and the source is never opened", async () => {
    const { stream, source, heard } = watched(observedStream());
    stream.abort("never mind");
    stream.abort("again");
    expect(await stream.closed).toEqual({ outcome: "aborted", reason: "never mind" });
    expect(source.calls).toEqual([]);
    expect(heard).toEqual(["closed", "close"]);
  });

  it("without a reason gives an AbortError", async () => {
    const { stream } = watched(observedStream());
    stream.abort();
    expect(await stream.closed).toMatchObject({ outcome: "aborted", reason: { name: "AbortError" } });
  });

  it("once is enough, and after the end it changes nothing", async () => {
    const { stream } = watched(await runningStream());
    await stream.close();
    stream.abort("too late");
    expect(await stream.closed).toEqual({ outcome: "closed" });
    expect(stream.signal.aborted).toBe(true);
  });

  it("from within an event lets no further event but the end through", async () => {
    const { stream, transport, heard } = watched(await runningStream());
    stream.addEventListener("message", () => stream.abort("seen enough"));
    transport.last.say("status", { n: 1 });
    transport.last.say("status", { n: 2 });
    await passTime(1_000);
    expect(heard.slice(2)).toEqual(["message", "closed", "close"]);
  });

  it("from within a change of state does the same", async () => {
    const { stream, transport, heard } = watched(await runningStream());
    stream.addEventListener("statechange", () => stream.state === "reconnecting" && stream.abort("no patience"));
    transport.last.lose();
    await passTime(1_000);
    expect(heard.slice(2)).toEqual(["reconnecting", "closed", "close"]);
  });

  it("lets a source that opens too late, without a look at the signal, hold nothing", async () => {
    // mozmorris/react-webcam#238, livekit/components-js#851
    const { stream, source } = watched(observedStream());
    source.deaf = true;
    source.slow.add("open");
    const started = rejectionOf(stream.start());
    await settle();
    stream.abort("left");
    expect(await started).toBe("left");
    source.finish("open");
    await settle();
    expect(source.live).toBe(false);
    expect(stream.track).toBeUndefined();
  });

  it.each(["pause", "resume", "flush"] as const)(
    "does not wait for a source that takes no notice during %s()",
    async (call) => {
      const { stream, source } = watched(await runningStream());
      if (call === "resume") await stream.pause();
      source.deaf = true;
      source.slow.add(call);
      const calling = rejectionOf(stream[call]());
      await settle();
      stream.abort("left");
      expect(await calling).toBe("left");
    },
  );

  it("closes what a transport without ears opens too late", async () => {
    // A worker has no transport of the application's own.
    const { stream, transport } = watched(observedStream({ host: "page" }));
    transport.deaf = true;
    transport.opens = false;
    const started = rejectionOf(stream.start());
    await settle();
    stream.abort("left");
    await started;
    expect(transport.live).toHaveLength(1);
    transport.last.open();
    await settle();
    expect(transport.live).toEqual([]);
    expect(transport.last.closings).toEqual(["1000 aborted"]);
  });
});

describe("signals", () => {
  it("that have aborted before the start open nothing, and give their reason", async () => {
    const life = watched(observedStream({ signal: AbortSignal.abort("gone") }));
    expect(await rejectionOf(life.stream.start())).toBe("gone");
    expect(life.source.calls).toEqual([]);
    expect(await life.stream.closed).toEqual({ outcome: "aborted", reason: "gone" });

    const call = watched(observedStream());
    expect(await rejectionOf(call.stream.start({ signal: AbortSignal.abort("gone") }))).toBe("gone");
    expect(call.source.live).toBe(false);
    expect(call.transport.connections).toEqual([]);
    expect(await call.stream.closed).toEqual({ outcome: "aborted", reason: "gone" });
  });

  it("given to start() bound the start, and nothing after it", async () => {
    const { stream, source } = watched(observedStream());
    const during = new AbortController();
    const started = rejectionOf(stream.start({ signal: during.signal }));
    await settle();
    during.abort("too slow");
    expect(source.live).toBe(false);
    expect(await started).toBe("too slow");

    const later = watched(observedStream());
    const controller = new AbortController();
    const running = later.stream.start({ signal: controller.signal });
    await settle();
    later.source.speak();
    await running;
    controller.abort("of no consequence");
    await settle();
    expect(later.stream.state).toBe("streaming");
  });

  it("given to close() end the wait for it, and the stream goes on closing", async () => {
    const { stream, transport } = watched(await runningStream());
    transport.saysGoodbye = false;
    const controller = new AbortController();
    const waiting = rejectionOf(stream.close({ signal: controller.signal }));
    controller.abort("no time");
    expect(await waiting).toBe("no time");
    expect(stream.state).toBe("closing");
    await settle();
    transport.last.say("session.end", { position: transport.expected, reason: "done" });
    expect(await stream.closed).toEqual({ outcome: "closed" });
  });

  it("of the caller have no listener of the stream left when it has ended", async () => {
    // nodejs/undici#5713
    const controllers = Array.from({ length: 3 }, () => new AbortController());
    const added = controllers.map(({ signal }) => vi.spyOn(signal, "addEventListener"));
    const removed = controllers.map(({ signal }) => vi.spyOn(signal, "removeEventListener"));
    const [life, start, flush] = controllers;
    const { stream, source, transport } = watched(observedStream({ signal: life?.signal }));
    const started = stream.start({ signal: start?.signal });
    await settle();
    source.speak();
    await started;
    transport.acknowledges = false;
    source.speak();
    const flushing = rejectionOf(stream.flush({ signal: flush?.signal }));
    await settle();
    stream.abort("over");
    await flushing;
    await settle();
    for (const [index, spy] of added.entries()) {
      expect(spy).toHaveBeenCalled();
      expect(removed[index]?.mock.calls.length).toBe(spy.mock.calls.length);
    }
  });
});

describe("closing", () => {
  it("stops the source, sends the last audio, waits for the last captions and the goodbye, and releases", async () => {
    // alphacep/vosk-server#254, deepgram/deepgram-dotnet-sdk#420
    const { stream, source, transport, heard } = watched(await runningStream());
    transport.saysGoodbye = false;
    source.tail = 100;
    const closing = stream.close();
    expect(stream.state).toBe("closing");
    await settle();
    expect(source.live).toBe(false);
    expect(transport.last.types.slice(-1)).toEqual(["client.end"]);
    expect(transport.last.audio.at(-1)).toMatchObject({ position: FRAME, sampleCount: 100 });
    transport.last.say("asr.final", { text: "bye", segment_id: "s1" }, { seq: 1 });
    expect(await stateOf(closing)).toBe("pending");
    transport.last.say("session.end", { position: source.captured, reason: "done" });
    await closing;
    expect(transport.last.types.slice(-1)).toEqual(["client.ack"]);
    expect(transport.last.closings).toEqual(["1000 done"]);
    expect(heard.slice(2)).toEqual(["closing", "message", "closed", "close"]);
    expect(await stream.closed).toEqual({ outcome: "closed" });
    expect(stream.resources()).toEqual([]);
  });

  it("twice gives the same promise and one goodbye", async () => {
    const { stream, source, transport } = watched(await runningStream());
    const first = stream.close();
    expect(stream.close()).toBe(first);
    await first;
    await stream.close();
    expect(source.calls).toEqual(["open", "stop"]);
    expect(transport.last.types.filter((t) => t === "client.end")).toHaveLength(1);
  });

  it("a stream that was never started is done at once", async () => {
    const { stream, source, heard } = watched(observedStream());
    await stream.close();
    expect(source.calls).toEqual([]);
    expect(heard).toEqual(["closed", "close"]);
  });

  it("while the source opens gives the device back, and the start fails with invalid-state", async () => {
    const { stream, source, transport } = watched(observedStream());
    source.slow.add("open");
    const started = rejectionOf(stream.start());
    await settle();
    await stream.close();
    expect(source.live).toBe(false);
    expect(transport.connections).toEqual([]);
    expect(await started).toMatchObject({ code: "invalid-state" });
    expect(await stream.closed).toEqual({ outcome: "closed" });
  });

  it("while it connects still delivers what was captured", async () => {
    const { stream, source, transport } = watched(observedStream());
    transport.opens = false;
    const started = stream.start();
    started.catch(() => {});
    await settle();
    source.speak(3);
    const closing = stream.close();
    await settle();
    expect(source.live).toBe(false);
    transport.last.open();
    await closing;
    expect(transport.last.audio).toHaveLength(3);
    expect(await stream.closed).toEqual({ outcome: "closed" });
  });

  it("across a lost connection resumes and says goodbye again", async () => {
    const { stream, transport } = watched(await runningStream());
    transport.saysGoodbye = false;
    const closing = stream.close();
    await settle();
    transport.saysGoodbye = true;
    transport.last.lose();
    await passTime(1_000);
    await closing;
    expect(transport.connections).toHaveLength(2);
  });

  it("gives up after the timeout, says how much was not acknowledged, and has released everything all the same", async () => {
    // AssemblyAI/assemblyai-node-sdk#169
    const { stream, source, transport } = watched(await runningStream());
    transport.acknowledges = false;
    transport.saysGoodbye = false;
    source.speak(3);
    const closing = rejectionOf(stream.close({ timeoutMs: 700 }));
    await passTime(699);
    expect(stream.state).toBe("closing");
    await passTime(1);
    const error = await closing;
    expect(error).toMatchObject({ code: "close-timeout", details: { unacknowledgedFrames: 3 } });
    expect(transport.live).toEqual([]);
    expect(await stream.closed).toEqual({ outcome: "failed", error });
  });

  it("waits five seconds unless told otherwise", async () => {
    const { stream, transport } = watched(await runningStream());
    transport.saysGoodbye = false;
    const closing = rejectionOf(stream.close());
    await passTime(4_999);
    expect(stream.state).toBe("closing");
    await passTime(1);
    expect(await closing).toMatchObject({ code: "close-timeout" });
  });

  it("keeps to the timeout when it is the source that does not stop", async () => {
    const { stream, source } = watched(await runningStream());
    source.slow.add("stop");
    const closing = stream.close({ timeoutMs: 700 });
    await passTime(699);
    await closing;
    expect(source.live).toBe(false);
    expect(await stream.closed).toEqual({ outcome: "closed" });

    const silent = watched(await runningStream());
    silent.source.slow.add("stop");
    silent.transport.saysGoodbye = false;
    const failing = rejectionOf(silent.stream.close({ timeoutMs: 700 }));
    await passTime(700);
    expect(await failing).toMatchObject({ code: "close-timeout" });
  });

  it("goes on without the last audio of a source that cannot stop well, and tells the logger", async () => {
    const logger = { debug: vi.fn(), warn: vi.fn() };
    const { stream, source } = watched(await runningStream({ logger }));
    source.failing.set("stop", new Error("stuck"));
    await stream.close();
    expect(source.live).toBe(false);
    expect(logger.warn).toHaveBeenCalledTimes(1);
  });

  it("refuses a timeout that cannot be, and goes on", async () => {
    const { stream } = watched(await runningStream());
    await expect(stream.close({ timeoutMs: -1 })).rejects.toThrow(/timeoutMs must be from 0 to/);
    expect(stream.state).toBe("streaming");
  });

  it("rejects with the error of a stream that has failed, while closed itself never rejects", async () => {
    const { stream, source } = watched(await runningStream());
    const error = new AudioStreamError("device-lost", "Unplugged.", { details: undefined });
    source.end(error);
    expect(await rejectionOf(stream.close())).toBe(error);
    expect(await stream.closed).toEqual({ outcome: "failed", error });
  });

  it("leaves no rejection behind for callers who ignore every promise, but for that of a start that failed", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on("unhandledRejection", note);
    try {
      const { stream, source } = watched(observedStream());
      source.failing.set("open", new Error("no device"));
      void stream.start();
      await settle();
      void stream.close();
      const other = watched(await runningStream());
      void other.stream.close();
      other.stream.abort();
      await other.stream.closed;
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      const aborted = watched(observedStream());
      void aborted.stream.start();
      aborted.stream.abort();
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
      expect(unhandled).toMatchObject([{ code: "capture-failed" }]);
    } finally {
      process.off("unhandledRejection", note);
    }
  });
});

// Each frame of what a source had still to give, such as the rest of a pre-roll, was an event of its own: hundreds at once.
it("what is captured when the stream has ended already is lost as one episode, before the close event", async () => {
  const { stream, source, transport, heard } = watched(
    await runningStream({ replay: { maxDurationMs: 1_000, whenFull: "fail" } }),
  );
  const drops: number[][] = [];
  stream.addEventListener("drop", ({ from, to, durationMs }) => drops.push([from, to, durationMs]));
  transport.acknowledges = false;
  source.speak(200);
  await stream.closed;
  const endedAt = drops[0]?.[1] ?? 0;
  expect(drops).toEqual([
    [FRAME, endedAt, (endedAt - FRAME) / 16],
    [endedAt, 201 * FRAME, (201 * FRAME - endedAt) / 16],
  ]);
  expect(heard.at(-1)).toBe("close");
  expect((await stream.getStats()).droppedDurationMs).toBe(200 * 20);
});

describe("await using", () => {
  it("closes the stream at the end of the block, whatever happened in it", async () => {
    const observed = watched(await runningStream());
    const block = (async () => {
      await using stream = observed.stream;
      expect(stream.state).toBe("streaming");
      throw new Error("in the block");
    })();
    await expect(block).rejects.toThrow("in the block");
    expect(await observed.stream.closed).toEqual({ outcome: "closed" });
    expect(observed.transport.last.types).toContain("client.end");
  });

  it("does not throw when the server never says goodbye; closed tells", async () => {
    const observed = watched(await runningStream());
    observed.transport.saysGoodbye = false;
    const block = (async () => {
      await using _stream = observed.stream;
    })();
    await passTime(6_000);
    await block;
    expect(await observed.stream.closed).toMatchObject({ outcome: "failed", error: { code: "close-timeout" } });
  });
});
