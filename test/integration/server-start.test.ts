import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, open, readdir, readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeAudioFrame } from "loquilex/protocol";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { WebSocket } from "ws";
import { encodeWavHeader, UNKNOWN_SIZE } from "../../examples/server/recording/files/wav-header.js";
import { helpText } from "../../examples/server/start/help.js";
import { isProcessAlive } from "../support/process-alive.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { parseWav } from "../support/wav.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Starts the backend's program as `npm start` does. */
function launch(env: Readonly<Record<string, string>>, args: readonly string[] = []) {
  const child = spawn(process.execPath, ["--import", "tsx", "examples/server/main.ts", ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, LX_ENGINE: "segmenter", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.stderr += text;
  });
  const closed = once(child, "close");
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await closed;
  });
  const exit = async () => {
    const [code] = await closed;
    return { code: code as number | null, ...output };
  };
  /** Resolves with the address it prints. */
  const ready = async () => {
    await vi.waitFor(() => expect(output.stdout, output.stderr).toContain("\n"), { timeout: 20_000, interval: 20 });
    return output.stdout.trim().replace("LoquiLex demo: ", "");
  };
  return { child, output, exit, ready };
}

/** What the program says when it will not start: one sentence, and nothing on stdout. */
async function refusal(env: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<string> {
  const { code, stdout, stderr } = await launch(env, args).exit();
  expect(code).toBe(1);
  expect(stdout).toBe("");
  expect(stderr.endsWith("\n")).toBe(true);
  const lines = stderr.trimEnd().split("\n");
  expect(lines).toHaveLength(1);
  return lines[0] ?? "";
}

describe("the backend's start", () => {
  it("prints exactly one line on stdout, the address of the page, and answers there", async () => {
    const outDir = join(await temporaryFolder(), "made/when/missing");
    const server = launch({ PORT: "0", LX_OUT_DIR: outDir });
    const address = await server.ready();
    expect(server.output.stdout).toMatch(/^LoquiLex demo: http:\/\/127\.0\.0\.1:\d+\n$/);
    const health = await fetch(`${address}/healthz`);
    expect(await health.json()).toEqual({ status: "ok", sessions: 0, store: { ok: true } });
    expect(await readdir(outDir)).toEqual([".servers"]);
    server.child.kill("SIGTERM");
    const { code, stdout, stderr } = await server.exit();
    expect([code, stdout.split("\n").length]).toEqual([0, 2]);
    expect(stderr).toContain('"msg":"Stopped."');
  });

  it("--help lists everything and exits with 0, whatever else is wrong", async () => {
    const { code, stdout, stderr } = await launch({ PORT: "wrong" }, ["--help"]).exit();
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: helpText(), stderr: "" });
  });

  it("refuses a bad port in one sentence", async () => {
    expect(await refusal({ PORT: "80a" })).toBe('PORT is "80a", and must be a whole number from 0 to 65535.');
  });

  it("refuses a port in use in one sentence", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    expect(await refusal({ LX_OUT_DIR: await temporaryFolder() }, ["--port", String(port)])).toBe(
      `Port ${port} on 127.0.0.1 is in use; stop the other program, or set PORT (or --port) to another port, 0 for any free one.`,
    );
  });

  it("refuses an address that is not this machine's in one sentence", async () => {
    const sentence = await refusal({ HOST: "203.0.113.7", PORT: "0", LX_OUT_DIR: await temporaryFolder() });
    expect(sentence).toContain('HOST (or --host) is "203.0.113.7", and must be an address of this machine');
  });

  it("refuses a folder that it cannot make in one sentence", async () => {
    const file = join(await temporaryFolder(), "file");
    await writeFile(file, "");
    const outDir = join(file, "out");
    expect(await refusal({ PORT: "0" }, ["--out-dir", outDir])).toBe(
      `LX_OUT_DIR (or --out-dir) is "${outDir}", and must be a folder that this user can make and write to (ENOTDIR).`,
    );
    expect(await refusal({ PORT: "0", LX_OUT_DIR: file })).toContain("must be a folder");
  });

  it("refuses a folder of models that it cannot write to in one sentence", async () => {
    const outDir = await temporaryFolder();
    const file = join(outDir, "file");
    await writeFile(file, "");
    expect(await refusal({ PORT: "0", LX_OUT_DIR: outDir, LX_MODEL_DIR: file })).toMatch(
      /^LX_MODEL_DIR is ".*file", and must be a folder that this user can write to \(\w+\)\.$/,
    );
  });

  // Node's recursive mkdir never settles there: the server said nothing, and used a whole processor.
  it.runIf(process.platform === "linux")("refuses a folder where the system makes none at all", async () => {
    expect(await refusal({ PORT: "0", LX_OUT_DIR: "/proc/recordings/of/today" })).toBe(
      `LX_OUT_DIR (or --out-dir) is "/proc/recordings/of/today", and must be a folder that this user can make and write to (ENOENT).`,
    );
  });

  it("refuses a recogniser that is not installed, and a grammar that is not there, in one sentence", async () => {
    const empty = await temporaryFolder();
    const env = { PORT: "0", LX_OUT_DIR: empty, LX_ENGINE: "pocketsphinx" };
    expect(await refusal({ ...env, PATH: empty })).toContain("pocketsphinx_continuous is not on the PATH; install it");
    const bin = join(empty, "bin");
    await mkdir(bin);
    await writeFile(join(bin, "pocketsphinx_continuous"), "#!/bin/sh\n", { mode: 0o755 });
    const grammar = join(empty, "absent.jsgf");
    expect(await refusal({ ...env, PATH: bin, LX_POCKETSPHINX_JSGF: grammar })).toBe(
      `LX_POCKETSPHINX_JSGF is "${grammar}", and must be the path of a readable file.`,
    );
  });

  it("chooses pocketsphinx by itself when it is on the PATH, else the segmenter", async () => {
    const folder = await temporaryFolder();
    for (const engine of ["segmenter", "pocketsphinx"]) {
      const server = launch({ PORT: "0", LX_OUT_DIR: folder, LX_ENGINE: "auto", PATH: folder });
      await server.ready();
      server.child.kill("SIGTERM");
      expect((await server.exit()).stderr).toContain(`"engine":"${engine}"`);
      await writeFile(join(folder, "pocketsphinx_continuous"), "#!/bin/sh\n", { mode: 0o755 });
    }
  });

  it("finishes the recordings of a server that died before servers had leases, once they have lain still", async () => {
    const outDir = await temporaryFolder();
    const { pid } = spawn(process.execPath, ["-e", ""]);
    await vi.waitFor(() => expect(isProcessAlive(pid ?? 0)).toBe(false), { timeout: 5_000 });
    const part = Buffer.concat([encodeWavHeader({ sampleRate: 16_000, channels: 1 }, UNKNOWN_SIZE), Buffer.alloc(640)]);
    await writeFile(join(outDir, `old.wav.${pid}-0123456789ab-1.part`), part);
    const server = launch({ PORT: "0", LX_OUT_DIR: outDir });
    await server.ready();
    const recordings = async () => (await readdir(outDir)).filter((name) => name !== ".servers");
    await vi.waitFor(async () => expect(await recordings()).toEqual(["old.wav"]), { timeout: 40_000, interval: 250 });
    expect(parseWav(await readFile(join(outDir, "old.wav"))).samples).toHaveLength(320);
  });

  it("prints an address that gives a page its microphone when it listens on every network", async () => {
    const server = launch({ PORT: "0", HOST: "0.0.0.0", LX_OUT_DIR: await temporaryFolder() });
    expect(await server.ready()).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    server.child.kill("SIGTERM");
    expect((await server.exit()).stderr).toContain("Everybody who reaches this address may stream");
  });

  it.each([{ HOST: "0.0.0.0", LX_TOKEN: "s3cret" }, { HOST: "127.0.0.1" }, { HOST: "::1" }])(
    "does not warn of strangers where none can stream: %o",
    async (env) => {
      const server = launch({ PORT: "0", LX_OUT_DIR: await temporaryFolder(), ...env });
      await server.ready();
      server.child.kill("SIGTERM");
      expect((await server.exit()).stderr).not.toContain("Everybody");
    },
  );

  it("is not ended by somebody who asks too early what is alive", async () => {
    const catalog = join(await temporaryFolder(), "catalog");
    execFileSync("mkfifo", [catalog]);
    const server = launch({ PORT: "0", LX_OUT_DIR: await temporaryFolder(), LX_MODEL_CATALOG: catalog });
    // Opens once the server reads it, which it does before it listens.
    const file = await open(catalog, "w");
    server.child.kill("SIGUSR2");
    await vi.waitFor(() => expect(server.output.stderr).toContain('"starting":true'), { timeout: 10_000 });
    await file.write("{}");
    await file.close();
    expect(await server.ready()).toContain("http://");
  });

  it("never writes the token to its output", async () => {
    const server = launch({
      PORT: "0",
      LX_OUT_DIR: await temporaryFolder(),
      LX_TOKEN: "s3cret",
      LX_LOG_LEVEL: "trace",
    });
    await fetch(`${await server.ready()}/?token=s3cret`);
    server.child.kill("SIGTERM");
    const { stdout, stderr } = await server.exit();
    expect(stdout + stderr).not.toContain("s3cret");
  });
});

