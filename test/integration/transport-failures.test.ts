import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { NodeStream } from "../support/node-stream.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { TinyServer } from "../support/tiny-server.js";
import { PATIENTLY } from "../support/waiting.js";

/** Accepts TCP connections and never says a word. */
class MuteServer implements AsyncDisposable {
  readonly #server: Server;
  readonly sockets: Socket[] = [];

  private constructor() {
    this.#server = createServer((socket) => {
      socket.on("error", () => {});
      this.sockets.push(socket);
    });
  }

  static async listen(): Promise<MuteServer> {
    const mute = new MuteServer();
    mute.#server.listen(0, "127.0.0.1");
    await once(mute.#server, "listening");
    return mute;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

const ONE_QUICK_TRY = { reconnect: { connectTimeoutMs: 300, maxAttempts: 0 } };
const QUICK_TRIES = { reconnect: { initialDelayMs: 20, maxDelayMs: 20 } };

/** No socket of the stream is open or will be. */
function expectNoSocketLeft({ sockets }: NodeStream): void {
  expect(sockets.every(({ readyState }) => readyState >= WebSocket.CLOSING)).toBe(true);
}

describe.concurrent("a wait for the server ends by itself", () => {
  // AssemblyAI/assemblyai-node-sdk#169: connect or stop never settles.
  it("when it accepts the TCP connection and never answers", async () => {
    await using server = await MuteServer.listen();
    await using stream = new NodeStream(server.url, ONE_QUICK_TRY);
    await expect(stream.stream.start()).rejects.toMatchObject({
      code: "connect-timeout",
      details: { timeoutMs: 300 },
    });
    expect((await stream.closed).outcome).toBe("failed");
    expectNoSocketLeft(stream);
  });

  // AssemblyAI/assemblyai-node-sdk#169
  it("when it opens the WebSocket and never says who it is", async () => {
    await using server = await TinyServer.listen(() => {});
    await using stream = new NodeStream(server.url, ONE_QUICK_TRY);
    await expect(stream.stream.start()).rejects.toMatchObject({ code: "connect-timeout" });
    expectNoSocketLeft(stream);
  });

  // AssemblyAI/assemblyai-node-sdk#169
  it("when it says who it is and never where audio begins", async () => {
    await using server = await TinyServer.listen((connection) => connection.welcome());
    await using stream = new NodeStream(server.url, ONE_QUICK_TRY);
    await expect(stream.stream.start()).rejects.toMatchObject({ code: "connect-timeout" });
    expectNoSocketLeft(stream);
  });

  // AssemblyAI/assemblyai-node-sdk#169
  it("when it never says that the session has ended, and everything is released all the same", async () => {
    await using server = await TinyServer.listen((connection) => connection.begin());
    await using stream = await NodeStream.start(server.url);
    await stream.captured(200);
    const closing = stream.stream.close({ timeoutMs: 1_000 });
    await expect(closing).rejects.toMatchObject({ code: "close-timeout" });
    await server.connections[0]?.until(({ closeCode }) => closeCode !== undefined);
    expect(server.connections[0]?.order.at(-1)).toBe("client.end");
    // Lost for good, and said so to the sample.
    expect(stream.drops.map(({ from, to }) => [from, to])).toEqual([[0, stream.source.samplesCaptured]]);
    expectNoSocketLeft(stream);
  });

  // AssemblyAI/assemblyai-node-sdk#169
  it("for start() and flush() as well when the stream ends meanwhile", async ({ expect }) => {
    await using mute = await MuteServer.listen();
    await using starting = new NodeStream(mute.url);
    const started = starting.stream.start();
    await expect.poll(() => mute.sockets.length, PATIENTLY).toBe(1);
    starting.stream.abort(new Error("changed my mind"));
    await expect(started).rejects.toThrow("changed my mind");

    await using server = await TinyServer.listen((connection) => connection.begin());
    await using flushing = await NodeStream.start(server.url);
    await flushing.captured(200);
    const flushed = flushing.stream.flush();
    server.connections[0]?.socket.close(4403, "no more");
    await expect(flushed).rejects.toMatchObject({ code: "rejected-by-server", details: { closeCode: 4403 } });
  });

  // wireapp/wire-webapp#21612: a provider that hangs leaves the stream dead until the page is loaded again.
  it("when the application's own URL or token does not come, and the next attempt asks again", async () => {
    await using server = await TinyServer.listen((connection) => connection.begin());
    const asked = { url: 0, token: 0 };
    const reasons: unknown[] = [];
    const hangs = (signal: AbortSignal) =>
      new Promise<string>(() => signal.addEventListener("abort", () => reasons.push(signal.reason), { once: true }));
    await using stream = await NodeStream.start(
      ({ signal }) => {
        asked.url += 1;
        return asked.url === 1 ? hangs(signal) : server.url;
      },
      {
        reconnect: { ...QUICK_TRIES.reconnect, connectTimeoutMs: 2_000 },
        getToken: ({ signal }) => {
          asked.token += 1;
          if (asked.token === 1) return hangs(signal);
          if (asked.token === 3) throw new Error("the token service is down");
          return `token-${asked.token}`;
        },
      },
    );
    expect(asked).toEqual({ url: 2, token: 4 });
    expect(reasons).toHaveLength(2);
    expect(stream.losses.map(({ error }) => error.code)).toEqual([
      "connect-timeout",
      "connect-timeout",
      "connect-failed",
    ]);
    expect(server.connections[0]?.messages[0]?.data).toMatchObject({ token: "token-4" });
  });
});

describe.concurrent("a close code", () => {
  // whatwg/websockets#21, vercel/ai#20695: fatal and temporary failures look alike.
  it.for([
    [4401, "unauthorized"],
    [4403, "rejected-by-server"],
    [4406, "rejected-by-server"],
    [4409, "session-in-use"],
    [4410, "session-superseded"],
    [4413, "rejected-by-server"],
  ] as const)("%i ends the stream for good, as %s", async ([code, errorCode]) => {
    await using server = await TinyServer.listen(({ socket }) => socket.close(code, "because"));
    await using stream = new NodeStream(server.url, QUICK_TRIES);
    await expect(stream.stream.start()).rejects.toMatchObject({ code: errorCode, retryable: false });
    if (errorCode === "rejected-by-server") {
      expect(await stream.closed).toMatchObject({ error: { details: { closeCode: code, closeReason: "because" } } });
    }
    await delay(200);
    expect(stream.sockets).toHaveLength(1);
    expect(stream.losses).toEqual([]);
  });

  // whatwg/websockets#21, vercel/ai#20695
  it.for([1000, 1001, 1011, 1012, 1013, 3000, 4000, 4400, 4408, 4429])(
    "%i is told to the page with its reason, and tried again",
    async (code) => {
      await using server = await TinyServer.listen((connection, index) =>
        index === 0 ? connection.socket.close(code, "because") : connection.begin(),
      );
      await using stream = await NodeStream.start(server.url, QUICK_TRIES);
      expect(stream.losses).toHaveLength(1);
      expect(stream.losses[0]?.error).toMatchObject({
        code: "connection-lost",
        retryable: true,
        details: { closeCode: code, closeReason: "because" },
      });
    },
  );
});

describe.concurrent("a stream that ends or is misled", () => {
  // pladaria/reconnecting-websocket#14, partykit/partykit#912: a socket after close; a crash when closing while connecting.
  it("leaves no socket and makes none when it is aborted while it connects, in every phase", async ({ expect }) => {
    await using server = await TinyServer.listen((connection) => connection.begin());
    await using proxy = await TcpProxy.listen({ targetPort: server.port });
    const url = `ws://127.0.0.1:${proxy.port}`;
    proxy.hold("toClient");
    const phases: ((stream: NodeStream) => Promise<unknown>)[] = [
      async () => {},
      ({ sockets }) => expect.poll(() => sockets.length, PATIENTLY).toBe(1),
      () => delay(100),
      async ({ sockets }) => {
        await expect.poll(() => sockets.length, PATIENTLY).toBe(1);
        proxy.pass("toClient");
        await expect.poll(() => sockets[0]?.readyState, { ...PATIENTLY, interval: 1 }).toBe(WebSocket.OPEN);
      },
    ];
    for (const phase of phases) {
      await using stream = new NodeStream(url);
      const started = stream.stream.start();
      await phase(stream);
      stream.stream.abort(new Error("enough"));
      expectNoSocketLeft(stream);
      await expect(started).rejects.toThrow("enough");
      const made = stream.sockets.length;
      await delay(400);
      expect(stream.sockets.length).toBe(made);
    }
  });

  it("makes no connection after close(), even when it is waiting for one", async ({ expect }) => {
    await using server = await TinyServer.listen(({ socket }) => socket.close(1011));
    await using stream = new NodeStream(server.url, QUICK_TRIES);
    stream.stream.start().catch(() => {});
    await expect.poll(() => stream.losses.length, PATIENTLY).toBeGreaterThan(0);
    await stream.stream.close({ timeoutMs: 100 }).catch(() => {});
    const made = stream.sockets.length;
    await delay(1_500);
    expect(stream.sockets).toHaveLength(made);
  });

  it("starts once, however often start() is called", async () => {
    await using server = await TinyServer.listen((connection) => connection.begin());
    await using stream = new NodeStream(server.url);
    await Promise.all([stream.stream.start(), stream.stream.start(), stream.stream.start()]);
    expect(server.connections).toHaveLength(1);
  });

  it.for<[string, string | Uint8Array]>([
    ["garbage", "{]"],
    ["a binary message", new Uint8Array(100)],
    ["a reserved type with a long name that is not ASCII", `{"v":1,"t":"audio.${"声".repeat(58)}","data":{}}`],
    ["an acknowledgement of what was never sent", '{"v":1,"t":"audio.ack","data":{"position":1e12}}'],
    ["a position that is no number", '{"v":1,"t":"audio.ack","data":{"position":"0"}}'],
  ])("leaves a server that says %s, and goes on with the next connection", async ([, nonsense]) => {
    await using server = await TinyServer.listen(async (connection, index) => {
      await (index === 0 ? connection.begin() : connection.resume(0));
      if (index === 0) connection.socket.send(nonsense);
    });
    await using stream = await NodeStream.start(server.url);
    await stream.reconnected(1);
    expect(stream.losses.map(({ error }) => error.code)).toEqual(["protocol-violation"]);
    await server.connections[0]?.until(({ closeCode }) => closeCode !== undefined);
    expect(server.connections[0]?.closeCode).toBe(4400);
    await server.connections[1]?.until(({ frames }) => frames.length > 5);
  });

  // HumeAI/hume-react-sdk#330: after a reconnect the audio cannot be decoded. h3js/crossws#198: replay mixes with live.
  it("describes its audio anew on every connection, and sends one unbroken row of frames from where the server stands", async () => {
    await using server = await TinyServer.listen(async (connection, index) => {
      await (index === 0 ? connection.begin() : connection.resume(1_600));
      await connection.until(({ frames }) => frames.length >= 40);
      if (index < 2) connection.socket.terminate();
    });
    await using stream = await NodeStream.start(server.url, { reconnect: { initialDelayMs: 400 } });
    const last = await server.connection(2);
    await last.until(({ frames }) => frames.length >= 60);
    for (const [index, { messages, order, frames }] of server.connections.entries()) {
      expect(order[0]).toBe(index === 0 ? "client.hello" : "session.resume");
      expect(messages[0]?.data).toMatchObject({
        session_id: stream.stream.sessionId,
        audio: { encoding: "pcm_s16le", sample_rate: 16_000, channels: 1, first: 0 },
      });
      const positions = frames.map(({ position }) => position);
      const start = index === 0 ? 0 : 1_600;
      expect(positions).toEqual(positions.map((_, i) => start + i * 320));
    }
  });
});
