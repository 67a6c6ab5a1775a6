import { once } from "node:events";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { get } from "node:https";
import { connect as connectPlain } from "node:net";
import { join } from "node:path";
import { connect, type TLSSocket } from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { BackendProcess } from "../support/backend-process.js";
import { besideAHealthyStream } from "../support/healthy-stream.js";
import { NodeStream } from "../support/node-stream.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { PATIENTLY } from "../support/waiting.js";

const fixture = (name: string): string => join(import.meta.dirname, "../support/fixtures", name);
const certificate = (number: 1 | 2): string => fixture(`tls-${number}.cert.pem`);
const key = (number: 1 | 2): string => fixture(`tls-${number}.key.pem`);
const FIRST = await readFile(certificate(1), "utf8");

interface Files {
  readonly cert: string;
  readonly key: string;
}

async function serve(files: Files, env: Readonly<Record<string, string>> = {}): Promise<BackendProcess> {
  const backend = await BackendProcess.start({
    env: { LX_ENGINE: "segmenter", LX_API: "open", LX_TLS_CERT: files.cert, LX_TLS_KEY: files.key, ...env },
  });
  onTestFinished(() => backend[Symbol.asyncDispose]());
  return backend;
}

/** What the server shows to whoever connects now. */
async function shownCertificate({ port }: BackendProcess): Promise<string> {
  const socket: TLSSocket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  await once(socket, "close");
  return fingerprint256;
}

async function filesOf(number: 1 | 2): Promise<Files> {
  const folder = await temporaryFolder();
  const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  await copyFile(certificate(number), files.cert);
  await copyFile(key(number), files.key);
  return files;
}

async function ask(url: string): Promise<{ readonly status: number | undefined; readonly body: string }> {
  const [response] = await once(get(url, { ca: FIRST, agent: false }), "response");
  return { status: response.statusCode, body: (await response.setEncoding("utf8").toArray()).join("") };
}

describe("a server with a certificate", () => {
  it("speaks wss and https, and nothing without TLS", async () => {
    const backend = await serve({ cert: certificate(1), key: key(1) });
    expect(backend.url).toMatch(/^https:/);
    await besideAHealthyStream(
      backend,
      async () => {
        expect(await ask(`${backend.url}/healthz`)).toMatchObject({ status: 200 });
        const plain = connectPlain(backend.port, "127.0.0.1");
        plain.end("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
        plain.on("error", () => {});
        let answer = "";
        plain.on("data", (data) => {
          answer += data.toString("latin1");
        });
        await once(plain, "close");
        expect(answer).not.toContain("HTTP/1.1");
        const socket = new WebSocket(backend.webSocketUrl, ["loquilex.v1"]);
        const [error] = await once(socket, "error");
        expect((error as { readonly code?: string }).code).toBe("DEPTH_ZERO_SELF_SIGNED_CERT");
      },
      { ca: FIRST },
    );
  });

  it("lets those who never finish their handshake make way, beside a stream that does not notice", async () => {
    const backend = await serve({ cert: certificate(1), key: key(1) }, { LX_MAX_WAITING: "20" });
    await besideAHealthyStream(
      backend,
      async () => {
        const strangers = Array.from({ length: 60 }, (_, index) => {
          const socket = connectPlain(backend.port, "127.0.0.1");
          socket.on("error", () => {});
          // A third of them begins as a client does, and stops in the middle.
          if (index % 3 === 0) socket.write(Buffer.from("16030100c8010000c40303", "hex"));
          return socket;
        });
        onTestFinished(() => {
          for (const socket of strangers) socket.destroy();
        });
        await expect.poll(() => strangers.filter(({ closed }) => !closed).length, PATIENTLY).toBeLessThanOrEqual(20);
        const { body } = await ask(`${backend.url}/api/resources`);
        expect(JSON.parse(body).refused.overtaken).toBeGreaterThanOrEqual(40);
        for (const socket of strangers) socket.destroy();
      },
      { ca: FIRST },
    );
  });

  it("takes a new one on SIGHUP, keeps it when the next is half written, and ends no stream", async () => {
    const files = await filesOf(1);
    const backend = await serve(files);
    const first = await shownCertificate(backend);
    await using stream = await NodeStream.start(backend.webSocketUrl, { ca: FIRST });
    await stream.captured(200);
    await copyFile(certificate(2), files.cert);
    await copyFile(key(2), files.key);
    backend.signal("SIGHUP");
    await expect.poll(() => shownCertificate(backend), PATIENTLY).not.toBe(first);
    const second = await shownCertificate(backend);
    await writeFile(files.cert, FIRST.slice(0, 200));
    backend.signal("SIGHUP");
    await expect.poll(() => backend.log, PATIENTLY).toContain("could not be read again; the one before stays.");
    expect(await shownCertificate(backend)).toBe(second);
    await stream.captured(stream.source.samplesCaptured / 16 + 200);
    await stream.close();
    expect(stream.sockets).toHaveLength(1);
  });
});
