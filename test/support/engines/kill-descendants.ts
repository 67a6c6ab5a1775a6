import { readdir, readFile } from "node:fs/promises";

/** Kills the process's descendants whose command line matches, and itself if it does. @param thread the name of one that they must have. */
export async function killDescendants(root: number, pattern: RegExp, thread?: string): Promise<void> {
  const parents = new Map<number, number>();
  for (const name of await readdir("/proc")) {
    const stat = /^\d+$/.test(name) ? await readFile(`/proc/${name}/stat`, "utf8").catch(() => "") : "";
    const parent = /^\d+ \(.*\) \S (\d+)/s.exec(stat)?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const isInside = (pid: number | undefined): boolean =>
    pid !== undefined && (pid === root || isInside(parents.get(pid)));
  const targets = [...parents.keys()].filter(isInside);
  for (const pid of targets) {
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (!pattern.test(command.replaceAll("\0", " ").trim())) continue;
    if (thread !== undefined && !(await threadsOf(pid)).includes(thread)) continue;
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended together with its parent.
    }
  }
}

async function threadsOf(pid: number): Promise<string[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  return Promise.all(
    threads.map(async (id) => (await readFile(`/proc/${pid}/task/${id}/comm`, "utf8").catch(() => "")).trim()),
  );
}
