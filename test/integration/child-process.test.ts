import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Scope, systemClock } from "loquilex/resources";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  type ChildExit,
  ChildProcess,
  type ChildProcessOptions,
} from "../../examples/server/processes/child-process.js";
import { isProcessAlive } from "../support/process-alive.js";

function start(command: string, more: Partial<ChildProcessOptions> = {}) {
  const scope = new Scope({ name: "test" });
  const lines: string[] = [];
  const exits: ChildExit[] = [];
  const child = new ChildProcess({
    command: "sh",
    args: ["-c", command],
    env: process.env,
    clock: systemClock,
    scope,
    killAfterMs: 200,
    onLine: (line) => lines.push(line),
    onExit: (exit) => exits.push(exit),
    ...more,
  });
  onTestFinished(() => child.dispose());
  /** Reads a process number that the child prints as its first line. */
  const firstPid = async () => {
    await vi.waitFor(() => expect(lines[0]).toMatch(/^\d+$/), { timeout: 5_000 });
    return Number(lines[0]);
  };
  return { child, scope, lines, exits, firstPid };
}

const gone = (pid: number) => vi.waitFor(() => expect(isProcessAlive(pid)).toBe(false), { timeout: 5_000 });

// hasamba/DFIR-Companion#515
describe("what a subprocess prints", () => {
  it("comes as whole lines, in any script and however it is cut, with a last line that nothing ended", async () => {
    const bytes = Array.from(new TextEncoder().encode("größe\nПривет\n日本語"), (byte) => `\\${byte.toString(8)}`);
    const command = bytes.map((byte) => `printf '${byte}'; sleep 0.01`).join("; ");
    const { child, lines, exits } = start(command);
    await child.end();
    expect(lines).toEqual(["größe", "Привет", "日本語"]);
    expect(exits).toEqual([{ code: 0, signal: null, error: undefined, stderr: "" }]);
  });

  it("is complete before the exit is reported, though the process ends first", async () => {
    const order: string[] = [];
    const { child } = start("(sleep 0.2; echo late) & exit 3", {
      onLine: (line) => order.push(line),
      onExit: ({ code }) => order.push(`exit ${code}`),
    });
    await child.end();
    expect(order).toEqual(["late", "exit 3"]);
  });

  it("is answered by what goes in", async () => {
    const { child, lines } = start("cat");
    child.write(Buffer.from("one\ntw"));
    child.write(Buffer.from("o"));
    await child.end();
    expect(lines).toEqual(["one", "two"]);
  });

  it("on stderr never blocks it, and the last 4 KiB are kept", async () => {
    const { child, exits } = start("yes noise | head -c 600000 >&2; printf 'the last word' >&2; exit 1");
    await child.end();
    expect(exits[0]?.code).toBe(1);
    expect(exits[0]?.stderr).toMatch(/noise\nthe last word$/);
    expect(exits[0]?.stderr.length).toBeLessThanOrEqual(4_096);
    expect(exits[0]?.stderr.length).toBeGreaterThan(4_000);
  });
});

// heygen-com/hyperframes#1038
describe("a subprocess that misbehaves", () => {
  it("and does not read makes the writer wait, and go on when it reads", async () => {
    const { child, lines } = start("sleep 0.5; wc -c");
    let waited = 0;
    let written = 0;
    for (let count = 0; count < 60; count += 1) {
      const room = child.write(new Uint8Array(65_536));
      written += 65_536;
      if (room !== undefined) {
        waited += 1;
        await room;
      }
    }
    await child.end();
    expect(waited).toBeGreaterThan(0);
    expect(lines.map(Number)).toEqual([written]);
  });

  it("and dies while being written to harms nobody, and lets the writer go", async () => {
    const { child, exits } = start("head -c 10 >/dev/null; kill -KILL $$");
    await vi.waitFor(async () => {
      await child.write(new Uint8Array(100_000));
      expect(exits).toHaveLength(1);
    });
    expect(exits[0]).toMatchObject({ signal: "SIGKILL" });
    expect(child.write(new Uint8Array(10))).toBeUndefined();
    await child.end();
  });

  it("and closes its stdin lets the writer go", async () => {
    const { child } = start("exec <&-; sleep 5");
    await vi.waitFor(async () => {
      await child.write(new Uint8Array(1_000_000));
      expect(child.write(new Uint8Array(1_000_000))).toBeUndefined();
    });
  });

  it("and cannot be started is reported as an exit with the reason", async () => {
    const { child, exits, lines } = start("", { command: "/nonexistent/program" });
    child.write(new Uint8Array(10));
    await child.end();
    await child.dispose();
    expect(exits).toEqual([
      expect.objectContaining({ code: null, error: expect.objectContaining({ code: "ENOENT" }) }),
    ]);
    expect(lines).toEqual([]);
  });

  it("and ignores SIGTERM and the end of its input is killed after the grace", async () => {
    const { child, exits, firstPid } = start("trap '' TERM; echo $$; while :; do sleep 0.05; done");
    const pid = await firstPid();
    const before = performance.now();
    await child.dispose();
    const tookMs = performance.now() - before;
    expect(tookMs).toBeGreaterThan(190);
    expect(tookMs).toBeLessThan(1_500);
    expect(exits).toEqual([expect.objectContaining({ signal: "SIGKILL" })]);
    expect(isProcessAlive(pid)).toBe(false);
  });

  it("goes with everything it started", async () => {
    const { child, firstPid } = start("sh -c 'trap \"\" TERM; echo $$; while :; do sleep 0.05; done' & wait");
    const grandchild = await firstPid();
    await child.dispose();
    await gone(grandchild);
  });

  it("leaves no orphan either when it ends by itself", async () => {
    const { child, firstPid } = start("sh -c 'echo $$; exec >/dev/null 2>&1 </dev/null; sleep 100' & sleep 0.3");
    const grandchild = await firstPid();
    await child.end();
    await gone(grandchild);
  });

  // Field report 107: such a process survived, and nobody was told that the child had ended.
  it.each([
    ["when it is ended", "sleep 100"],
    ["when it ends by itself", "sleep 0.2; exit 3"],
  ])("is not outlived by what left its group and holds its output, %s", async (_, rest) => {
    const { child, firstPid, exits } = start(`setsid sh -c 'trap "" TERM; echo $$; sleep 100' & ${rest}`);
    const escaped = await firstPid();
    if (rest === "sleep 100") await child.dispose();
    await vi.waitFor(() => expect(exits).toHaveLength(1), { timeout: 3_000 });
    await gone(escaped);
  });

  // Field report 102: a flood of output stopped the server for ten seconds and took 900 MB.
  it("and floods its output is read at the pace of the limit, in whole lines", async () => {
    const outputLimit = { linesPerSec: 50, charactersPerSec: 1_000_000, burstSec: 1 };
    const { child, lines } = start("yes one | head -n 1000000", { outputLimit });
    await vi.waitFor(() => expect(lines.length).toBeGreaterThanOrEqual(50), { timeout: 5_000 });
    await pause(200);
    expect(lines.length).toBeLessThan(200);
    expect(new Set(lines)).toEqual(new Set(["one"]));
    await child.dispose();
  });

  it("ends with its scope, once", async () => {
    const { child, scope, exits, firstPid } = start("echo $$; cat");
    const pid = await firstPid();
    const report = await scope.dispose();
    expect(report.failures).toEqual([]);
    await child.dispose();
    expect(isProcessAlive(pid)).toBe(false);
    expect(exits).toHaveLength(1);
    expect(scope.resources()).toEqual([]);
  });
});

