import { readdirSync, readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";

/** The variable that every process inherits from the child that started it, also one that left the child's group. */
export const MARK = "LOQUILEX_CHILD";

const isMarked = (environment: string, mark: string): boolean =>
  environment.split("\0").some((variable) => variable.startsWith(`${MARK}=${mark}`));

/**
 * Kills what bears a mark that begins like this. Resolves when no such process is left; does nothing without `/proc`.
 * @param after only processes with higher numbers are looked at, which began later.
 */
export async function killMarked(mark: string, after: number): Promise<void> {
  // One that was just being started is found the second time.
  for (let found = true, rounds = 0; found && rounds < 5; rounds += 1) {
    found = false;
    for (const pid of (await readdir("/proc").catch(() => [])).filter((name) => Number(name) > after)) {
      const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
      if (isMarked(environment, mark)) found = kill(pid) || found;
    }
  }
}

/** The same at once, for a process that is about to exit. */
export function killMarkedNow(mark: string): void {
  for (const pid of entriesOf("/proc").filter(isNumber))
    if (isMarked(contentOf(`/proc/${pid}/environ`), mark)) kill(pid);
}

const isNumber = (name: string): boolean => /^\d+$/.test(name);

function kill(pid: string): boolean {
  try {
    process.kill(Number(pid), "SIGKILL");
    return true;
  } catch {
    return false;
  }
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    // It is gone, or somebody else's.
    return "";
  }
}
