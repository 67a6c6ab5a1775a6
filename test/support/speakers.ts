/**
 * Streams of the SDK in a process of their own, so that many of them delay neither the test nor what leads them to their
 * servers. Argument: the address. It answers each {@link SpeakersRequest} with {@link SpeakersState}, and the last one with
 * a {@link SpeakersAccount}.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { answerRequests } from "./answer-requests.js";
import { NodeStream } from "./node-stream.js";

export type SpeakersRequest =
  | { readonly type: "start"; readonly streams: number }
  | { readonly type: "state" }
  | { readonly type: "close" };

export interface SpeakersState {
  readonly streaming: number;
  /** States of those that do not stream. */
  readonly others: readonly string[];
  /** The longest that this process was late since the last answer. */
  readonly maxLoopDelayMs: number;
}

export interface Speaker {
  readonly stream: { readonly sessionId: string };
  readonly source: { readonly samplesCaptured: number };
  readonly outcome: string;
  readonly drops: readonly unknown[];
  readonly warnings: readonly string[];
  /** Where each of its recordings begins. */
  readonly starts: readonly number[];
  /** How long it was without a server, each time. */
  readonly downtimesMs: readonly number[];
}

export interface SpeakersAccount {
  readonly speakers: readonly Speaker[];
}

/** Streams that start together. All at once they would keep this process from answering any of them in time. */
const AT_ONCE = 10;

const [url = ""] = process.argv.slice(2);
const streams: NodeStream[] = [];
const loop = monitorEventLoopDelay({ resolution: 10 });
loop.enable();

async function start(count: number): Promise<void> {
  for (let left = count; left > 0; left -= AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, left) }, () => NodeStream.start(url));
    streams.push(...(await Promise.all(some)));
  }
}

function state(): SpeakersState {
  const others = streams.filter(({ stream }) => stream.state !== "streaming").map(({ stream }) => stream.state);
  const maxLoopDelayMs = loop.max / 1e6;
  loop.reset();
  return { streaming: streams.length - others.length, others, maxLoopDelayMs };
}

async function close(): Promise<SpeakersAccount> {
  await Promise.all(streams.map((stream) => stream.close()));
  return { speakers: await Promise.all(streams.map(accountOf)) };
}

async function accountOf(spoken: NodeStream): Promise<Speaker> {
  const { stream, source, drops, warnings, reconnections } = spoken;
  return {
    stream: { sessionId: stream.sessionId },
    source: { samplesCaptured: source.samplesCaptured },
    outcome: (await spoken.closed).outcome,
    drops,
    warnings: warnings.map(({ code, message }) => `${code}: ${message}`),
    starts: [0, ...reconnections.map(({ missingAudio }) => missingAudio?.to ?? 0)],
    downtimesMs: reconnections.map(({ downtimeMs }) => downtimeMs),
  };
}

answerRequests<SpeakersRequest>(async (request) => {
  if (request.type === "start") await start(request.streams);
  return request.type === "close" ? close() : state();
});
