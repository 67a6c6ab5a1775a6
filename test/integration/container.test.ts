import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, vi } from "vitest";
import { SETTINGS } from "../../examples/server/start/settings.js";
import { BackendProcess, START_TIMEOUT_MS } from "../support/backend-process.js";
import { RawClient } from "../support/raw-client.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const textOf = (path: string): string => readFileSync(join(ROOT, path), "utf8");
const lines = textOf("examples/Dockerfile").replaceAll("\\\n", "").split("\n");
const valuesOf = (instruction: string): string[] =>
  lines.flatMap((line) => (line.startsWith(`${instruction} `) ? [line.slice(instruction.length + 1)] : []));
const manifest = JSON.parse(textOf("package.json")) as { scripts: Record<string, string>; devDependencies: object };
const settings = new Map(Object.values(SETTINGS).map((setting) => [setting.env as string, setting]));

describe("the Dockerfile", () => {
  it("copies what is there, and all that the build and the server read", () => {
    const sources = valuesOf("COPY").flatMap((value) => value.split(" ").slice(0, -1));
    expect(sources.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
    const ignored = textOf("examples/Dockerfile.dockerignore").split("\n");
    expect(sources.filter((path) => ignored.includes(path))).toEqual([]);
    const read = Array.from(manifest.scripts.build?.matchAll(/(?<=-[pc] )\S+/g) ?? [], ([path]) => path);
    expect(read.filter((path) => !sources.some((source) => path.startsWith(source)))).toEqual([]);
  });

  it("runs what is there, as process number 1 and not as root", () => {
    const [, command = "[]"] = /^CMD (.+)$/m.exec(lines.filter((line) => line.startsWith("CMD ")).join("\n")) ?? [];
    const [program, flag, loader, file] = JSON.parse(command) as string[];
    expect([program, flag, loader && loader in manifest.devDependencies]).toEqual(["node", "--import", true]);
    expect(existsSync(join(ROOT, file ?? ""))).toBe(true);
    expect(valuesOf("USER")).toEqual(["node"]);
    expect(lines.findIndex((line) => line.startsWith("USER "))).toBeGreaterThan(
      lines.findLastIndex((line) => line.startsWith("RUN ")),
    );
    for (const script of valuesOf("RUN").flatMap((value) =>
      Array.from(value.matchAll(/npm run ([\w:]+)/g), ([, name = ""]) => name),
    )) {
      expect(manifest.scripts).toHaveProperty(script);
    }
  });

  it("and the compose file set what the server knows, to what it takes, and leave it time to stop", () => {
    const compose = textOf("examples/compose.yaml");
    const own = valuesOf("ENV").flatMap((value) => value.split(" ").map((pair) => pair.split("=") as [string, string]));
    const theirs = Array.from(
      compose.matchAll(/^ {4}([A-Z_]+): "?([^"\n]*)"?$/gm),
      ([, name = "", value = ""]) => [name, value] as const,
    );
    expect(theirs.length).toBeGreaterThan(2);
    for (const [name, value] of [...own, ...theirs])
      expect(settings.get(name)?.read(value), `${name}=${value}`).toBeDefined();
    const seconds = (name: string): number => Number(theirs.find(([key]) => key === name)?.[1]);
    const [, grace] = /stop_grace_period: (\d+)s/.exec(compose) ?? [];
    expect(Number(grace)).toBeGreaterThanOrEqual(seconds("LX_DRAIN_DELAY_SEC") + seconds("LX_DRAIN_SEC") + 10);
    const [, dockerfile = ""] = /dockerfile: (\S+)/.exec(compose) ?? [];
    expect(existsSync(join(ROOT, dockerfile))).toBe(true);
  });
});

describe("a server that is process number 1", { timeout: START_TIMEOUT_MS * 2 }, () => {
  const env = { LX_ENGINE: "segmenter", LX_DRAIN_DELAY_SEC: "1" };

  it("says on SIGTERM that it is not ready, still takes clients for a while, and ends with 0", async () => {
    await using backend = await BackendProcess.start({ env, ownProcessNumbers: true });
    const client = await RawClient.connect(backend.webSocketUrl);
    client.hello();
    await client.until("session.new");
    const stopped = backend.stop();
    await vi.waitFor(async () => expect((await fetch(`${backend.url}/readyz`)).status).toBe(503));
    expect((await fetch(`${backend.url}/healthz`)).status).toBe(200);
    const late = await RawClient.connect(backend.webSocketUrl);
    late.hello();
    await late.until("session.new");
    for (const one of [client, late]) {
      expect((await one.untilClosed()).code).toBe(1012);
      expect(one.messages("server.goaway")).toHaveLength(1);
    }
    expect(await stopped).toBe(0);
  });

  it("ends at once on a second signal", async () => {
    await using backend = await BackendProcess.start({
      env: { ...env, LX_DRAIN_DELAY_SEC: "60" },
      ownProcessNumbers: true,
    });
    backend.signal("SIGTERM");
    await vi.waitFor(async () => expect((await fetch(`${backend.url}/readyz`)).status).toBe(503));
    // Sooner it would count as the same one.
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await backend.stop()).toBe(1);
  });
});
