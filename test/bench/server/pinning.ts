import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";

/** The core of the server, and that of the load generator. */
export const SERVER_CORE = 1;
export const GENERATOR_CORE = 0;

/** Why nothing can be given a core of its own here; `undefined` if it can. */
export function whyUnpinned(): string | undefined {
  if (availableParallelism() < 2) return "This machine has one core, which server and load generator share.";
  try {
    execFileSync("taskset", ["--version"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "There is no taskset (util-linux) here, so that server and load generator were not kept on a core each.";
  }
}

/** The command line that runs a program on one core, if that is possible. */
export const pinned = (core: number, program: readonly string[]): readonly string[] =>
  whyUnpinned() === undefined ? ["taskset", "-c", String(core), ...program] : program;