describe("the backend's end", () => {
  it("takes the two signals that one Ctrl-C brings for one", async () => {
    const server = launch({ PORT: "0", LX_OUT_DIR: await temporaryFolder() });
    await server.ready();
    server.child.kill("SIGINT");
    server.child.kill("SIGINT");
    expect((await server.exit()).code).toBe(0);
  });

  it("ends in order when its terminal is closed", async () => {
    const server = launch({ PORT: "0", LX_OUT_DIR: await temporaryFolder() });
    await server.ready();
    server.child.kill("SIGHUP");
    const { code, stderr } = await server.exit();
    expect(code).toBe(0);
    expect(stderr).toContain('"msg":"Stopped."');
  });

  it("closes a live session, and kills its engine when a second signal will not wait for it", async () => {
    const folder = await temporaryFolder();
    const pidFile = join(folder, "pid");
    const server = launch({
      PORT: "0",
      LX_OUT_DIR: folder,
      LX_ENGINE: "command",
      LX_ENGINE_COMMAND: `trap '' TERM; echo $$ > ${pidFile}; while :; do sleep 0.05; done`,
    });
    const socket = await openStream(await server.ready());
    socket.send(encodeAudioFrame({ flags: 0, position: 0, sampleCount: 320, payload: new Uint8Array(640) }));
    await vi.waitFor(async () => expect(await readFile(pidFile, "utf8")).toMatch(/\n$/), { timeout: 5_000 });
    const enginePid = Number(await readFile(pidFile, "utf8"));
    const socketClosed = once(socket, "close");
    server.child.kill("SIGTERM");
    expect((await socketClosed)[0]).toBe(1012);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(isProcessAlive(enginePid)).toBe(true);
    server.child.kill("SIGTERM");
    expect((await server.exit()).code).toBe(1);
    await vi.waitFor(() => expect(isProcessAlive(enginePid)).toBe(false));
  });
});

/** A client that has been welcomed. */
async function openStream(address: string): Promise<WebSocket> {
  const socket = new WebSocket(`${address.replace("http", "ws")}/v1/stream`, "loquilex.v1");
  onTestFinished(() => socket.terminate());
  await once(socket, "open");
  const data = {
    agent: "test",
    accept: ["audio/1"],
    ack_mode: "cumulative",
    max_in_flight: 64,
    session_id: "0123456789abcdef",
    client_id: "client",
    attempt: 1,
    audio: { encoding: "pcm_s16le", sample_rate: 16_000, channels: 1, first: 0, next: 0 },
  };
  socket.send(JSON.stringify({ v: 1, t: "client.hello", data }));
  await once(socket, "message");
  return socket;
}
