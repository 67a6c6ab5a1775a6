import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "../package/consumer.js";

const run = promisify(execFile);
const MORE = import.meta.dirname;

const changedMs = (path: string): Promise<number> =>
  stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );

/** Installs the packages of this folder if they are not those of its lockfile, and the packed package beside them. */
export async function install(): Promise<void> {
  const installed = await changedMs(join(MORE, "node_modules/.package-lock.json"));
  if (installed < (await changedMs(join(MORE, "package-lock.json")))) {
    // The packages are built and checked with, and none of them needs a script for that.
    await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: MORE });
  }
  const folder = await mkdtemp(join(tmpdir(), "loquilex-packed-"));
  try {
    const packed = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: ROOT });
    const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
    const target = join(MORE, "node_modules/loquilex");
    await rm(target, { recursive: true, force: true });
    await mkdir(target);
    await run("tar", ["-xzf", join(folder, filename), "-C", target, "--strip-components=1"]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
