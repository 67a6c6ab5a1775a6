import type { BackendProcess } from "../support/backend-process.js";
import { collectGarbage } from "../support/collect-garbage.js";
import { collectGarbageIn } from "../support/node-inspector.js";
import { processFigures } from "../support/process-figures.js";

/** What the backend and this process, where the SDK runs, hold; heaps after a forced collection. */
export interface Figures {
  readonly sessions: number;
  readonly threads: number;
  readonly descriptors: number;
  readonly children: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly clientHeapBytes: number;
  /** Names of the backend's resources. */
  readonly resources: readonly string[];
}

interface Report {
  readonly sessions: number;
  readonly memory: { readonly heapUsed: number };
  readonly resources: readonly { readonly owner: string; readonly resource: string }[];
}

export async function takeFigures(backend: BackendProcess): Promise<Figures> {
  await collectGarbageIn(backend.log);
  await collectGarbage();
  const report = (await (await fetch(`${backend.url}/api/resources`)).json()) as Report;
  return {
    ...processFigures(backend.pid),
    sessions: report.sessions,
    heapBytes: report.memory.heapUsed,
    clientHeapBytes: process.memoryUsage().heapUsed,
    resources: report.resources.map(({ owner, resource }) => `${owner}: ${resource}`),
  };
}

export const HEADING = "  time  sessions  threads  processes  descriptors  resident  heap     client's heap";

export function line(atSec: number, figures: Figures): string {
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  const { sessions, threads, children, descriptors, rssBytes, heapBytes, clientHeapBytes } = figures;
  return [
    `${String(Math.round(atSec)).padStart(5)}s`,
    String(sessions).padStart(8),
    String(threads).padStart(7),
    String(children).padStart(9),
    String(descriptors).padStart(11),
    megabytes(rssBytes).padStart(8),
    megabytes(heapBytes).padStart(7),
    megabytes(clientHeapBytes).padStart(7),
  ].join("  ");
}
