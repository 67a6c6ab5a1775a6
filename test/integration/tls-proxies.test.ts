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

const EXAMPLES = join(import.meta.dirname, "../../examples/proxy");
const FIXTURES = join(import.meta.dirname, "../support/fixtures");
const CERTIFICATE = join(FIXTURES, "tls-1.cert.pem");
const KEY = join(FIXTURES, "tls-1.key.pem");

interface Places {
  /** The proxy's own, for everything that it writes. */
  readonly folder: string;
  /** Of the proxy. */
  readonly port: number;
  readonly backendPort: number;
}

/** A proxy, and how its example becomes one that runs here. */
interface Proxy {
  readonly program: string;
  readonly debianPackage: string;
  readonly example: string;
  /** @returns the configuration to run. */
  adapt(example: string, places: Places): string;
  /** The command line, after the configuration has been written to this path. */
  args(path: string, folder: string): readonly string[];
}

const nginx: Proxy = {
  program: "nginx",
  debianPackage: "nginx-light",
  example: "nginx.conf",
  adapt(example, { folder, port, backendPort }) {
    const adapted = example
      .replaceAll("127.0.0.1:8787", `127.0.0.1:${backendPort}`)
      .replace("listen 443 ssl", `listen 127.0.0.1:${port} ssl`)
      .replace("captions.example.org;", "localhost;")
      .replace("/etc/ssl/captions.example.org.pem", CERTIFICATE)
      .replace("/etc/ssl/captions.example.org.key", KEY);
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (name) => `${name}_temp_path ${folder}/temp/${name};`,
    );
    return `daemon off; master_process off; pid ${folder}/nginx.pid; error_log stderr;
      events {}
      http { access_log off; ${temporary.join(" ")}\n${adapted} }`;
  },
  args: (path, folder) => ["-p", folder, "-c", path, "-e", "stderr"],
};

const caddy: Proxy = {
  program: "caddy",
  debianPackage: "caddy",
  example: "Caddyfile",
  adapt(example, { port, backendPort }) {
    const adapted = example
      .replaceAll("127.0.0.1:8787", `127.0.0.1:${backendPort}`)
      // Here it cannot get a certificate by itself.
      .replace("captions.example.org {", `https://localhost:${port} {\nbind 127.0.0.1\ntls ${CERTIFICATE} ${KEY}\n`);
    return `{\nadmin off\nauto_https off\n}\n${adapted}`;
  },
  args: (path) => ["run", "--config", path, "--adapter", "caddyfile"],
};

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

describe.each([nginx, caddy])("$program with the configuration of examples/proxy", (proxy) => {
  const { program, debianPackage } = proxy;
  let backend: BackendProcess;
  let folder: string;
  let child: ChildProcess;
  let ca: string;
  let host: string;

  beforeAll(async () => {
    backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
    folder = await mkdtemp(join(tmpdir(), `loquilex-${program}-`));
    const port = await freePort();
    host = `localhost:${port}`;
    ca = await readFile(CERTIFICATE, "utf8");
    await mkdir(join(folder, "temp"));
    const path = join(folder, proxy.example);
    const example = await readFile(join(EXAMPLES, proxy.example), "utf8");
    await writeFile(path, proxy.adapt(example, { folder, port, backendPort: backend.port }));
    const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
    child = spawn(program, proxy.args(path, folder), { env, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    await Promise.race([
      once(child, "spawn"),
      once(child, "error").then(([error]) => {
        throw new Error(`This needs ${program} (Debian: apt-get install ${debianPackage}).`, { cause: error });
      }),
    ]);
    for (let tries = 0; !(await answers(`https://${host}/healthz`, ca)); tries += 1) {
      if (tries > 100 || child.exitCode !== null) throw new Error(`${program} does not answer: ${said}`);
      await pause(100);
    }
  });

  afterAll(async () => {
    if (child.exitCode === null && child.pid !== undefined) {
      const exit = once(child, "exit");
      child.kill("SIGTERM");
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
