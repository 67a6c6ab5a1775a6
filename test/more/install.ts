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

/** Installs the packages of a folder if they are not those of its lockfile. */
async function installPackages(folder: string): Promise<void> {
  const installed = await changedMs(join(folder, "node_modules/.package-lock.json"));
  if (installed >= (await changedMs(join(folder, "package-lock.json")))) return;
  // None of the packages needs a script for what is done with it here.
  await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder });
}

/** Installs the packages of this folder and of the vendors' clients, and the packed package beside the former. */
export async function install(): Promise<void> {
  await installPackages(join(MORE, "vendors"));
  await installPackages(MORE);
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
