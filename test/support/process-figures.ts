import { readdirSync, readFileSync } from "node:fs";
import { isProcessAlive } from "./process-alive.js";

/** What a process holds, as Linux counts it. */
export interface ProcessFigures {
  readonly threads: number;
  readonly descriptors: number;
  readonly children: number;
  readonly rssBytes: number;
}

/** @throws when there is no such process. */
export function processFigures(pid: number): ProcessFigures {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const figure = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
  return {
    threads: figure("Threads"),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    children: childrenOf(pid).length,
    rssBytes: figure("VmRSS") * 1_024,
  };
}

/** Children of a process that have not ended. */
export function childrenOf(pid: number): number[] {
  return readdirSync(`/proc/${pid}/task`)
    .flatMap((task) => {
      try {
        return readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" ");
      } catch {
        // The thread has ended since it was listed.
        return [];
      }
    })
    .filter((child) => child.trim() !== "")
    .map(Number)
    .filter(isProcessAlive);
}
