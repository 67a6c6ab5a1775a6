import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, stat } from "node:fs/promises";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { isProcessAlive } from "../support/process-alive.js";
import { childrenOf } from "../support/process-figures.js";
import { RawClient } from "../support/raw-client.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** The first start may have to build. */
const START_MS = 90_000;

interface Started {
  readonly npm: ChildProcess;
  readonly url: string;
  readonly outDir: string;
  readonly exited: Promise<unknown[]>;
  /** Every process below npm. */
  readonly below: readonly number[];
}

async function npmStart(): Promise<Started> {
  const outDir = await temporaryFolder();
  const npm = spawn("npm", ["start"], {
    cwd: ROOT,
    env: { ...process.env, PORT: "0", HOST: "127.0.0.1", LX_OUT_DIR: outDir, LX_ENGINE: "segmenter" },
    // A group of its own, as a terminal or a container gives it.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exited = once(npm, "exit");
  let said = "";
  for (const stream of [npm.stdout, npm.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  }
  onTestFinished(async () => {
    try {
      process.kill(-(npm.pid ?? 0), "SIGKILL");
    } catch {
      // All of them have ended, as they should.
    }
    await exited;
  });
  const address = /LoquiLex demo: (http:\/\/\S+)/;
  await vi.waitFor(() => expect(said).toMatch(address), { timeout: START_MS, interval: 50 });
  const url = address.exec(said)?.[1] ?? "";
  const below: number[] = [];
  for (const pid of childrenOf(npm.pid ?? 0)) below.push(pid, ...childrenOf(pid));
  return { npm, url, outDir, exited, below };
}

async function talk({ url }: Started): Promise<RawClient> {
  const client = await RawClient.connect(`${url.replace("http", "ws")}/v1/stream`);
  client.hello();
  await client.until("session.new");
  for (let position = 0; position < 16_000; position += 320) client.sendFrame(position);
  await client.untilAcknowledged(16_000);
  return client;
}

async function expectNothingLeft({ url, below, outDir }: Started): Promise<void> {
  expect(below.length).toBeGreaterThan(0);
  await vi.waitFor(() => expect(below.filter(isProcessAlive)).toEqual([]), { timeout: 3_000 });
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
  expect(error.code).toBe("ECONNREFUSED");
  const files = await readdir(outDir);
  expect(files.filter((name) => /\.(?:part|tmp)$/.test(name))).toEqual([]);
  expect(files.filter((name) => name.endsWith(".wav"))).toHaveLength(1);
}

describe("npm start", { timeout: 150_000 }, () => {
  // TryGhost/docker-library-ghost#37, field report 81
  it.each(["SIGTERM", "SIGINT"] as const)(
    "hands %s to the server: clients are sent away, recordings finished, and nothing is left",
    async (signal) => {
      const started = await npmStart();
      const client = await talk(started);
      started.npm.kill(signal);
      expect((await client.untilClosed()).code).toBe(1012);
      expect(client.messages("server.goaway")).toHaveLength(1);
      await started.exited;
      await expectNothingLeft(started);
    },
  );

  // Field report 81: a terminal gives Ctrl-C to npm and to the server, and npm hands its own on.
  it("takes a Ctrl-C that comes twice for one", async () => {
    const started = await npmStart();
    const client = await talk(started);
    process.kill(-(started.npm.pid ?? 0), "SIGINT");
    expect((await client.untilClosed()).code).toBe(1012);
    await started.exited;
    await expectNothingLeft(started);
  });

  // Field report 81: a container that restarts does not build again.
  it("builds only when something has changed", async () => {
    const built = async (): Promise<number> => (await stat(`${ROOT}/dist/index.js`)).mtimeMs;
    const first = await npmStart();
    const before = await built();
    first.npm.kill("SIGTERM");
    await first.exited;
    const second = await npmStart();
    expect(await built()).toBe(before);
    second.npm.kill("SIGTERM");
    await second.exited;
  });

  it("says on a terminal what to do next, where words come from if there are none, and ends when the terminal is closed", async () => {
    const outDir = await temporaryFolder();
    // Its command is in a terminal of its own.
    const terminal = spawn("script", ["-qfec", "npm start", "/dev/null"], {
      cwd: ROOT,
      env: { ...process.env, PORT: "0", LX_OUT_DIR: outDir, LX_ENGINE: "segmenter" },
      stdio: ["pipe", "pipe", "ignore"],
    });
    const exited = once(terminal, "exit");
    onTestFinished(async () => {
      terminal.kill("SIGKILL");
      await exited;
    });
    let said = "";
    terminal.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    await vi.waitFor(() => expect(said).toContain("Ready. engine=segmenter"), { timeout: START_MS, interval: 50 });
    expect(said).toContain("Open it in a browser, press Start and speak.");
    expect(said).toContain("docs/recognisers.md says how to get words.");
    const [url = ""] = /http:\/\/127\.0\.0\.1:\d+/.exec(said) ?? [];
    terminal.kill("SIGTERM");
    await exited;
    await vi.waitFor(() => expect(fetch(url)).rejects.toThrow("fetch failed"), { timeout: 10_000 });
  });
});
