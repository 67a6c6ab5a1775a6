import { createHash } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { encodeServerMessage } from "loquilex/protocol";
import { describe, expect, it } from "vitest";
import { NodeStream } from "../support/node-stream.js";
import { TinyServer } from "../support/tiny-server.js";

describe.concurrent("a stream whose server is in trouble", () => {
  // mattermost/mattermost-webapp#10960: clients hammer a server that restarts.
  it("makes at most four connections in ten seconds to a server that accepts and closes with 1011", async () => {
    await using server = await TinyServer.listen(({ socket }) => socket.close(1011));
    await using stream = new NodeStream(server.url);
    stream.stream.start().catch(() => {});
    await delay(10_000);
    expect(server.connections.length).toBeGreaterThanOrEqual(2);
    expect(server.connections.length).toBeLessThanOrEqual(4);
    expect(stream.losses[0]?.error).toMatchObject({ code: "connection-lost", details: { closeCode: 1011 } });
  });

  // mattermost/mattermost-webapp#10960: a connection that opens and dies resets the backoff, and the hammering goes on.
  it("backs off further each time the connection dies as soon as it is up", async () => {
    await using server = await TinyServer.listen(async (connection, index) => {
      await (index === 0 ? connection.begin() : connection.resume(0));
      await connection.until(({ frames }) => frames.length > 0);
      connection.socket.terminate();
    });
    await using stream = new NodeStream(server.url, { reconnect: { jitterRatio: 0 } });
    stream.stream.start().catch(() => {});
    await server.connection(4);
    expect(stream.losses.slice(0, 4).map(({ delayMs }) => delayMs)).toEqual([250, 500, 1_000, 2_000]);
  });

  // mattermost/mattermost-webapp#10960
  it.for([
    [1012, "going_away"],
    [1013, "overloaded"],
    [4429, "overloaded"],
  ] as const)("comes back after %i no sooner than the server asked for", async ([code, error]) => {
    await using server = await TinyServer.listen((connection, index) => {
      if (index > 0) return connection.begin();
      connection.send("server.error", { code: error, retry_after_ms: 3_000 });
      connection.socket.close(code);
      return undefined;
    });
    await using stream = await NodeStream.start(server.url);
    const [first, second] = server.connections;
    const waitedMs = (second?.at ?? 0) - (first?.at ?? 0);
    expect(waitedMs).toBeGreaterThanOrEqual(3_000);
    expect(waitedMs).toBeLessThan(4_000);
    expect(stream.losses).toHaveLength(1);
  });

  it("hears what the server says in the same packet as its handshake", async ({ expect }) => {
    const arrivals: number[] = [];
    const server = createServer((socket) => {
      arrivals.push(performance.now());
      socket.on("error", () => {});
      socket.once("data", (request) => {
        const key = /Sec-WebSocket-Key: (\S+)/i.exec(request.toString())?.[1] ?? "";
        const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
        const text = Buffer.from(encodeServerMessage("server.error", { code: "overloaded", retry_after_ms: 3_000 }));
        socket.write(
          Buffer.concat([
            Buffer.from(
              `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: loquilex.v1\r\n\r\n`,
            ),
            Buffer.from([0x81, text.byteLength]),
            text,
            Buffer.from([0x88, 2, 1013 >> 8, 1013 & 255]),
          ]),
        );
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    {
      await using stream = new NodeStream(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
      stream.stream.start().catch(() => {});
      await expect.poll(() => arrivals.length, { timeout: 6_000 }).toBe(2);
    }
    server.close();
    expect((arrivals[1] ?? 0) - (arrivals[0] ?? 0)).toBeGreaterThanOrEqual(3_000);
  });

  // openai/openai-realtime-api-beta#23: stops after 10, 15 or 30 minutes without a word.
  it("moves to another connection when the server says that this one will end, and loses nothing", async () => {
    await using server = await TinyServer.listen(async (connection, index) => {
      if (index === 0) {
        await connection.begin();
        await connection.until(({ frames }) => frames.length >= 20);
        connection.send("server.goaway", { reason: "session limit", retry_after_ms: 200 });
      } else await connection.resume(6_400);
    });
    await using stream = await NodeStream.start(server.url);
    await stream.reconnected(1);
    const [first, second] = server.connections;
    await first?.until(({ closeCode }) => closeCode !== undefined);
    expect(first?.closeCode).toBe(4000);
    expect(stream.losses).toHaveLength(1);
    expect(stream.losses[0]?.error.message).toContain("session limit");
    expect(stream.reconnections[0]?.resumed).toBe(true);
    await second?.until(({ frames }) => frames.length > 30);
    expect(second?.frames[0]?.position).toBe(6_400);
  });
});
