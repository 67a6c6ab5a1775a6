import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, inject, it, onTestFinished, vi } from "vitest";
import { ROOT } from "../package/consumer.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** All packages have to be fetched first if npm has none of them yet. */
const INSTALL_MS = 240_000;
/** The first start builds everything. */
const START_MS = 120_000;
/** Silence before the voice, so that the stream runs when it begins. */
const LEAD_MS = 3_000;

/** The README's two commands. */
const COMMANDS = /```sh\n(npm ci && npm start)\n```/;

it("a stranger clones the repository, gives the README's two commands, and sees the words that flite speaks", async () => {
  const steps: [string, number][] = [];
  const timed = async <T>(step: string, work: Promise<T>): Promise<T> => {
    const from = performance.now();
    const result = await work;
    steps.push([step, (performance.now() - from) / 1_000]);
    return result;
  };
  const folder = join(await temporaryFolder(), "loquilex");
  const run = promisify(execFile);
  await timed("git clone", run("git", ["clone", "--quiet", ROOT, folder]));
  const [, commands = ""] = COMMANDS.exec(readFileSync(join(folder, "README.md"), "utf8")) ?? [];
  const [install = "", start = ""] = commands.split(" && ");
  // What a test runner sets is not what a stranger has.
  const { NODE_ENV, VITEST, ...env } = process.env;
  await timed(install, run("sh", ["-c", install], { cwd: folder, env, timeout: INSTALL_MS, maxBuffer: 10_000_000 }));
  const url = await timed(start, startServer(start, folder, { ...env, PORT: "0", LX_ENGINE: "pocketsphinx" }));

  await using browser = await ChromiumPage.launch({
    executablePath: inject("chromiumPath"),
    microphone: { what: "sample", leadMs: LEAD_MS, tailMs: 2_000 },
  });
  const { page } = browser;
  await timed("the page", page.goto(url));
  const words = async (): Promise<void> => {
    await page.getByRole("button", { name: "Start" }).click();
    await page.locator("#partial, #finals li").getByText(/[a-z]/i).first().waitFor();
  };
  await timed(`Start, ${LEAD_MS / 1_000} s of silence and the first words`, words());
  await page.goto("about:blank");
  const total = steps.reduce((sum, [, seconds]) => sum + seconds, 0);
  console.log(
    [...steps, ["all", total] as const].map(([step, seconds]) => `${seconds.toFixed(1)} s  ${step}`).join("\n"),
  );
  expect(total).toBeLessThan(300);
});

/** @returns the address of its demo. It is ended after the test. */
async function startServer(command: string, cwd: string, env: NodeJS.ProcessEnv): Promise<string> {
  const server = spawn("sh", ["-c", `exec ${command}`], {
    cwd,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(server, "exit");
  onTestFinished(async () => {
    process.kill(server.pid ?? 0, "SIGTERM");
    await exited;
  });
  let said = "";
  for (const stream of [server.stdout, server.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  }
  const address = /LoquiLex demo: (http:\/\/\S+)/;
  await vi.waitFor(() => expect(said).toMatch(address), { timeout: START_MS, interval: 50 });
  return address.exec(said)?.[1] ?? "";
}
