import { writeFile } from "node:fs/promises";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { BackendProcess } from "../support/backend-process.js";
import { besideAHealthyStream } from "../support/healthy-stream.js";
import { loopbackServer } from "../support/loopback-server.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const MB = 2 ** 20;

async function serve(env: Readonly<Record<string, string>> = {}): Promise<BackendProcess> {
  const backend = await BackendProcess.start({ env: { LX_API: "open", LX_ENGINE: "segmenter", ...env } });
  onTestFinished(() => backend[Symbol.asyncDispose]());
  return backend;
}

/** Sends a body without an end. @returns the first line of the answer, and how many bytes the server let come. */
async function sendEndlessBody({ port }: BackendProcess, head: string): Promise<{ status: string; bytes: number }> {
  const socket = connect({ port, host: "127.0.0.1" });
  onTestFinished(() => void socket.destroy());
  let answer = "";
  socket.on("data", (chunk) => {
    answer += chunk.toString("latin1");
  });
  socket.on("error", () => {});
  const closed = new Promise((resolve) => socket.on("close", resolve));
  socket.write(`POST /api/models/download HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${head}\r\n\r\n`);
  const chunk = Buffer.concat([
    Buffer.from(`${(65_536).toString(16)}\r\n`),
    Buffer.alloc(65_536, 97),
    Buffer.from("\r\n"),
  ]);
  const more = (): void => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on("drain", more);
  more();
  await closed;
  return { status: answer.split("\r\n", 1)[0] ?? "", bytes: socket.bytesWritten };
}

/** Asks for the events of a download, and reads nothing of them. */
function listen({ port }: BackendProcess, path: string): Promise<{ readonly status: number; readonly socket: Socket }> {
  return new Promise((resolve, reject) => {
    const asking = request({ port, host: "127.0.0.1", path, agent: false }, (response) => {
      response.pause();
      resolve({ status: response.statusCode ?? 0, socket: response.socket });
    });
    asking.on("error", reject).end();
    onTestFinished(() => void asking.destroy());
  });
}

describe("bodies without an end", () => {
  it("are cut off with their reason, beside a stream that does not notice", async () => {
    const backend = await serve();
    await besideAHealthyStream(backend, async () => {
      const chunked = "Transfer-Encoding: chunked";
      const answers = await Promise.all([
        ...Array.from({ length: 10 }, () => sendEndlessBody(backend, `Content-Type: application/json\r\n${chunked}`)),
        ...Array.from({ length: 10 }, () => sendEndlessBody(backend, `Content-Type: text/plain\r\n${chunked}`)),
      ]);
      const [json, text] = [answers.slice(0, 10), answers.slice(10)];
      // A connection that is ended while more comes may lose the answer on its way.
      for (const { status } of json) expect(["HTTP/1.1 413 Payload Too Large", ""]).toContain(status);
      for (const { status } of text) expect(["HTTP/1.1 415 Unsupported Media Type", ""]).toContain(status);
      expect(answers.filter(({ status }) => status !== "").length).toBeGreaterThan(0);
      for (const { bytes } of answers) expect(bytes).toBeLessThan(16 * MB);
    });
  });
});

describe("more listeners to a download than there is room for", () => {
  it("are told to ask for its state instead, beside a stream that does not notice, until one has left", async () => {
    const models = await loopbackServer((_, response) =>
      response.writeHead(200, { "content-length": 1_000_000 }).write("a"),
    );
    const catalog = join(await temporaryFolder(), "catalog.json");
    await writeFile(catalog, JSON.stringify({ a: { url: models, sha256: "0".repeat(64) } }));
    const backend = await serve({ LX_MODEL_CATALOG: catalog, LX_MODEL_DIR: await temporaryFolder() });
    const headers = { "content-type": "application/json" };
    const begun = await fetch(`${backend.url}/api/models/download`, { method: "POST", headers, body: '{"name":"a"}' });
    const path = `${begun.headers.get("location")}/events`;
    await besideAHealthyStream(backend, async () => {
      const listeners = await Promise.all(Array.from({ length: 60 }, () => listen(backend, path)));
      const heard = listeners.filter(({ status }) => status === 200);
      expect(heard).toHaveLength(32);
      expect(listeners.filter(({ status }) => status === 429)).toHaveLength(28);
      heard[0]?.socket.destroy();
      await expect.poll(async () => (await listen(backend, path)).status).toBe(200);
    });
  });
});
