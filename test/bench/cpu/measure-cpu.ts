import { setTimeout as delay } from "node:timers/promises";
import { HEAP_PARTS, type HeapPart } from "../heaps.js";
import { startTrace } from "../tracing.js";
import { type StreamingPage, whileStreaming } from "../while-streaming.js";
import { type Part, renderers, shares, threadTimes } from "./thread-times.js";
import { TRACED_CATEGORIES, type TracedThread, threadsIn } from "./traced-threads.js";

/** Long enough for everything to be compiled. */
const WARM_UP_MS = 10_000;
/** A trace has events for each message, and is kept in memory. */
const TRACE_MS = 60_000;

export interface CpuFigures {
  /** In percent of one core. */
  readonly cpu: Readonly<Record<Part, number>>;
  /** In tasks, percent of the time, from the trace. */
  readonly tasks: Readonly<Partial<Record<HeapPart, number>>>;
  /** Bytes allocated on the heap a minute, which all become garbage sooner or later. */
  readonly garbagePerMinute: Readonly<Partial<Record<HeapPart, number>>>;
  /** Collections in the minute of the trace. */
  readonly collections: number;
  /** In use after a collection, at the beginning and at the end. */
  readonly heaps: Readonly<Partial<Record<HeapPart, { readonly before: number; readonly after: number }>>>;
  readonly minutes: number;
}

/** @param start JavaScript of a function of the server's port that opens the microphone. */
export function measureCpu(executablePath: string, start: string, minutes: number): Promise<CpuFigures> {
  return whileStreaming(executablePath, start, (streaming) => measure(streaming, minutes));
}

async function measure({ page, heaps }: StreamingPage, minutes: number): Promise<CpuFigures> {
  await delay(WARM_UP_MS);

  const heapsBefore = await heaps.used({ collected: true });
  const pids = await renderers(page.browserDevtools);
  const [before, began] = [threadTimes(pids), performance.now()];
  await delay(minutes * 60_000);
  const cpu = shares(before, threadTimes(pids), performance.now() - began);

  const usedBefore = await heaps.used({ collected: false });
  const endTrace = await startTrace(page.browserDevtools, TRACED_CATEGORIES);
  await delay(TRACE_MS);
  const threads = threadsIn(await endTrace());
  const usedAfter = await heaps.used({ collected: false });
  const heapsAfter = await heaps.used({ collected: true });

  const tasks: Partial<Record<HeapPart, number>> = {};
  const garbagePerMinute: Partial<Record<HeapPart, number>> = {};
  const held: Partial<Record<HeapPart, { before: number; after: number }>> = {};
  for (const part of HEAP_PARTS) {
    const [from, to] = [usedBefore[part], usedAfter[part]];
    if (from === undefined || to === undefined) continue;
    const mine = threads.filter((thread) => partOfTraced(thread) === part);
    const collected = mine.reduce((sum, { collectedBytes }) => sum + collectedBytes, 0);
    tasks[part] = mine.reduce((sum, { taskMs }) => sum + (taskMs / TRACE_MS) * 100, 0);
    garbagePerMinute[part] = (to - from + collected) * (60_000 / TRACE_MS);
    held[part] = { before: heapsBefore[part] ?? Number.NaN, after: heapsAfter[part] ?? Number.NaN };
  }
  const collections = threads.reduce((sum, thread) => sum + (partOfTraced(thread) ? thread.collections : 0), 0);
  return { cpu, tasks, garbagePerMinute, collections, heaps: held, minutes };
}

function partOfTraced({ name }: TracedThread): HeapPart | undefined {
  if (name === "CrRendererMain") return "page";
  if (/DedicatedWorker/.test(name)) return "worker";
  return /AudioWorklet/.test(name) ? "audio" : undefined;
}
