import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isatty } from "node:tty";
import { fileURLToPath } from "node:url";
import { deferred, Scope, systemClock } from "loquilex/resources";
import { type ChildExit, ChildProcess } from "../processes/child-process.js";
import { BUILD_STAMP, hashBuildInputs } from "./build-inputs.js";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const SIGNAL_EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** What `npm start` runs: builds what the server serves if anything has changed, and becomes the server. */
async function start(): Promise<void> {
  if (!(await isBuilt())) await build();
  await import("../main.js");
}

async function isBuilt(): Promise<boolean> {
  const stamp = await readFile(join(ROOT, BUILD_STAMP), "utf8").catch(() => "");
  return stamp === hashBuildInputs(ROOT);
}

/** Ends this process if the build fails, or if a signal comes before its end. */
async function build(): Promise<void> {
  if (isatty(2)) {
    process.stderr.write("Building first, which takes up to a minute and happens only after changes.\n");
  }
  const exited = deferred<ChildExit>();
  const scope = new Scope({ name: "build" });
  new ChildProcess({
    command: "npm",
    args: ["run", "--silent", "build", "--prefix", ROOT],
    env: process.env,
    clock: systemClock,
    scope,
    onLine: (line) => process.stderr.write(`${line}\n`),
    onExit: exited.resolve,
  });
  const stop = (signal: NodeJS.Signals): void => {
    ChildProcess.killAll();
    process.exit(SIGNAL_EXIT_CODES[signal as keyof typeof SIGNAL_EXIT_CODES]);
  };
  for (const signal of Object.keys(SIGNAL_EXIT_CODES)) process.on(signal, stop);
  const { code, error, stderr } = await exited.promise;
  if (stderr !== "") process.stderr.write(`${stderr}\n`);
  if (code !== 0) {
    process.stderr.write(
      `The build failed${error === undefined ? "" : `: ${error.message}`}; run it alone: npm run build\n`,
    );
    process.exit(1);
  }
  for (const signal of Object.keys(SIGNAL_EXIT_CODES)) process.off(signal, stop);
  await scope.dispose();
}

await start();
