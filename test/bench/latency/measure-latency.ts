import { setTimeout as delay } from "node:timers/promises";
import { TestSite } from "../../browser/test-site.js";
import { openMeasuredPage } from "../measured-page.js";
import { quantile } from "../report.js";
import { startTrace } from "../tracing.js";
import { MeasuringServer } from "./measuring-server.js";
import { monotonicMs } from "./monotonic-clock.js";
import { handedQuanta, STAMP_CATEGORY, stampInput } from "./stamp-input.js";
import { GROUP_SAMPLES, StampReader } from "./stamps.js";
import type { LatencySubject } from "./subjects.js";

const SAMPLE_RATE = 16_000;
const QUANTUM = 128;
const FRAME_SAMPLES = 320;
const FIRST_AUDIO_MS = 20_000;
const WARM_UP_MS = 3_000;
/** How long stragglers are waited for. */
const STRAGGLERS_MS = 3_000;

/** The page is busy for so long, and then free for the rest of the period. */
export const BUSY_MS = 500;
export const PERIOD_MS = 700;

export type PageState = "idle" | "blocked" | "hidden";

export interface LatencyFigures {
  readonly messages: number;
  /** Audio in a message, median. */
  readonly messageMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Frames of 20 ms that the audio thread handed over and that never came. */
  readonly lostFrames: number;
  /** That the client made; more than one if it had to connect again. */
  readonly connections: number;
}

/** Streams for so long from a page in some state, and compares when samples were there and when they came. */
export async function measureLatency(
  executablePath: string,
  subject: LatencySubject,
  { state, seconds }: { readonly state: PageState; readonly seconds: number },
): Promise<LatencyFigures> {
  await using server = await MeasuringServer.listen(subject.dialect);
  await using site = await TestSite.serve();
  await using page = await openMeasuredPage({
    executablePath,
    url: site.url(),
    runFirst: stampInput(SAMPLE_RATE, { timed: true }),
    hidden: state === "hidden",
  });
  await page.addModule(await subject.script());
  const endTrace = await startTrace(page.browserDevtools, [STAMP_CATEGORY]);
  await page.evaluate(startOnceDefined(server.port));
  await firstAudio(server);
  await delay(WARM_UP_MS);
  if (state === "blocked") await page.evaluate(BLOCK_AGAIN_AND_AGAIN);
  const from = monotonicMs();
  await delay(seconds * 1_000);
  const to = monotonicMs();
  if (state === "blocked") await page.evaluate("stopBlocking()");
  await delay(STRAGGLERS_MS);
  return evaluate(server, handedQuanta(await endTrace()), from, to);
}

const startOnceDefined = (port: number): string => `(async () => {
  while (globalThis.benchSubject === undefined) await new Promise((resolve) => setTimeout(resolve, 10));
  await benchSubject(${port});
})()`;

const BLOCK_AGAIN_AND_AGAIN = `{
  let timer = setTimeout(function block() {
    const until = performance.now() + ${BUSY_MS};
    while (performance.now() < until);
    timer = setTimeout(block, ${PERIOD_MS - BUSY_MS});
  });
  globalThis.stopBlocking = () => clearTimeout(timer);
}`;

async function firstAudio(server: MeasuringServer): Promise<void> {
  const deadline = monotonicMs() + FIRST_AUDIO_MS;
  while (server.messageCount === 0) {
    if (monotonicMs() > deadline) throw new Error("No audio came.");
    await delay(50);
  }
}

/** Counts what was handed over between `from` and `to`. */
function evaluate(
  server: MeasuringServer,
  quanta: ReadonlyMap<number, number>,
  from: number,
  to: number,
): LatencyFigures {
  const latencies: number[] = [];
  const durations: number[] = [];
  const arrived = new Set<number>();
  for (const arrivals of server.connections) {
    const reader = new StampReader();
    for (const { at, audio } of arrivals) {
      const end = reader.push(audio);
      const last = end === undefined ? -1 : end - 1;
      const handedAt = quanta.get(last - (last % QUANTUM));
      if (handedAt === undefined || handedAt < from || handedAt > to) continue;
      latencies.push(at - handedAt);
      durations.push((audio.byteLength / 2 / SAMPLE_RATE) * 1_000);
    }
    for (const group of reader.groups.keys()) arrived.add(group);
  }
  let lostSamples = 0;
  for (const [frame, time] of quanta) {
    if (time < from || time > to) continue;
    for (let at = frame; at < frame + QUANTUM; at += GROUP_SAMPLES) {
      if (!arrived.has(at / GROUP_SAMPLES)) lostSamples += GROUP_SAMPLES;
    }
  }
  return {
    messages: latencies.length,
    messageMs: quantile(durations, 0.5),
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    maxMs: quantile(latencies, 1),
    lostFrames: Math.ceil(lostSamples / FRAME_SAMPLES),
    connections: server.connections.length,
  };
}
