import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { temporaryFolder } from "../support/temporary-folder.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What `npm run start:cluster` says when it ends by itself. */
async function refusal(env: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<string> {
  const child = spawn(process.execPath, ["--import", "tsx", "examples/cluster/start.ts", ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, LX_OUT_DIR: await temporaryFolder(), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const closed = once(child, "close");
  onTestFinished(async () => {
    child.kill("SIGTERM");
    await closed;
  });
  const [stdout, stderr] = await Promise.all([child.stdout, child.stderr].map((stream) => stream.toArray()));
  expect([await closed, String(stdout?.join(""))]).toEqual([[1, null], ""]);
  return String(stderr?.join("")).trimEnd();
}

describe("the start of a cluster", () => {
  it("says in one sentence what is wrong with a setting, and starts nothing", async () => {
    expect(await refusal({ PORT: "80a" })).toBe('PORT is "80a", and must be a whole number from 0 to 65535.');
    expect(await refusal({}, ["--port", "1"])).toContain("A cluster takes no options; set PORT");
    // The balancer would wait for a node that speaks without TLS.
    expect(await refusal({ LX_TLS_CERT: "a.pem", LX_TLS_KEY: "b.pem" })).toBe(
      "LX_TLS_CERT and LX_TLS_KEY must not be set for a cluster, whose servers speak without TLS on this machine.",
    );
    const file = join(await temporaryFolder(), "file");
    await writeFile(file, "");
    expect(await refusal({ LX_OUT_DIR: file })).toMatch(
      /^LX_OUT_DIR must be a folder that this user can make and write to: .* cannot be made \(\w+\)\.$/,
    );
  });

  it("says in one sentence that its port is in use, and ends what it has started", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    const said = await refusal({
      LX_ENGINE: "segmenter",
      LX_LOG_LEVEL: "silent",
      LX_STORE: "memory",
      PORT: String(port),
    });
    expect(said).toBe(
      `Port ${port} on 127.0.0.1 cannot be had (EADDRINUSE); set PORT to another port, 0 for any free one.`,
    );
  });
});
