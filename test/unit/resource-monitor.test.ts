import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { type FSWatcher, watch } from "node:fs";
import { open } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { withSignal } from "../../src/internal/abort.js";
import { Scope } from "../../src/internal/scope.js";
import type { Leak } from "../support/resource-ledger.js";
import { describeLeaks, growthSince, recordResource, snapshot } from "../support/resource-monitor.js";

const ROOT = join(import.meta.dirname, "../..");

/** Plants a leak, says what the monitor sees of it, and takes it away again. */
async function plant(leak: () => Promise<() => unknown> | (() => unknown)): Promise<Leak[]> {
  const before = snapshot();
  const mend = await leak();
  const seen = growthSince(before);
  await mend();
  expect(describeLeaks(growthSince(before))).toMatch(/^0 resources/);
  return seen;
}

/** A leak that names this file as the place where it was made. */
const madeHere = (kind: string, what: unknown): unknown => ({
  kind,
  what,
  madeAt: expect.arrayContaining([expect.stringContaining("test/unit/resource-monitor.test.ts:")]),
});

const ended = (process: ChildProcess | Worker): Promise<unknown> => once(process, "exit");

describe("the resource monitor names what is left and where it was made:", () => {
  it("a timer and an interval", async () => {
    const leaks = await plant(() => {
      const timer = setTimeout(() => {}, 60_000);
      const interval = setInterval(() => {}, 60_000);
      return () => {
        clearTimeout(timer);
        clearInterval(interval);
      };
    });
    expect(leaks).toEqual([madeHere("timer", "setTimeout, 60000 ms"), madeHere("timer", "setInterval, 60000 ms")]);
  });

  it("no timer that has fired", async () => {
    const before = snapshot();
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(growthSince(before)).toEqual([]);
  });

  it("a listener that the product left on a signal or another target", async () => {
    const { signal } = new AbortController();
    const scope = new Scope({ name: "planted" });
    const leaks = await plant(() => {
      scope.listen(signal, "abort", () => {}, { capture: true });
      return () => scope.dispose();
    });
    expect(leaks).toEqual([madeHere("listener", '"abort, capturing" on AbortSignal')]);
  });

  it("no listener that was for one event and has had it, and none whose own signal has aborted", () => {
    const before = snapshot();
    const controller = new AbortController();
    const waiting = withSignal(new Promise(() => {}), controller.signal);
    waiting.catch(() => {});
    const target = new EventTarget();
    new Scope({ name: "planted" }).listen(target, "change", () => {}, { signal: controller.signal });
    expect(growthSince(before)).toHaveLength(2);
    controller.abort();
    expect(growthSince(before)).toEqual([]);
  });

  it("a server, and a socket that is connected to it", async () => {
    const leaks = await plant(async () => {
      const server = createServer();
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      const accepted = once(server, "connection") as Promise<[Socket]>;
      const address = server.address();
      const socket = connect(typeof address === "object" && address !== null ? address.port : 0, "127.0.0.1");
      const [peer] = await accepted;
      return async () => {
        socket.destroy();
        peer.destroy();
        server.close();
        await once(server, "close");
      };
    });
    expect(leaks).toEqual([madeHere("server", "a listening server"), madeHere("socket", "a client's connection")]);
  });

  it("a child process", async () => {
    const leaks = await plant(() => {
      const child = spawn("sleep", ["60"], { stdio: "ignore" });
      return () => {
        child.kill("SIGKILL");
        return ended(child);
      };
    });
    expect(leaks).toEqual([madeHere("child process", expect.stringMatching(/^sleep \(\d+\)$/))]);
  });

  it("a worker thread", async () => {
    const leaks = await plant(async () => {
      const worker = new Worker("setInterval(() => {}, 1_000)", { eval: true });
      await once(worker, "online");
      return () => worker.terminate();
    });
    expect(leaks).toEqual([madeHere("worker", expect.stringMatching(/^thread \d+$/))]);
  });

  it.runIf(process.platform === "linux")("an open file", async () => {
    const leaks = await plant(async () => {
      const file = await open(import.meta.filename);
      return () => file.close();
    });
    expect(leaks).toEqual([{ kind: "file descriptor", what: import.meta.filename, madeAt: [] }]);
  });

  it("what the event loop watches, and listeners on the process", async () => {
    const leaks = await plant(() => {
      const watcher: FSWatcher = watch(import.meta.dirname);
      const listener = (): void => {};
      process.on("SIGUSR2", listener);
      return () => {
        process.off("SIGUSR2", listener);
        watcher.close();
        // The loop lets go of it in its next rounds.
        return new Promise((resolve) => setTimeout(resolve, 50));
      };
    });
    expect(leaks).toEqual(
      expect.arrayContaining([
        { kind: "event loop handle", what: "1 × FSEventWrap", madeAt: [] },
        { kind: "process listener", what: '1 × "SIGUSR2"', madeAt: [] },
      ]),
    );
  });

  it("a fake's track or context that is still live", async () => {
    const track = { live: false };
    const leaks = await plant(() => {
      track.live = true;
      recordResource("microphone track", "of a fake device", () => track.live);
      return () => {
        track.live = false;
      };
    });
    expect(leaks).toEqual([madeHere("microphone track", "of a fake device")]);
  });
});

it("a test that passes but leaves something behind fails, and only that one", async () => {
  const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
  const folder = "test/support/fixtures/planted-leak";
  const args = [vitest, "run", "--config", `${folder}/vitest.config.ts`, "--reporter", "json"];
  const failure = await promisify(execFile)(process.execPath, args, { cwd: ROOT }).then(
    () => undefined,
    (error: { readonly stdout: string }) => error,
  );
  const report = JSON.parse(failure?.stdout ?? "{}") as {
    readonly testResults: {
      readonly assertionResults: { title: string; status: string; failureMessages: string[] }[];
    }[];
  };
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  expect(tests.map(({ title, status }) => `${title}: ${status}`)).toEqual([
    "a test that passes but leaves a timer behind: failed",
    "a test that leaves nothing behind: passed",
  ]);
  const [message] = tests[0]?.failureMessages ?? [];
  expect(message).toContain("timer: setTimeout, 60000 ms");
  expect(message).toContain(`${folder}/planted-leak.test.ts:5`);
}, 60_000);
