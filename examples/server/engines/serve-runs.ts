import { parentPort, workerData } from "node:worker_threads";
import { STOP } from "../processes/thread-stop.js";
import type { EngineFormat, Segment } from "./engine.js";
import { type RunNote, type RunStep, type ThreadBatch, type ThreadStart, unpackBatch } from "./thread-batch.js";

/** What listens to one stream in a thread. */
export interface Recogniser {
  /** Samples that follow; they are not kept. */
  write(samples: Uint8Array, position: number): void;
  /** The samples from `from` up to, not including, `to` do not exist. */
  gap(from: number, to: number): void;
  /** No more audio; the last segments are told inside the call. */
  end(): void;
}

export interface RecogniserOptions {
  readonly format: EngineFormat;
  /** Position of the first sample that will be written. */
  readonly startPosition: number;
  onSegment(segment: Segment): void;
}

/**
 * Makes this thread one of a pool's: it works for many runs, a batch at a time. A recogniser that throws costs its own
 * run alone.
 */
export function serveRuns(open: (options: RecogniserOptions) => Recogniser): void {
  const port = parentPort;
  if (port === null) throw new Error("This module runs in a thread that the server starts.");
  const { current } = workerData as ThreadStart;
  const recognisers = new Map<number, Recogniser>();
  let notes: RunNote[] = [];

  const take = (run: number, step: RunStep): void => {
    if (step.type === "open") {
      recognisers.set(run, open({ ...step, onSegment: (segment) => notes.push({ type: "segment", run, segment }) }));
    } else if (step.type === "close") recognisers.delete(run);
    else if (step.type === "gap") recognisers.get(run)?.gap(step.from, step.to);
    else if (step.type === "end") {
      recognisers.get(run)?.end();
      notes.push({ type: "ended", run });
    } else recognisers.get(run)?.write(step.samples, step.position);
  };

  port.on("message", (batch: ThreadBatch | typeof STOP) => {
    if (batch === STOP) {
      port.close();
      return;
    }
    for (const [run, step] of unpackBatch(batch)) {
      Atomics.store(current, 0, run);
      try {
        take(run, step);
      } catch (error) {
        recognisers.delete(run);
        notes.push({ type: "failed", run, message: error instanceof Error ? error.message : String(error) });
      }
    }
    Atomics.store(current, 0, 0);
    port.postMessage(notes);
    notes = [];
  });
}
