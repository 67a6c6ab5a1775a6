import { readdirSync, readFileSync } from "node:fs";

/** A session of the debugging protocol with a browser itself; Playwright's and Puppeteer's both are one. */
export interface ProcessSession {
  send(method: "SystemInfo.getProcessInfo"): Promise<{ readonly processInfo: { type: string; id: number }[] }>;
}

/** The processes that run a browser's pages. */
export async function renderers(browser: ProcessSession): Promise<number[]> {
  const { processInfo } = await browser.send("SystemInfo.getProcessInfo");
  return processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
}

/** A thread of a browser's process, and how long it has run on a processor so far. */
export interface ThreadTime {
  readonly name: string;
  readonly isMain: boolean;
  readonly ranMs: number;
}

/** What Linux counts for each thread of the processes, to the nanosecond and at no cost; by a key that is theirs alone. */
export function threadTimes(pids: readonly number[]): Map<string, ThreadTime> {
  const times = new Map<string, ThreadTime>();
  for (const pid of pids) {
    for (const thread of threadsOf(pid)) {
      const folder = `/proc/${pid}/task/${thread}`;
      try {
        const name = readFileSync(`${folder}/comm`, "utf8").trim();
        const [ranNs = 0] = readFileSync(`${folder}/schedstat`, "utf8").split(" ").map(Number);
        times.set(`${pid}/${thread}`, { name, isMain: thread === String(pid), ranMs: ranNs / 1e6 });
      } catch {
        // The thread has ended since it was listed.
      }
    }
  }
  return times;
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    // The process has ended since it was listed.
    return [];
  }
}

/** The part of a page's work that a thread belongs to. */
export type Part = "page" | "worker" | "audio" | "rest";

/** Linux keeps the first fifteen characters of a name. The threads that bring and take sound are the browser's own. */
function partOf({ name, isMain }: ThreadTime): Part {
  if (isMain) return "page";
  if (name.startsWith("DedicatedWorker")) return "worker";
  return /AudioW/.test(name) ? "audio" : "rest";
}

/** In percent of one core, between two readings. */
export function shares(
  before: ReadonlyMap<string, ThreadTime>,
  after: ReadonlyMap<string, ThreadTime>,
  elapsedMs: number,
): Record<Part, number> {
  const sums: Record<Part, number> = { page: 0, worker: 0, audio: 0, rest: 0 };
  for (const [key, thread] of after) {
    sums[partOf(thread)] += ((thread.ranMs - (before.get(key)?.ranMs ?? 0)) / elapsedMs) * 100;
  }
  return sums;
}