describe("a subprocess that is paused", () => {
  /** Counts as fast as the clock allows, in a process that the shell starts. */
  const counter = "sh -c 'i=0; while :; do i=$((i + 1)); echo $i; sleep 0.01; done' & wait";

  it("stands still with all it started, and goes on where it was", async () => {
    const { child, lines } = start(counter);
    await vi.waitFor(() => expect(lines.length).toBeGreaterThan(3));
    child.pause();
    expect(child.paused).toBe(true);
    await pause(100);
    const before = lines.length;
    await pause(200);
    expect(lines).toHaveLength(before);
    child.resume();
    await vi.waitFor(() => expect(lines.length).toBeGreaterThan(before + 3));
    expect(lines).toEqual(lines.map((_, index) => String(index + 1)));
    expect(child.paused).toBe(false);
  });

  it("can clean up when it is ended, and is gone with all it started", async () => {
    const { child, lines, firstPid, exits } = start(
      "trap 'echo cleaned up; kill $!; exit 0' TERM; echo $$; sleep 100 & wait",
      { killAfterMs: 2_000 },
    );
    const pid = await firstPid();
    child.pause();
    await child.dispose();
    expect(lines.at(-1)).toBe("cleaned up");
    expect(exits).toEqual([expect.objectContaining({ code: 0 })]);
    await gone(pid);
  });

  it("is killed when it ignores SIGTERM as well", async () => {
    const { child, firstPid, exits } = start("trap '' TERM; echo $$; while :; do sleep 0.05; done");
    const pid = await firstPid();
    child.pause();
    await child.dispose();
    expect(exits).toEqual([expect.objectContaining({ signal: "SIGKILL" })]);
    await gone(pid);
  });

  it("goes on when its input ends", async () => {
    const { child, lines } = start("cat; echo done");
    child.write(Buffer.from("one\n"));
    child.pause();
    child.write(Buffer.from("two\n"));
    await child.end();
    expect(lines).toEqual(["one", "two", "done"]);
  });

  it("stays ended: what is gone can be neither paused nor resumed", async () => {
    const { child } = start("exit 0");
    await child.end();
    child.pause();
    child.resume();
    expect(child.paused).toBe(false);
  });
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("a server that is killed", () => {
  it.each([
    ["by SIGKILL takes its engines along, because their input ends", "SIGKILL"],
    ["with its last breath kills engines that do not care about their input", "SIGTERM"],
  ] as const)("%s", async (_, signal) => {
    const program = fileURLToPath(new URL("../support/child-process-owner.ts", import.meta.url));
    const engine =
      signal === "SIGKILL" ? "echo $$; cat >/dev/null" : "trap '' TERM; echo $$; while :; do sleep 0.05; done";
    const owner = spawn(process.execPath, ["--import", "tsx", program, engine], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exit = once(owner, "exit");
    const [line] = await once(createInterface({ input: owner.stdout }), "line");
    const pid = Number(line);
    expect(isProcessAlive(pid)).toBe(true);
    owner.kill(signal);
    await exit;
    await gone(pid);
  });
});
