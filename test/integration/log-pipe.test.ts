import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { constants, createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { BackendProcess } from "../support/backend-process.js";
import { RawClient } from "../support/raw-client.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** Many log lines, each from a client that could do this on purpose. */
async function fillTheLog(url: string, sessions: number): Promise<void> {
  for (let count = 0; count < sessions; count += 1) {
    const client = await RawClient.connect(url);
    client.hello();
    await client.until("session.new");
    client.socket.close(1000);
    await client.untilClosed();
  }
}

const health = async (url: string): Promise<string> => {
  const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(2_000) });
  return ((await answer.json()) as { status: string }).status;
};

describe("a log that nobody reads", () => {
  // nodejs/node#45574, moby/moby#31540, field report 78
  it("stops neither the server nor its end, when it is a pipe", async () => {
    const fifo = join(await temporaryFolder(), "log");
    execFileSync("mkfifo", [fifo]);
    // Somebody has it open, and reads nothing of it for now.
    const reader = await open(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    onTestFinished(() => reader.close());
    await using backend = await BackendProcess.start({
      env: { LX_ENGINE: "segmenter", LX_LOG_LEVEL: "debug" },
      prefix: `exec 2>${fifo}`,
    });
    await fillTheLog(backend.webSocketUrl, 400);
    expect(await health(backend.url)).toBe("ok");
    const before = performance.now();
    expect(await backend.stop()).toBe(0);
    expect(performance.now() - before).toBeLessThan(5_000);
  });

  // Field report 78: what is lost is counted.
  it("has a line with the number of lines that were dropped, once somebody reads on", async () => {
    const fifo = join(await temporaryFolder(), "log");
    execFileSync("mkfifo", [fifo]);
    const reader = await open(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    onTestFinished(() => reader.close());
    await using backend = await BackendProcess.start({
      env: { LX_ENGINE: "segmenter", LX_LOG_LEVEL: "trace" },
      prefix: `exec 2>${fifo}`,
    });
    // A megabyte waits in the server before lines are dropped.
    await Promise.all(Array.from({ length: 8 }, () => fillTheLog(backend.webSocketUrl, 250)));
    let everything = "";
    const reading = createReadStream(fifo, "utf8").on("data", (chunk) => {
      everything += chunk;
    });
    const lines = () => everything.split("\n").slice(0, -1);
    const parsed = () => lines().map((line) => JSON.parse(line) as { msg: string; dropped?: number });
    const notices = () => parsed().flatMap(({ msg, dropped }) => (dropped === undefined ? [] : [{ msg, dropped }]));
    // A line that is short may still find room where a long one did not.
    const dropped = () => notices().reduce((sum, notice) => sum + notice.dropped, 0);
    await vi.waitFor(() => expect(dropped()).toBeGreaterThan(10), { timeout: 10_000 });
    expect(await health(backend.url)).toBe("ok");
    const ended = once(reading, "close");
    expect(await backend.stop()).toBe(0);
    await ended;
    for (const { msg, dropped } of notices()) {
      expect(msg).toMatch(new RegExp(`^${dropped} lines? (was|were) dropped, because nobody read the log in time.$`));
    }
    expect(parsed().at(-1)?.msg).toBe("Stopped.");
  });

  // Field report 78: a service manager gives a socket, as Node does to its children.
  it("stops neither the server nor its end, when it is a socket", async () => {
    const child = spawn(process.execPath, ["--import", "tsx", "examples/server/main.ts"], {
      env: {
        ...process.env,
        PORT: "0",
        LX_OUT_DIR: await temporaryFolder(),
        LX_LOG_LEVEL: "debug",
        LX_ENGINE: "segmenter",
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const closed = once(child, "close");
    onTestFinished(async () => {
      child.kill("SIGKILL");
      child.stderr.resume();
      await closed;
    });
    child.stderr.pause();
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const url = line.toString().trim().replace("LoquiLex demo: ", "");
    await fillTheLog(`${url.replace("http", "ws")}/v1/stream`, 500);
    expect(await health(url)).toBe("ok");
    const exited = once(child, "exit");
    child.kill("SIGTERM");
    expect((await exited)[0]).toBe(0);
  });

  // Field report 78: what a library prints to the console waited for the reader as well.
  it("is also where everything goes that libraries and Node print", async () => {
    const print =
      'process.on("SIGWINCH", () => { console.error("an error"); console.log("a line"); process.emitWarning("a warning"); });';
    await using backend = await BackendProcess.start({
      env: { LX_ENGINE: "segmenter" },
      imports: [`data:text/javascript,${encodeURIComponent(print)}`],
    });
    backend.signal("SIGWINCH");
    await vi.waitFor(() => expect(backend.log).toContain("a warning"));
    expect(await backend.stop()).toBe(0);
    const lines = backend.log.split("\n");
    expect(lines.filter((line) => !line.startsWith("{"))).toEqual([`LoquiLex demo: ${backend.url}`]);
    const printed = lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as object);
    expect(printed).toContainEqual(expect.objectContaining({ printed: "stderr", msg: "an error" }));
    expect(printed).toContainEqual(expect.objectContaining({ printed: "stdout", msg: "a line" }));
  });
});
