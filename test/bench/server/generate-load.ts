/**
 * The load generator: streams of speech and silence over real sockets, from one process with one timer. Started by
 * `measure-load.ts`, which says what to do. Argument: frames a second of each stream.
 */
import { systemClock } from "loquilex/resources";
import { answerRequests } from "../../support/answer-requests.js";
import { LatencyHistogram } from "./latency-histogram.js";
import type { LoadFigures, LoadRequest, OpenRequest } from "./load-messages.js";
import { LoadStream } from "./load-stream.js";
import { FrameTemplate } from "./masked-message.js";

const SAMPLE_RATE = 16_000;
/** Each stream speaks for two seconds and is silent for one, at times of its own. */
const CYCLE_MS = 3_000;
const SPEECH_MS = 2_000;
const TICK_MS = 2;
const ACK_TICK_MS = 100;
/** Streams that are opened at once. */
const OPENED_AT_ONCE = 50;
/** How long the last acknowledgements may take. */
const LAST_ACKS_MS = 10_000;

const [framesPerSecond = 0] = process.argv.slice(2).map(Number);
const frameSamples = SAMPLE_RATE / framesPerSecond;
const frameMs = 1_000 / framesPerSecond;
const latencies = new LatencyHistogram();
const speech = new FrameTemplate(noise(6_000));
const silence = new FrameTemplate(noise(6));
let streams: LoadStream[] = [];
/** Frames of all streams since the start. */
let sent = 0;
let behindMs = 0;

function noise(amplitude: number): Uint8Array<ArrayBuffer> {
  const samples = Int16Array.from({ length: frameSamples }, () => Math.round((2 * Math.random() - 1) * amplitude));
  return new Uint8Array(samples.buffer);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => void systemClock.schedule(ms, resolve));

async function open({ streams: more, port, path, bare }: OpenRequest): Promise<void> {
  const total = streams.length + more;
  while (streams.length < total) {
    const some = Array.from({ length: Math.min(OPENED_AT_ONCE, total - streams.length) }, () => {
      return new LoadStream({ port, path, bare, frameSamples, latencies });
    });
    streams.push(...some);
    await Promise.all(some.map(({ opened }) => opened));
  }
}

/** Frames go out one after the other, evenly over the time; what could not be sent in time is made up for. */
async function stream(seconds: number): Promise<void> {
  const startedAt = performance.now();
  const perMs = streams.length / frameMs;
  const total = streams.length * Math.round(seconds * framesPerSecond);
  let acksAt = startedAt;
  for (let done = 0; done < total; await pause(TICK_MS)) {
    const now = performance.now();
    const due = Math.min(total, Math.floor((now - startedAt) * perMs));
    for (; done < due; done += 1) sendNext(now);
    behindMs = performance.now() - startedAt - done / perMs;
    if (now < acksAt) continue;
    acksAt = now + ACK_TICK_MS;
    for (const each of streams) each.acknowledge();
  }
}

function sendNext(now: number): void {
  const index = sent % streams.length;
  const atMs = Math.floor(sent / streams.length) * frameMs + (index * CYCLE_MS) / streams.length;
  streams[index]?.send(atMs % CYCLE_MS < SPEECH_MS ? speech : silence, now);
  sent += 1;
}

async function stop(): Promise<void> {
  const until = performance.now() + LAST_ACKS_MS;
  while (performance.now() < until && !streams.every((each) => each.isAcknowledged)) await pause(10);
}

function close(): void {
  for (const each of streams) each.close();
  streams = [];
  sent = 0;
}

async function answer(request: LoadRequest): Promise<LoadFigures> {
  latencies.clear();
  const [sentBefore, cpuBefore, startedAt] = [sent, process.cpuUsage(), performance.now()];
  if (request.type === "open") await open(request);
  else if (request.type === "stream") await stream(request.seconds);
  else if (request.type === "stop") await stop();
  else close();
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    frames: sent - sentBefore,
    ackMs: latencies.count === 0 ? null : { p50: latencies.quantile(0.5), p99: latencies.quantile(0.99) },
    unacknowledged: streams.filter((each) => !each.isAcknowledged).length,
    ends: [...new Set(streams.flatMap(({ end }) => end ?? []))],
    cpuPercent: (user + system) / 10 / (performance.now() - startedAt),
    behindMs,
  };
}

answerRequests(answer);
