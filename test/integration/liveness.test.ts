import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { BackendProcess, START_TIMEOUT_MS } from "../support/backend-process.js";
import { NodeStream } from "../support/node-stream.js";
import { RawClient } from "../support/raw-client.js";
import { expectEverythingOnDisk } from "../support/server-disk.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { TinyServer } from "../support/tiny-server.js";
import { PATIENTLY } from "../support/waiting.js";

let backend: BackendProcess;
let impatient: BackendProcess;

beforeAll(async () => {
  [backend, impatient] = await Promise.all([
    BackendProcess.start({ env: { LX_ENGINE: "segmenter" } }),
    BackendProcess.start({
      env: { LX_ENGINE: "segmenter", LX_WS_HEARTBEAT_SEC: "1", LX_WS_HEARTBEAT_TIMEOUT_SEC: "2" },
    }),
  ]);
}, START_TIMEOUT_MS);

afterAll(async () => {
  await backend[Symbol.asyncDispose]();
  await impatient[Symbol.asyncDispose]();
});

const through = (proxy: TcpProxy) => `ws://127.0.0.1:${proxy.port}/v1/stream`;

describe.concurrent("a link that is dead and does not know it", () => {
  // wireapp/wire-webapp#21477: looks connected, and nothing flows.
  it.for<["toServer" | "toClient" | "both ways"]>([["both ways"], ["toServer"], ["toClient"]])(
    "is replaced within five seconds with default options when it swallows %s",
    async ([direction]) => {
      await using proxy = await TcpProxy.listen({ targetPort: backend.port });
      await using stream = await NodeStream.start(through(proxy));
      await stream.captured(1_000);
      const startedAt = performance.now();
      if (direction === "both ways") proxy.strand();
      else proxy.strand(direction);
      await proxy.until("a second connection is made", () => proxy.connectionCount === 2);
      expect(performance.now() - startedAt).toBeLessThan(5_000);
      // Abandoned, and not waited for: the goodbye of the old socket is still under way.
      expect(stream.sockets[0]?.readyState).toBe(WebSocket.CLOSING);
      expect(stream.losses.map(({ error }) => error.code)).toEqual(["heartbeat-timeout"]);
      await stream.reconnected(1);
      await stream.captured(stream.source.samplesCaptured / 16 + 500);
      await stream.close();
      await expectEverythingOnDisk(backend, stream);
    },
  );

  // wireapp/wire-webapp#21477
  it("is found by the heartbeat while nobody speaks", async () => {
    await using proxy = await TcpProxy.listen({ targetPort: backend.port });
    const heartbeat = { intervalMs: 1_000, timeoutMs: 1_000 };
    await using stream = await NodeStream.start(through(proxy), { heartbeat });
    await stream.captured(500);
    await stream.stream.pause();
    await stream.stream.flush();
    const startedAt = performance.now();
    proxy.strand();
    await proxy.until("a second connection is made", () => proxy.connectionCount === 2);
    expect(performance.now() - startedAt).toBeLessThan(3_500);
    await stream.reconnected(1);
    expect(stream.stream.state).toBe("paused");
    await stream.close();
    await expectEverythingOnDisk(backend, stream);
  });

  // pladaria/reconnecting-websocket#14, partykit/partykit#912: two live sockets, and the old one still has a say.
  it("says nothing that counts once it is abandoned, not even when it wakes up again", async ({ expect }) => {
    await using server = await TinyServer.listen(async (connection, index) => {
      if (index > 0) return connection.resume(0);
      await connection.begin();
      await connection.until(({ frames }) => frames.length > 10);
      proxy.hold("toClient");
      connection.send("asr.final", { text: "from the dead", segment_id: "x", final: true }, { seq: 1 });
      connection.send("server.goaway", { reason: "maintenance" });
      return connection.send("session.end", { position: 0, reason: "from the dead" });
    });
    await using proxy = await TcpProxy.listen({ targetPort: server.port });
    await using stream = await NodeStream.start(through(proxy));
    let lateMessages = 0;
    stream.sockets[0]?.on("message", () => {
      lateMessages += 1;
    });
    await proxy.until("a second connection is made", () => proxy.connectionCount === 2);
    proxy.pass("toClient");
    await stream.reconnected(1);
    await expect.poll(() => lateMessages, PATIENTLY).toBe(3);
    const current = await server.connection(1);
    const before = current.frames.length;
    await current.until(({ frames }) => frames.length > before + 20);
    expect(stream.stream.state).toBe("streaming");
    expect(server.connections).toHaveLength(2);
    expect(stream.messages).toEqual([]);
  });
});

describe.concurrent("a link on which nobody speaks", () => {
  // soniox/speech-to-text-web#6: silent pauses close the session.
  it("stays up through several of the server's timeouts, on a stream that keeps its defaults", async () => {
    await using stream = await NodeStream.start(impatient.webSocketUrl);
    await stream.captured(400);
    await stream.stream.pause();
    await delay(6_000);
    expect(stream.stream.state).toBe("paused");
    await stream.stream.resume();
    await stream.captured(1_000);
    await stream.close();
    expect(stream.sockets).toHaveLength(1);
    expect(stream.states).not.toContain("reconnecting");
    await expectEverythingOnDisk(impatient, stream);
  });

  // Totodore/socketioxide#732: half-open connections hold their session for ever.
  it("is given up by the server, with a code, when the client is not heard of", async () => {
    const client = await RawClient.connect(impatient.webSocketUrl);
    client.hello();
    expect((await client.untilClosed()).code).toBe(4408);
    expect(client.messages("server.hb").length).toBeGreaterThan(0);
  });
});
