import { once } from "node:events";
import { stat } from "node:fs/promises";
import { AudioFrameFlag } from "loquilex/protocol";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { type BackendOptions, BackendProcess } from "../support/backend-process.js";
import { besideAHealthyStream } from "../support/healthy-stream.js";
import { NodeStream } from "../support/node-stream.js";
import { RawClient } from "../support/raw-client.js";
import { recordingsOf } from "../support/server-disk.js";
import { accountFor, NOTHING_WRONG, readSamples } from "../support/stamped-audio.js";
import { Strangers } from "../support/strangers.js";
import { PATIENTLY } from "../support/waiting.js";

async function serve({ env, ...more }: BackendOptions): Promise<BackendProcess> {
  const backend = await BackendProcess.start({ env: { LX_API: "open", LX_ENGINE: "segmenter", ...env }, ...more });
  onTestFinished(() => backend[Symbol.asyncDispose]());
  return backend;
}

/** How often the server has turned somebody away, by reason. */
async function refusals({ url }: BackendProcess): Promise<Readonly<Record<string, number>>> {
  const response = await fetch(`${url}/api/resources`);
  return ((await response.json()) as { readonly refused: Readonly<Record<string, number>> }).refused;
}

async function opened({ webSocketUrl }: BackendProcess): Promise<RawClient> {
  const client = await RawClient.connect(webSocketUrl);
  client.hello();
  await client.until("session.new");
  return client;
}

/** A connection from another address of this machine, and how it ends. */
async function visit({ webSocketUrl }: BackendProcess, localAddress: string) {
  const socket = new WebSocket(webSocketUrl, ["loquilex.v1"], { localAddress });
  onTestFinished(() => socket.terminate());
  const said: string[] = [];
  socket.on("message", (data) => said.push(data.toString()));
  const closed = once(socket, "close") as Promise<[code: number, reason: Buffer]>;
  await once(socket, "open");
  return { said, closed };
}

