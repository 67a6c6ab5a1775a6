import { execFile } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { Scope } from "loquilex/resources";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { runConformance } from "../../examples/conformance/run.js";
import { summary } from "../../examples/conformance/table.js";
import type { Verdict } from "../../examples/conformance/verdict.js";
import { listen } from "../../examples/minimal-server/minimal-server.js";
import { BackendProcess } from "../support/backend-process.js";
import { FAULTS, type Fault } from "../support/faulty-backend/faults.js";
import { FaultyBackend } from "../support/faulty-backend/faulty-backend.js";
import { PythonServer } from "../support/python-server.js";
import { starve } from "../support/starved-process.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { MORE } from "./more.js";

/** Enough for the timeouts of the backend in this process, and for none of the others. */
const PATIENCE_MS = 4_500;

const QUICK_BACKEND = {
  LX_ENGINE: "segmenter",
  LX_WS_RESUME_TTL: "2",
  LX_WS_HEARTBEAT_SEC: "2",
  LX_LOG_LEVEL: "silent",
  LX_PLAYBACK: "echo",
};

const broken = (verdicts: readonly Verdict[]): string[] =>
  verdicts.flatMap(({ sentence, outcome, detail }) => (outcome === "broken" ? [`${sentence}: ${detail}`] : []));
const keptIn = (verdicts: readonly Verdict[]): number => verdicts.filter(({ outcome }) => outcome === "kept").length;
/** Without what only a busy machine kept from being seen. */
const notSeen = (verdicts: readonly Verdict[]): string[] =>
  verdicts.flatMap(({ sentence, outcome, detail }) =>
    outcome === "not seen" && !detail.includes("too busy") ? [sentence] : [],
  );

describe("the conformance kit", () => {
  const tables = new Map<string, readonly Verdict[]>();

  /** One line for each sentence that can be tested, with a column for each backend. */
  afterAll(() => {
    const verdicts = [...tables.values()];
    const rows = (verdicts[0] ?? []).flatMap(({ sentence, rule }) => {
      const outcomes = verdicts.map((of) => of.find((verdict) => verdict.sentence === sentence)?.outcome ?? "");
      return outcomes.includes("not testable") ? [] : [[sentence, ...outcomes, rule]];
    });
    const lines = [["", ...tables.keys(), ""], ...rows].map((row) => row.map((cell) => cell.padEnd(9)).join("  "));
    console.log(lines.map((line) => line.trimEnd()).join("\n"));
    for (const [name, of] of tables) console.log(`${name}: ${summary(of)}.`);
  });

  it("finds nothing to object to in the minimal server, which keeps no sessions and says nothing about sound", async () => {
    const folder = await temporaryFolder();
    const scope = new Scope({ name: "minimal server" });
    onTestFinished(async () => void (await scope.dispose()));
    const server = listen(0, folder, scope);
    await once(server, "listening");
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/stream`;
    const verdicts = await runConformance({ url, patienceMs: 0 });
    tables.set("minimal", verdicts);
    expect(broken(verdicts)).toEqual([]);
    expect(keptIn(verdicts)).toBeGreaterThan(40);
  });

  it("finds nothing to object to in the server in Python", async () => {
    await using python = await PythonServer.start();
    const verdicts = await runConformance({ url: python.url, patienceMs: 4_000 });
    tables.set("python", verdicts);
    expect(broken(verdicts)).toEqual([]);
    expect(keptIn(verdicts)).toBeGreaterThan(60);
  });

  it("finds nothing to object to in the reference backend", async () => {
    await using backend = await BackendProcess.start({ env: QUICK_BACKEND });
    const verdicts = await runConformance({ url: backend.webSocketUrl, patienceMs: 4_000 });
    tables.set("reference", verdicts);
    expect(broken(verdicts)).toEqual([]);
    expect(keptIn(verdicts)).toBeGreaterThan(80);
  });

  it("blames no server for a machine that is too busy", async () => {
    await using python = await PythonServer.start();
    await using _starved = starve(python.pid);
    const verdicts = await runConformance({ url: python.url, patienceMs: 4_000 });
    expect(broken(verdicts)).toEqual([]);
    expect(keptIn(verdicts)).toBeGreaterThan(50);
  });

  it("sees every sentence that it can test in a backend that keeps them all", async () => {
    await using backend = await FaultyBackend.listen();
    const verdicts = await runConformance({ url: backend.url, patienceMs: PATIENCE_MS });
    expect(broken(verdicts)).toEqual([]);
    // It takes no Opus, knows no page's origin and says nothing aloud (section 14); the others would take longer.
    const unseen = notSeen(verdicts).filter((sentence) => !sentence.startsWith("14."));
    expect(unseen).toEqual(["1.3", "3.10", "3.12", "6.5", "10.7", "11.1.2"]);
  });

  it("names the sentences that each of eleven broken backends breaks", async () => {
    const found = await Promise.all(
      Object.entries(FAULTS).map(async ([fault, { breaks }]) => {
        await using backend = await FaultyBackend.listen(fault as Fault);
        const verdicts = await runConformance({ url: backend.url, patienceMs: PATIENCE_MS, only: breaks });
        return [fault, broken(verdicts)] as const;
      }),
    );
    for (const [fault, complaints] of found) console.log([`${fault}:`, ...complaints].join("\n  "));
    const expected = Object.entries(FAULTS).map(([fault, { breaks }]) => [fault, breaks]);
    const named = found.map(([fault, complaints]) => [fault, complaints.map((text) => text.split(":", 1)[0])] as const);
    expect(Object.fromEntries(named)).toEqual(Object.fromEntries(expected));
  });
});

describe("npx loquilex conformance, from the packed package,", () => {
  /** Runs the program as npx does. */
  const conformance = (...args: readonly string[]): Promise<{ code: unknown; stdout: string; stderr: string }> =>
    promisify(execFile)(process.execPath, [join(MORE, "node_modules/loquilex/dist/program.js"), ...args]).then(
      (output) => ({ code: 0, ...output }),
      (error: { code: unknown; stdout: string; stderr: string }) => error,
    );

  it("prints a table, and says by its exit code that a sentence is broken", async () => {
    await using backend = await FaultyBackend.listen("never-freed");
    const { code, stdout } = await conformance("conformance", backend.url, "--only", "6.4,8.13");
    expect(stdout).toMatch(/^6\.4 +kept /m);
    expect(stdout).toMatch(/^8\.13 +BROKEN +ends the session of a client .+ in_use/m);
    expect(stdout).toContain("1 kept, 1 broken");
    expect(code).toBe(1);
  });

  it("prints the verdicts as JSON, and succeeds if nothing is broken", async () => {
    await using backend = await FaultyBackend.listen();
    const { code, stdout } = await conformance("conformance", backend.url, "--json", "--only", "6.4,8.13");
    expect(JSON.parse(stdout)).toMatchObject([
      { sentence: "6.4", outcome: "kept" },
      { sentence: "8.13", outcome: "kept" },
    ]);
    expect(code).toBe(0);
  });

  it.each([
    ["no address", ["conformance"], /must begin with ws/],
    ["an address of nobody", ["conformance", "ws://127.0.0.1:1/"], /127\.0\.0\.1:1/],
    ["no command", [], /Tests a server/],
  ])("says what is wrong with %s, by another exit code", async (_, args, message) => {
    const { code, stderr } = await conformance(...args);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});
