import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildServerPackage } from "../../.config/server-package.js";
import { NodeStream } from "../support/node-stream.js";
import { ROOT } from "./consumer.js";

const run = promisify(execFile);

async function pack(folder: string, into: string): Promise<string> {
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", into], { cwd: folder });
  const [{ filename }] = JSON.parse(stdout) as [{ filename: string }];
  return join(into, filename);
}

describe("the backend's package, installed without anything of this project", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "loquilex-server-"));
    await buildServerPackage(join(folder, "built"));
    const tarballs = [await pack(ROOT, folder), await pack(join(folder, "built"), folder)];
    await mkdir(join(folder, "app"));
    const options = ["--omit=dev", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"];
    await run("npm", ["install", ...options, ...tarballs], { cwd: join(folder, "app") });
  });

  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("starts from any folder, serves the demo, records a stream, and ends at a signal", async () => {
    const elsewhere = join(folder, "elsewhere");
    await mkdir(elsewhere);
    const program = join(folder, "app/node_modules/.bin/loquilex-server");
    const child = spawn(program, ["--port", "0", "--engine", "segmenter"], {
      cwd: elsewhere,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const exit = once(child, "exit");
    try {
      const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
      const url = /http:\/\/[\w.:]+/.exec(line)?.[0] ?? line;
      expect(await (await fetch(url)).text()).toContain("<html");
      expect((await fetch(`${url}/dist/loquilex.iife.js`)).status).toBe(200);
      await using stream = new NodeStream(`${url.replace("http", "ws")}/v1/stream`);
      await stream.stream.start();
      await stream.stream.close();
      expect((await stream.stream.closed).outcome).toBe("closed");
    } finally {
      child.kill("SIGTERM");
    }
    expect(await exit).toEqual([0, null]);
    const files = await readdir(join(elsewhere, "out"), { recursive: true });
    expect(files.filter((name) => name.endsWith(".wav"))).toHaveLength(1);
  });

  it("brings no compiler and no tool of the project along", async () => {
    const { dependencies } = JSON.parse(await readFile(join(folder, "built/package.json"), "utf8"));
    expect(Object.keys(dependencies).toSorted()).toEqual(
      expect.arrayContaining(["jose", "loquilex", "opus-decoder", "pino", "sirv", "ws"]),
    );
    expect(Object.values(dependencies).every((range) => typeof range === "string")).toBe(true);
    for (const name of ["esbuild", "tsx", "typescript", "vite"]) expect(dependencies).not.toHaveProperty(name);
  });
});
