import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const HERE = import.meta.dirname;

export const ROOT = join(HERE, "../..");

/** Installs what makes the reference and the site, which nothing else needs. */
export async function installTools(): Promise<void> {
  if (existsSync(join(HERE, "node_modules/vitepress"))) return;
  await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: HERE });
}

/** Runs one of these tools in this folder. @throws Error with what it said, if it fails. */
export async function node(...args: readonly string[]): Promise<void> {
  try {
    // Tests have a value of their own for it, by which a site for development would be built.
    const env = { ...process.env, NODE_ENV: "production" } as const;
    await run(process.execPath, args, { cwd: HERE, env, maxBuffer: 10_000_000 });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${args[0]} failed:\n${stdout}${stderr}`, { cause: error });
  }
}
