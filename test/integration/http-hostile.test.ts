import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { BackendProcess, START_TIMEOUT_MS } from "../support/backend-process.js";
import { besideAHealthyStream } from "../support/healthy-stream.js";
import { loopbackServer } from "../support/loopback-server.js";
import { processFigures } from "../support/process-figures.js";
import { ask } from "../support/serve-archive.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const HOST = "Host: 127.0.0.1\r\n";
let backend: BackendProcess;

beforeAll(async () => {
  backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter", LX_API: "open" } });
  // What is opened for the first recording stays open for a while.
  await besideAHealthyStream(backend, async () => {});
}, START_TIMEOUT_MS);

afterAll(() => backend[Symbol.asyncDispose]());

async function connected(): Promise<Socket> {
  const socket = connect(backend.port, "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  // It is followed by the end of the connection.
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** Writes again and again for so long, as fast as the other end takes it. */
async function pour(socket: Socket, piece: Buffer, durationMs: number): Promise<void> {
  const until = performance.now() + durationMs;
  while (!socket.destroyed && performance.now() < until) {
    const pause = AbortSignal.timeout(100);
    if (!socket.write(piece)) await once(socket, "drain", { signal: pause }).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("beside a healthy stream, over HTTP", () => {
  it.each(["/", "/metrics", "/dist/index.js", "/api/sessions/anybody/transcript.vtt"])(
    "eight connections that ask for %s without waiting for an answer harm nobody",
    { timeout: 60_000 },
    async (path) => {
      const before = processFigures(backend.pid);
      const requests = Buffer.from(`GET ${path} HTTP/1.1\r\n${HOST}\r\n`.repeat(50));
      await besideAHealthyStream(backend, async () => {
        const sockets = await Promise.all(Array.from({ length: 8 }, connected));
        for (const socket of sockets) socket.resume();
        await Promise.all(sockets.map((socket) => pour(socket, requests, 1_500)));
        for (const socket of sockets) socket.destroy();
      });
      expect(processFigures(backend.pid).rssBytes - before.rssBytes).toBeLessThan(150_000_000);
      await vi.waitFor(
        () => expect(processFigures(backend.pid).descriptors).toBeLessThanOrEqual(before.descriptors + 10),
        { timeout: 5_000 },
      );
    },
  );

  it.each(["GET /", "GET /healthz", "POST /", "POST /api/models/download", "DELETE /api/sessions/anybody"])(
    "a body without end behind %s harms nobody",
    { timeout: 60_000 },
    async (line) => {
      const before = processFigures(backend.pid).rssBytes;
      await besideAHealthyStream(backend, async () => {
        const socket = await connected();
        socket.resume();
        const type = "Content-Type: application/json\r\n";
        socket.write(`${line} HTTP/1.1\r\n${HOST}${type}Content-Length: 1000000000000\r\n\r\n`);
        await pour(socket, Buffer.alloc(262_144, " "), 1_500);
        socket.destroy();
      });
      expect(processFigures(backend.pid).rssBytes - before).toBeLessThan(150_000_000);
    },
  );

  it("no route gives away anything of another folder, however the way there is written", async () => {
    const secret = join(backend.outDir, "..", "loquilex-secret.txt");
    const ways = [
      "..",
      "%2e%2e",
      "..%2f..",
      "%2e%2e%2f%2e%2e",
      "..%5c..",
      "....//..",
      "%252e%252e",
      "..%00",
      "%c0%ae%c0%ae",
    ];
    const routes = ["/", "/dist/", "/script-tag/", "/assets/", "/api/sessions/", "/api/models/downloads/"];
    const ends = ["/etc/passwd", "%2fetc%2fpasswd", `/${secret}`, "/transcript.txt", "/audio.wav", "/events", ""];
    await besideAHealthyStream(backend, async () => {
      for (const route of routes) {
        for (const way of ways) {
          for (const end of ends) {
            const { status, text } = await ask(`${backend.url}${route}${way}${end}`);
            expect(`${route}${way}${end} ${status} ${text.slice(0, 100)}`).not.toMatch(/root:| 5\d\d /);
          }
        }
      }
    });
  });
});

describe("those who listen to a download", () => {
  it("are so many at once and no more, leave their places when they go, and keep nobody from streaming", {
    timeout: 60_000,
  }, async () => {
    const slow = await loopbackServer((_, response) => void response.writeHead(200).write("x"));
    const catalog = join(await temporaryFolder(), "catalog.json");
    await writeFile(catalog, JSON.stringify({ endless: { url: `${slow}/`, sha256: "0".repeat(64) } }));
    await using other = await BackendProcess.start({
      env: { LX_ENGINE: "segmenter", LX_API: "open", LX_MODEL_CATALOG: catalog },
    });
    const started = await fetch(`${other.url}/api/models/download`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "endless" }),
    });
    const { id } = (await started.json()) as { readonly id: string };
    const request = `GET /api/models/downloads/${id}/events HTTP/1.1\r\n${HOST}\r\n`;
    await besideAHealthyStream(other, async () => {
      for (let round = 0; round < 3; round += 1) {
        const listeners = await Promise.all(
          Array.from({ length: 40 }, async () => {
            const socket = connect(other.port, "127.0.0.1");
            onTestFinished(() => void socket.destroy());
            await once(socket, "connect");
            // Asks twice, as if the first answer had an end.
            socket.write(request.repeat(2));
            return { socket, answer: String((await once(socket, "data"))[0]) };
          }),
        );
        expect(listeners.filter(({ answer }) => answer.startsWith("HTTP/1.1 200")).length).toBe(32);
        expect(listeners.filter(({ answer }) => answer.startsWith("HTTP/1.1 429")).length).toBe(8);
        for (const { socket } of listeners) socket.destroy();
        await vi.waitFor(async () => {
          const socket = connect(other.port, "127.0.0.1");
          socket.write(request);
          const answer = String((await once(socket, "data"))[0]);
          socket.destroy();
          expect(answer).toMatch(/^HTTP\/1\.1 200/);
        });
        // The last one has left as well.
        await new Promise((resolve) => setTimeout(resolve, 300));
      }
    });
  });
});
