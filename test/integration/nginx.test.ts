import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "loquilex/resources";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BackendProcess } from "../support/backend-process.js";
import { freePort } from "../support/free-port.js";
import { NodeStream } from "../support/node-stream.js";

const ROOT = join(import.meta.dirname, "../..");
const FIXTURES = join(ROOT, "test/support/fixtures");

/** Whether a server takes requests at this address. */
const answers = (url: string, ca: string): Promise<boolean> =>
  new Promise((resolve) => {
    request(url, { ca, agent: false }, (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode === 200));
    })
      .once("error", () => resolve(false))
      .end();
  });

const pause = (delayMs: number): Promise<void> =>
  new Promise((resolve) => {
    systemClock.schedule(delayMs, resolve);
  });

describe("nginx with the configuration of examples/proxy", () => {
  let backend: BackendProcess;
  let folder: string;
  let nginx: ChildProcess;
  let ca: string;
  let host: string;

  beforeAll(async () => {
    backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
    folder = await mkdtemp(join(tmpdir(), "loquilex-nginx-"));
    const port = await freePort();
    host = `localhost:${port}`;
    ca = await readFile(join(FIXTURES, "tls-1.cert.pem"), "utf8");
    const example = await readFile(join(ROOT, "examples/proxy/nginx.conf"), "utf8");
    const adapted = example
      .replaceAll("127.0.0.1:8787", `127.0.0.1:${backend.port}`)
      .replace("listen 443 ssl", `listen 127.0.0.1:${port} ssl`)
      .replace("captions.example.org;", "localhost;")
      .replace("/etc/ssl/captions.example.org.pem", join(FIXTURES, "tls-1.cert.pem"))
      .replace("/etc/ssl/captions.example.org.key", join(FIXTURES, "tls-1.key.pem"));
    await mkdir(join(folder, "temp"));
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (name) => `${name}_temp_path ${folder}/temp/${name};`,
    );
    await writeFile(
      join(folder, "nginx.conf"),
      `daemon off; master_process off; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
       events {}
       http { access_log off; ${temporary.join(" ")}\n${adapted} }`,
    );
    nginx = spawn("nginx", ["-p", folder, "-c", join(folder, "nginx.conf"), "-e", join(folder, "error.log")]);
    await Promise.race([
      once(nginx, "spawn"),
      once(nginx, "error").then(([error]) => {
        throw new Error("This needs nginx (Debian: apt-get install nginx-light).", { cause: error });
      }),
    ]);
    for (let tries = 0; !(await answers(`https://${host}/healthz`, ca)); tries += 1) {
      if (tries > 100) throw new Error(await readFile(join(folder, "error.log"), "utf8"));
      await pause(100);
    }
  });

  afterAll(async () => {
    if (nginx.exitCode === null && nginx.pid !== undefined) {
      const exit = once(nginx, "exit");
      nginx.kill("SIGTERM");
      await exit;
    }
    await backend[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  it("serves the demo and carries a stream over TLS, to the last sample", async () => {
    expect(await answers(`https://${host}/`, ca)).toBe(true);
    await using stream = new NodeStream(`wss://${host}/v1/stream`, { ca });
    await stream.stream.start();
    await stream.stream.flush();
    await stream.stream.close();
    expect((await stream.stream.closed).outcome).toBe("closed");
    expect(stream.losses).toEqual([]);
    expect(stream.drops).toEqual([]);
    expect((await backend.files(".wav")).length).toBe(1);
  });
});