/** Sends as long as the connection takes it. @returns the error that the server gave. */
async function flood(client: RawClient, send: (count: number) => void): Promise<unknown> {
  let count = 0;
  while (client.closed === undefined && client.socket.readyState === WebSocket.OPEN) {
    for (let batch = 0; batch < 200; batch += 1) send(count++);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const { code } = await client.untilClosed();
  return { ...client.messages("server.error")[0]?.data, closeCode: code };
}

// Field reports 103 and 104.
describe("strangers who connect and say nothing", () => {
  it("make way, each with its reason, for a client who comes later and a stream that does not notice", async () => {
    // The settings allow more connections than there are descriptors.
    const backend = await serve({ env: { LX_MAX_WAITING: "50" }, prefix: "ulimit -n 1024" });
    await using strangers = new Strangers();
    await besideAHealthyStream(backend, async () => {
      await strangers.connect(450, backend.port, 30);
      const client = await opened(backend);
      client.sendFrame(0);
      await client.untilAcknowledged(320);
      await expect.poll(() => strangers.openCount, PATIENTLY).toBeLessThanOrEqual(50);
      client.socket.close(1000);
    });
    const sentOff = strangers.told.filter((told) => told.includes("Too many others wait to say who they are"));
    // Each is told; on a busy machine a few hang up on the answer.
    expect((await refusals(backend)).overtaken).toBeGreaterThanOrEqual(399);
    expect(sentOff.length).toBeGreaterThan(300);
    expect(sentOff.filter((told) => told.startsWith("HTTP/1.1 503 ")).length).toBeGreaterThan(100);
    expect(sentOff.filter((told) => told.includes('"code":"overtaken"')).length).toBeGreaterThan(100);
  });
});

describe("more connections than allowed", () => {
  it("from one address are turned away until one has left, and those of other addresses are not", async () => {
    const backend = await serve({ env: { LX_MAX_CONNECTIONS_PER_ADDRESS: "20" } });
    await besideAHealthyStream(backend, async () => {
      const inside = await Promise.all(Array.from({ length: 20 }, () => visit(backend, "127.0.0.7")));
      const outside = await visit(backend, "127.0.0.7");
      const [code, reason] = await outside.closed;
      expect([code, reason.toString()]).toEqual([4429, "Too many connections come from this address."]);
      expect(JSON.parse(outside.said[0] ?? "")).toMatchObject({
        t: "server.error",
        data: { code: "too_many_from_address", retry_after_ms: 5_000 },
      });
      expect(inside.flatMap(({ said }) => said)).toEqual([]);
      (await opened(backend)).socket.close(1000);
    });
    expect(await refusals(backend)).toMatchObject({ too_many_from_address: 1 });
  });

  it("in all are turned away, and the streams that there are go on", async () => {
    const backend = await serve({ env: { LX_MAX_CONNECTIONS: "10" } });
    await besideAHealthyStream(backend, async () => {
      for (let count = 1; count < 10; count += 1) await opened(backend);
      const client = await RawClient.connect(backend.webSocketUrl);
      expect(await client.untilClosed()).toEqual({
        code: 4429,
        reason: "The server has no room for another connection.",
      });
    });
    expect(await refusals(backend)).toMatchObject({ too_many_connections: 1 });
  });
});

describe("a client that floods the server", () => {
  const gap = AudioFrameFlag.gap;

  // Field reports 100 and 101.
  it.each<[string, object, (client: RawClient) => (count: number) => void]>([
    [
      "with frames of one sample",
      { code: "frames_too_short", closeCode: 4400 },
      (client) => (count) => client.sendFrame(count, 1),
    ],
    [
      "with positions that jump",
      { code: "frames_too_short", closeCode: 4400 },
      (client) => (count) => client.sendFrame(count * 1_000_000_000, 1, gap),
    ],
    [
      "with heartbeats",
      { code: "too_many_messages", closeCode: 4429, retry_after_ms: 5_000 },
      (client) => () => client.send("client.hb", {}),
    ],
    [
      "with the same frame",
      { code: "too_many_messages", closeCode: 4429, retry_after_ms: 5_000 },
      (client) => () => client.sendFrame(0),
    ],
  ])(
    "%s is told so and closed, beside a stream that does not notice",
    { timeout: 60_000 },
    async (_, error, sender) => {
      const backend = await serve({});
      await besideAHealthyStream(backend, async () => {
        const client = await opened(backend);
        expect(await flood(client, sender(client))).toMatchObject(error);
      });
      expect((await refusals(backend))[(error as { readonly code: string }).code]).toBe(1);
      const sizes = await Promise.all(
        (await backend.files(".wav")).map(async (path) => (await stat(path)).blocks * 512),
      );
      expect(Math.max(...sizes)).toBeLessThan(2_000_000);
    },
  );

  it("with audio that is new is only read later, and keeps every sample", async () => {
    const backend = await serve({ env: { LX_WS_MAX_MSGS_PER_SEC: "100" } });
    const client = await opened(backend);
    const startedAt = performance.now();
    for (let position = 0; position < 400 * 320; position += 320) client.sendFrame(position);
    // What a client says last is taken even if it does not wait for the answer.
    client.send("client.end", { position: 400 * 320 });
    await client.until("session.end");
    expect(performance.now() - startedAt).toBeGreaterThan(2_500);
    expect(client.messages("session.end")[0]?.data.position).toBe(400 * 320);
    expect(client.messages("server.error")).toEqual([]);
    client.socket.close(1000);
  });
});

describe("a session that is as long as the server allows", () => {
  it("goes on in another one, and not a sample is lost", { timeout: 60_000 }, async () => {
    const backend = await serve({ env: { LX_MAX_SESSION_SEC: "3" } });
    await using stream = await NodeStream.start(backend.webSocketUrl);
    await stream.reconnected(1);
    await stream.captured(stream.source.samplesCaptured / 16 + 500);
    await stream.close();
    expect(stream.drops).toEqual([]);
    expect(stream.reconnections).toMatchObject([{ resumed: false }]);
    const captured = stream.source.samplesCaptured;
    const [first, second] = await Promise.all((await recordingsOf(backend, stream)).map(readSamples));
    if (first === undefined || second === undefined) throw new Error("There are not two recordings.");
    expect(accountFor(first, 0, first.length)).toEqual(NOTHING_WRONG);
    expect(accountFor(second, captured - second.length, captured)).toEqual(NOTHING_WRONG);
    expect(captured - second.length).toBeLessThanOrEqual(first.length);
  });
});

describe("a disk that is nearly full", () => {
  it("refuses whoever comes with a time to come back", async () => {
    const backend = await serve({ env: { LX_MIN_FREE_BYTES: "999999999999999" } });
    await expect.poll(() => backend.log, PATIENTLY).toContain("The disk is nearly full");
    const client = await RawClient.connect(backend.webSocketUrl);
    client.hello();
    expect((await client.untilClosed()).code).toBe(4429);
    expect(client.messages("server.error")[0]?.data).toMatchObject({ code: "disk_full", retry_after_ms: 30_000 });
  });
});

// Field report 103
describe("clients that say hello and leave", () => {
  it("take no place from a speaker who comes later", async () => {
    const backend = await serve({ env: { LX_MAX_SESSIONS: "10" } });
    await besideAHealthyStream(backend, async () => {
      for (let count = 0; count < 30; count += 1) (await opened(backend)).socket.terminate();
      const speaker = await opened(backend);
      speaker.sendFrame(0);
      await speaker.untilAcknowledged(320);
      speaker.socket.close(1000);
    });
  });
});
