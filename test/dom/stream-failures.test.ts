import { createTranscript, type StreamErrorEvent, type StreamState } from "loquilex";
import { describe, expect, it } from "vitest";
import { AudioStreamError } from "../../src/errors.js";
import type { ConnectionState } from "../../src/state.js";
import type { ReconnectingEvent } from "../../src/stream/events/events.js";
import {
  type ObservedStream,
  observedStream,
  passTime,
  rejectionOf,
  runningStream,
  settle,
  watchStreams,
} from "../support/observed-stream.js";

const watched = watchStreams();

const denied = () => new AudioStreamError("permission-denied", "The person said no.", { details: undefined });
const unreachable = () => new AudioStreamError("connect-failed", "Nobody answers.", { details: undefined });

/** Rejections that nobody handled while `run` ran, which browsers write on the console. */
async function unhandledIn(run: () => Promise<void>): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  try {
    await run();
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    return unhandled;
  } finally {
    process.off("unhandledRejection", note);
  }
}

function notes({ stream }: ObservedStream) {
  const connections: ConnectionState[] = [];
  const both: [StreamState, ConnectionState, boolean][] = [];
  const note = (): void => void both.push([stream.state, stream.connectionState, stream.paused]);
  stream.addEventListener("connectionstatechange", () => connections.push(stream.connectionState));
  stream.addEventListener("connectionstatechange", note);
  stream.addEventListener("statechange", note);
  return { connections, both };
}

describe("a stream that fails", () => {
  it("has its error, and fires an event for it once its state is closed", async () => {
    const observed = watched(observedStream());
    const { stream, source, heard } = observed;
    const errors: unknown[] = [];
    stream.addEventListener("error", (event: StreamErrorEvent) =>
      errors.push([event.error, stream.error, stream.state]),
    );
    source.failing.set("open", denied());
    expect(stream.error).toBeUndefined();
    await rejectionOf(stream.start());
    await stream.closed;
    const { error } = stream;
    expect(error).toMatchObject({ code: "permission-denied" });
    expect(errors).toEqual([[error, error, "closed"]]);
    expect(heard).toEqual(["starting", "closed", "close"]);
  });

  it("has it as well if it fails later, and whatever ended well or was aborted has none", async () => {
    const failed = watched(await runningStream({ reconnect: false }));
    failed.transport.last.lose();
    await settle();
    expect(failed.stream.error?.code).toBe("retries-exhausted");
    const closed = watched(await runningStream());
    await closed.stream.close();
    const aborted = watched(await runningStream());
    aborted.stream.abort();
    expect([closed.stream.error, aborted.stream.error]).toEqual([undefined, undefined]);
    expect([closed.stream.connectionState, aborted.stream.connectionState]).toEqual(["closed", "closed"]);
  });
});

describe("a start that is rejected", () => {
  const failing = () => {
    const observed = watched(observedStream());
    observed.source.failing.set("open", denied());
    return observed;
  };

  it("is reported by the browser, once, if nobody handles it", async () => {
    const { stream } = failing();
    const unhandled = await unhandledIn(async () => {
      void stream.start();
      void stream.start();
    });
    expect(unhandled).toMatchObject([{ code: "permission-denied" }]);
  });

  it("is not if the application handles it, listens to errors, or has ended the stream itself", async () => {
    const unhandled = await unhandledIn(async () => {
      await rejectionOf(failing().stream.start());
      const heard = failing();
      heard.stream.addEventListener("error", () => {});
      void heard.stream.start();
      const aborted = watched(observedStream());
      void aborted.stream.start();
      aborted.stream.abort();
      const closed = watched(observedStream());
      void closed.stream.start();
      void closed.stream.close();
    });
    expect(unhandled).toEqual([]);
  });
});

describe("the state of the connection", () => {
  it("goes its own way beside the stream's", async () => {
    const observed = watched(observedStream());
    const { stream, source, transport } = observed;
    const { connections } = notes(observed);
    transport.answers = false;
    source.slow.add("open");
    void stream.start();
    await settle();
    expect(stream.connectionState).toBe("idle");
    source.finish("open");
    await settle();
    expect(stream.connectionState).toBe("connecting");
    transport.answers = true;
    transport.last.relent();
    await settle();
    expect([stream.state, stream.connectionState]).toEqual(["starting", "connected"]);
    source.speak();
    transport.last.lose();
    await settle();
    await passTime(1_000);
    await stream.close();
    expect(connections).toEqual(["connecting", "connected", "reconnecting", "connected", "closed"]);
  });

  it("says that a paused stream is not connected, and each event finds both as they are", async () => {
    const observed = watched(await runningStream());
    const { stream, transport } = observed;
    const { both } = notes(observed);
    await stream.pause();
    transport.last.lose();
    await settle();
    expect([stream.connectionState, stream.paused]).toEqual(["reconnecting", true]);
    await passTime(1_000);
    expect(both).toEqual([
      ["paused", "connected", true],
      ["reconnecting", "reconnecting", true],
      ["reconnecting", "reconnecting", true],
      ["paused", "connected", true],
      ["paused", "connected", true],
    ]);
  });
});

describe("retryNow()", () => {
  it("connects at once instead of after the delay", async () => {
    const observed = watched(
      await runningStream({ reconnect: { initialDelayMs: 20_000, maxDelayMs: 30_000, jitterRatio: 0 } }),
    );
    const { stream, transport } = observed;
    const delays: number[] = [];
    stream.addEventListener("reconnecting", ({ delayMs }: ReconnectingEvent) => delays.push(delayMs));
    transport.last.lose();
    await settle();
    await passTime(100);
    expect([delays, transport.connections.length]).toEqual([[20_000], 1]);
    stream.retryNow();
    await passTime(1);
    expect([stream.state, transport.connections.length]).toEqual(["streaming", 2]);
  });

  it("stays within ten attempts in two minutes, and does nothing where nothing is to be done", async () => {
    const observed = watched(observedStream({ reconnect: { initialDelayMs: 20_000, jitterRatio: 0 } }));
    const { stream, transport } = observed;
    stream.retryNow();
    transport.unreachable = unreachable();
    stream.addEventListener("error", () => {});
    void stream.start();
    await settle();
    for (let n = 0; n < 50; n += 1) {
      stream.retryNow();
      await passTime(10);
    }
    expect(transport.connections).toHaveLength(10);
    stream.abort();
    stream.retryNow();
    await passTime(1_000);
    expect(transport.connections).toHaveLength(10);
  });
});

describe("a level while the stream is muted", () => {
  it("is silence, and says beside it how loud that was which nobody hears", async () => {
    const { stream, source } = watched(await runningStream({ levelIntervalMs: 20 }));
    const levels: unknown[] = [];
    stream.addEventListener("level", ({ peakLevel, rmsLevel, mutedPeakLevel }) =>
      levels.push([peakLevel, rmsLevel, mutedPeakLevel]),
    );
    source.speak();
    stream.muted = true;
    source.speak();
    stream.muted = false;
    await passTime(1);
    source.speak();
    await settle();
    expect(levels).toEqual([
      [0.5, 0.25, 0],
      [0, 0, 0.5],
      [0.5, 0.25, 0],
    ]);
  });
});

it("captions that a stream got before it failed stay in its transcript", async () => {
  const { stream, transport } = watched(await runningStream({ reconnect: false }));
  const transcript = createTranscript(stream);
  transport.last.say("asr.final", { segment_id: "s1", text: "hello" });
  transport.last.lose();
  await stream.closed;
  expect([transcript.text, stream.error?.code]).toEqual(["hello", "retries-exhausted"]);
});
