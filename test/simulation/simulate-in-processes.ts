import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { add, NOTHING, simulateMany, type Totals } from "./simulate.js";
import type { Verdict } from "./verdict.js";

/** Fewer seeds than this are sooner done in this process. */
const MANY_SEEDS = 400;

export interface Part {
  readonly totals: Totals;
  readonly failure: Verdict | undefined;
}

/** Runs seeds on two processes where there are many and the machine has the cores. */
export async function simulateInProcesses(
  first: number,
  count: number,
): Promise<{ totals: Totals; failures: Verdict[] }> {
  const processes = count >= MANY_SEEDS ? Math.min(2, availableParallelism()) : 1;
  const share = Math.ceil(count / processes);
  const parts =
    processes === 1
      ? [simulateMany(first, count)]
      : await Promise.all(
          Array.from({ length: processes }, (_, index) =>
            runShare(first + index * share, Math.min(share, count - index * share)),
          ),
        );
  const totals = { ...NOTHING };
  for (const part of parts) add(totals, part.totals);
  return { totals, failures: parts.flatMap(({ failure }) => (failure === undefined ? [] : [failure])) };
}

function runShare(first: number, count: number): Promise<Part> {
  const child = fork(fileURLToPath(new URL("./worker.ts", import.meta.url)), [String(first), String(count)], {
    execArgv: ["--import", "tsx"],
  });
  return new Promise((resolve, reject) => {
    let part: Part | undefined;
    child.on("message", (message) => {
      part = message as Part;
    });
    child.on("error", reject);
    child.on("exit", (code) => {
      if (part === undefined) reject(new Error(`A simulation process ended with ${code} and no result.`));
      else resolve(part);
    });
  });
}
