import { execFile } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const VERSION_TIMEOUT_MS = 30_000;
const INSTALL_TIMEOUT_MS = 900_000;

/** The first of `names` that is an executable file on the PATH. */
export async function findProgram(...names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? "").split(delimiter)) {
      const path = join(folder, name);
      if (folder !== "" && (await isExecutable(path))) return path;
    }
  }
  return undefined;
}

export const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** What `path --version` prints, or `undefined` when it does not run. */
export const versionOf = (path: string): Promise<string | undefined> =>
  run(path, ["--version"], { timeout: VERSION_TIMEOUT_MS }).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );

/** Whether packages can be installed with apt, which takes Debian and root. */
export const canUseApt = async (): Promise<boolean> =>
  process.getuid?.() === 0 && (await findProgram("apt-get")) !== undefined;

/** @throws Error with apt's own complaint. */
export async function aptInstall(...packages: readonly string[]): Promise<void> {
  console.log(`Installing ${packages.join(" and ")} with apt.`);
  // The lists of a machine that has been idle name versions that the mirrors no longer have.
  await install("apt-get", ["update"]);
  await install("apt-get", ["install", "-y", "--no-install-recommends", ...packages]);
}

/** Runs an installer. @throws Error with the installer's own complaint. */
export async function install(command: string, args: readonly string[]): Promise<void> {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  try {
    await run(command, args, { env, timeout: INSTALL_TIMEOUT_MS, maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    const output = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : String(error);
    const lines = output.split("\n");
    const complaint = lines.find((line) => /^E: |error/i.test(line)) ?? lines.at(-1) ?? "";
    throw new Error(`\`${[command, ...args].join(" ")}\` failed: ${complaint.trim()}`, { cause: error });
  }
}
