/** An event of a Chromium trace, as far as it is looked at. */
export interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** On the machine's monotonic clock, in microseconds. */
  readonly ts: number;
  /** Of complete events, in microseconds. */
  readonly dur?: number;
  readonly args?: {
    readonly name?: string;
    readonly usedHeapSizeBefore?: number;
    readonly usedHeapSizeAfter?: number;
  };
}

/** A session of the debugging protocol with a browser itself; Playwright's and Puppeteer's both are one. */
export interface TracingSession {
  send(method: "Tracing.start", params: object): Promise<unknown>;
  send(method: "Tracing.end"): Promise<unknown>;
  on(event: "Tracing.dataCollected" | "Tracing.tracingComplete", listener: (data: unknown) => void): unknown;
}

/** Begins a trace. @returns what ends it, and resolves with its events. */
export async function startTrace(
  session: TracingSession,
  categories: readonly string[],
): Promise<() => Promise<readonly TraceEvent[]>> {
  const events: TraceEvent[] = [];
  session.on("Tracing.dataCollected", (data) => {
    for (const event of (data as { value: TraceEvent[] }).value) events.push(event);
  });
  const complete = new Promise((resolve) => session.on("Tracing.tracingComplete", resolve));
  await session.send("Tracing.start", {
    transferMode: "ReportEvents",
    traceConfig: { recordMode: "recordAsMuchAsPossible", includedCategories: [...categories] },
  });
  return async () => {
    await session.send("Tracing.end");
    await complete;
    return events;
  };
}
