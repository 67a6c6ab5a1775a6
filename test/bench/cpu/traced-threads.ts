import type { TraceEvent } from "../tracing.js";

export const TRACED_CATEGORIES = ["devtools.timeline", "disabled-by-default-devtools.timeline", "v8"];

/** What a trace says of one thread. */
export interface TracedThread {
  readonly name: string;
  /** In tasks, by the wall. */
  readonly taskMs: number;
  readonly collections: number;
  readonly collectedBytes: number;
}

export function threadsIn(events: readonly TraceEvent[]): TracedThread[] {
  const byThread = new Map<string, TraceEvent[]>();
  for (const event of events) {
    const key = `${event.pid}/${event.tid}`;
    const before = byThread.get(key);
    if (before === undefined) byThread.set(key, [event]);
    else before.push(event);
  }
  return [...byThread.values()].map(threadOf);
}

function threadOf(events: readonly TraceEvent[]): TracedThread {
  const collections = events.filter(({ name }) => name === "MinorGC" || name === "MajorGC");
  return {
    name: events.find(({ name, ph }) => name === "thread_name" && ph === "M")?.args?.name ?? "",
    taskMs: events.reduce((sum, { name, dur = 0 }) => sum + (name === "RunTask" ? dur / 1_000 : 0), 0),
    collections: collections.length,
    collectedBytes: collections.reduce(
      (sum, { args }) => sum + Math.max(0, (args?.usedHeapSizeBefore ?? 0) - (args?.usedHeapSizeAfter ?? 0)),
      0,
    ),
  };
}
