import { afterEach, beforeEach, expect, vi } from "vitest";
import { type StreamState, TRANSITIONS } from "../../src/state.js";
import { AudioStream } from "../../src/stream/audio-stream.js";
import type { AudioStreamOptions } from "../../src/stream/options/options.js";
import { FakeSource } from "./fake-source.js";
import { FakeTransport } from "./fake-transport.js";

/** A stream over a fake source and a fake server, and all that it has told. */
export interface ObservedStream {
  readonly stream: AudioStream;
  readonly source: FakeSource;
  readonly transport: FakeTransport;
  /** Names of events in order; a change of state by its new state. */
  readonly heard: string[];
  readonly states: StreamState[];
  /** Changes of state that the table forbids. */
  readonly illegal: string[];
}

const EVENTS = ["statechange", "message", "reconnecting", "reconnected", "drop", "warning", "close"] as const;

export function observedStream(options: AudioStreamOptions = {}): ObservedStream {
  const source = new FakeSource();
  const transport = new FakeTransport();
  const predictable = { heartbeat: { intervalMs: 1_000 }, reconnect: { jitterRatio: 0 } };
  const stream = new AudioStream({ source, transport }, { ...predictable, ...options });
  const heard: string[] = [];
  const states: StreamState[] = [stream.state];
  const illegal: string[] = [];
  for (const type of EVENTS) {
    stream.addEventListener(type, () => heard.push(type === "statechange" ? stream.state : type));
  }
  stream.addEventListener("statechange", () => {
    const from = states.at(-1) ?? "idle";
    if (!TRANSITIONS[from].includes(stream.state)) illegal.push(`${from} to ${stream.state}`);
    states.push(stream.state);
  });
  return { stream, source, transport, heard, states, illegal };
}

/**
 * Puts fake timers in place for each test of the file.
 * @returns what takes note of a stream, which is aborted after the test, and must have released everything then.
 */
export function watchStreams(): (observed: ObservedStream) => ObservedStream {
  const open: ObservedStream[] = [];
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  });
  afterEach(async () => {
    for (const { stream, illegal } of open.splice(0)) {
      stream.abort();
      await stream.closed;
      expect(illegal).toEqual([]);
      expect(stream.resources()).toEqual([]);
    }
    expect(vi.getTimerCount()).toBe(0);
    vi.useRealTimers();
  });
  return (observed) => {
    open.push(observed);
    return observed;
  };
}

/** Whether streams run in a fake worker: `streams-in-workers.ts` is in place then. */
export const IN_WORKER = process.env.LX_HOST === "worker";

export const passTime = (ms: number) => vi.advanceTimersByTimeAsync(ms);

/** Lets everything that waits for nothing but promises happen. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
}

/** Started, connected and speaking. */
export async function runningStream(options: AudioStreamOptions = {}): Promise<ObservedStream> {
  const observed = observedStream(options);
  const started = observed.stream.start();
  await settle();
  observed.source.speak();
  await started;
  return observed;
}

/** What has become of a promise, without waiting for it. */
export async function stateOf(promise: Promise<unknown>): Promise<"pending" | "resolved" | "rejected"> {
  const outcome = promise.then(
    () => "resolved" as const,
    () => "rejected" as const,
  );
  await settle();
  return Promise.race([outcome, Promise.resolve("pending" as const)]);
}

/** The reason a promise was rejected with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error("The promise was not rejected.");
    },
    (reason: unknown) => reason,
  );
}
