import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { parseServerMessage } from "loquilex/protocol";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { type ClientOptions, WebSocket } from "ws";
import { BackendProcess, START_TIMEOUT_MS } from "../support/backend-process.js";
import { NodeStream } from "../support/node-stream.js";
import { processFigures } from "../support/process-figures.js";
import { RawClient } from "../support/raw-client.js";
import { expectEverythingOnDisk } from "../support/server-disk.js";

const MAX_BUFFERED_BYTES = 1_000_000;
let backend: BackendProcess;

beforeAll(async () => {
  backend = await BackendProcess.start({
    env: {
      LX_ENGINE: "segmenter",
      LX_ALLOWED_ORIGINS: "https://app.example, capacitor://localhost",
      LX_WS_MAX_BUFFERED_BYTES: String(MAX_BUFFERED_BYTES),
      // A client that asks for more than it reads is to be stopped by that alone.
      LX_WS_MAX_MSGS_PER_SEC: "1000000",
    },
  });
}, START_TIMEOUT_MS);

afterAll(() => backend[Symbol.asyncDispose]());

/** Opens a WebSocket, and resolves with what became of it within a moment. */
async function visit(options: ClientOptions & { readonly path?: string; readonly protocols?: string[] } = {}) {
  const { path = "/v1/stream", protocols = ["loquilex.v1"], ...more } = options;
  const socket = new WebSocket(`ws://127.0.0.1:${backend.port}${path}`, protocols, more);
  onTestFinished(() => socket.terminate());
  const errors: unknown[] = [];
  socket.on("message", (data) => errors.push(parseServerMessage(data.toString()).data));
  const closed = once(socket, "close") as Promise<[code: number, reason: Buffer]>;
  await once(socket, "open");
  return { socket, errors, closed };
}

async function rawConnection(): Promise<Socket> {
  const socket = connect({ port: backend.port, host: "127.0.0.1", allowHalfOpen: true });
  onTestFinished(() => {
    socket.destroy();
  });
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

const handshake = (lines: readonly string[] = [], path = "/v1/stream"): string =>
  [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${backend.port}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol: loquilex.v1",
    ...lines,
    "\r\n",
  ].join("\r\n");

const warningsOf = (text: string): string[] =>
  backend.log.split("\n").filter((line) => line.includes('"level":40') && line.includes(text));

// ollama/ollama#4791, coder/code-server#6161, field report 82
describe("a page of a foreign origin", () => {
  it("is accepted and closed with 4403 and a reason, and the log says once what to do", async () => {
    for (let count = 0; count < 3; count += 1) {
      const { closed, errors } = await visit({ origin: "https://foreign.example" });
      const [code, reason] = await closed;
      expect(code).toBe(4403);
      expect(reason.toString()).toContain("LX_ALLOWED_ORIGINS");
      expect(errors).toMatchObject([{ code: "forbidden_origin" }]);
    }
    await vi.waitFor(() => expect(warningsOf("https://foreign.example")).toHaveLength(1));
    const [warning] = warningsOf("https://foreign.example");
    expect(warning).toContain("add https://foreign.example to LX_ALLOWED_ORIGINS");
  });

  it.each([
    ["without an origin", { origin: "null" }],
    ["of a proxy's server behind its default Host", { origin: "https://speech.example" }],
    ["whose proxy vouches for it", { origin: "https://a.example", headers: { "x-forwarded-host": "a.example" } }],
  ])("is told so as well: one %s", async (_, options) => {
    const { closed } = await visit(options);
    expect((await closed)[0]).toBe(4403);
  });

  it.each([
    ["on the list", { origin: "https://app.example" }],
    ["of an application on the list", { origin: "capacitor://localhost" }],
    ["of the server's own name", { origin: "https://speech.example", headers: { host: "speech.example:443" } }],
  ])("is none and stays: one %s", async (_, options) => {
    const { socket } = await visit(options);
    const pong = once(socket, "pong");
    socket.ping();
    await pong;
    expect(socket.readyState).toBe(WebSocket.OPEN);
  });

  it("makes no line of the log for each of hundreds of names", async () => {
    const names = Array.from({ length: 300 }, (_, index) => `https://number-${index}.example`);
    for (const origin of names) await (await visit({ origin })).closed;
    expect(warningsOf("number-").length).toBeLessThan(150);
  });
});

describe("a client that knocks at the wrong door", () => {
  // Field report 82: a browser hides why a handshake failed.
  it("is told the right address in a way that a page can see", async () => {
    const { closed, errors } = await visit({ path: "/stream" });
    const [code, reason] = await closed;
    expect(code).toBe(4403);
    expect(reason.toString()).toBe("There is no stream at this address; connect to /v1/stream.");
    expect(errors).toMatchObject([{ code: "unknown_address" }]);
  });

  it("hears over plain HTTP that a proxy has to pass the upgrade on", async () => {
    const answer = await fetch(`${backend.url}/v1/stream`);
    expect(answer.status).toBe(426);
    expect(await answer.text()).toContain("must pass the Upgrade and Connection headers on");
  });

  // Java's client asks so unless it is told not to.
  it("is answered over HTTP/1.1 if it would like to go on in HTTP/2, with what it sends and as often as it asks", async () => {
    const socket = await rawConnection();
    socket.setEncoding("utf8");
    const h2c = "Connection: keep-alive, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n";
    for (let count = 0; count < 2; count += 1) {
      socket.write(`GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n${h2c}\r\n`);
      expect(String((await once(socket, "data"))[0])).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    }
    const body = JSON.stringify({ name: "no such model" });
    const about = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
    socket.write(`POST /api/models/download HTTP/1.1\r\nHost: 127.0.0.1\r\n${h2c}${about}\r\n${body}`);
    expect(String((await once(socket, "data"))[0])).toMatch(/^HTTP\/1\.1 40[34] /);
    socket.destroy();
  });

  it("hears what is wrong with its handshake", async () => {
    const socket = await rawConnection();
    socket.write(handshake().replace("Version: 13", "Version: 7"));
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(answer.toString()).toContain("Sec-WebSocket-Version");
  });
});

// swoole/swoole-src#946, field report 84
describe("the subprotocol", () => {
  it("is echoed to whoever offers it, whatever else is offered", async () => {
    const { socket } = await visit({ protocols: ["token.s3cret", "loquilex.v1"] });
    expect(socket.protocol).toBe("loquilex.v1");
  });

  it("may be left out by a program, which is served without one", async () => {
    const client = await RawClient.connect(backend.webSocketUrl, { protocols: [] });
    client.hello();
    await client.until("session.new");
    expect(client.socket.protocol).toBe("");
    client.socket.close(1000);
  });

  it("is named to a client that offers only others, which is closed with 4406", async () => {
    const socket = await rawConnection();
    socket.write(handshake().replace("loquilex.v1", "graphql-ws"));
    let answer = "";
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString("latin1");
    });
    await vi.waitFor(() => expect(answer).toContain("This server speaks the subprotocol loquilex.v1"));
    expect(answer).not.toMatch(/sec-websocket-protocol/i);
    expect(answer).toContain("\x11\x36");
  });
});

// cube-js/cube#10246, field report 70: limits that an end cannot know yet.
describe("the limit of a message", () => {
  it("is announced as it is, holds to the byte, and does not count for an opening that came before it was told", async () => {
    const token = "ж".repeat(4_096);
    await using small = await BackendProcess.start({
      env: { LX_ENGINE: "segmenter", LX_WS_MAX_MSG_BYTES: "4096", LX_TOKEN: token },
    });
    const client = await RawClient.connect(small.webSocketUrl);
    client.hello({ token });
    await client.until("session.new");
    expect(client.messages("server.welcome")[0]?.data.limits.max_msg_bytes).toBe(4_096);
    client.sendFrame(0, (4_096 - 12) / 2);
    await client.untilAcknowledged((4_096 - 12) / 2);
    client.sendFrame((4_096 - 12) / 2, (4_096 - 12) / 2 + 1);
    expect(await client.untilClosed()).toEqual({ code: 1009, reason: "A message must not have more than 4096 bytes." });
    const stranger = await RawClient.connect(small.webSocketUrl);
    stranger.sendText("x".repeat(65_537));
    expect((await stranger.untilClosed()).code).toBe(1009);
  });
});

// nodetool-ai/nodetool#4673, field report 79
describe("refused clients that never hang up", () => {
  it.each([
    ["are of a foreign origin", () => handshake(["Origin: https://half-open.example"])],
    ["ask at another address", () => handshake([], "/elsewhere")],
    ["speak no WebSocket", () => handshake().replace("Key: dGhlIHNhbXBsZSBub25jZQ==", "Key: x")],
    ["want another upgrade", () => handshake().replace("Upgrade: websocket", "Upgrade: another")],
  ])("leave no descriptor behind, two hundred of them that %s", async (_, request) => {
    const before = processFigures(backend.pid).descriptors;
    const sockets = await Promise.all(Array.from({ length: 200 }, rawConnection));
    for (const socket of sockets) socket.write(request());
    await Promise.all(sockets.map((socket) => once(socket, "data")));
    await vi.waitFor(() => expect(processFigures(backend.pid).descriptors).toBeLessThanOrEqual(before + 2), {
      timeout: 6_000,
    });
    expect((await fetch(`${backend.url}/healthz`)).status).toBe(200);
  });

  it("leave none either that never finish their request", { timeout: 40_000 }, async () => {
    const before = processFigures(backend.pid).descriptors;
    const sockets = await Promise.all(Array.from({ length: 50 }, rawConnection));
    for (const [index, socket] of sockets.entries()) if (index % 2 === 0) socket.write("GET /v1/stream HTTP/1.1\r\nHo");
    await vi.waitFor(() => expect(processFigures(backend.pid).descriptors).toBeLessThanOrEqual(before + 2), {
      timeout: 20_000,
      interval: 500,
    });
  });
});

// levy-street/world-of-claudecraft#950, websockets/ws#667, field report 77
describe("a client that does not read what it is sent", () => {
  it("is let go at a bounded amount, beside a stream that does not notice, and finds its session again", async () => {
    await using healthy = await NodeStream.start(backend.webSocketUrl);
    const client = await RawClient.connect(backend.webSocketUrl);
    client.hello();
    await client.until("session.new");
    const before = processFigures(backend.pid).rssBytes;
    client.socket.pause();
    let most = before;
    const message = JSON.stringify({ v: 1, t: "client.hb", id: "x".repeat(128), data: {} });
    const until = performance.now() + 20_000;
    while (client.socket.readyState === WebSocket.OPEN && performance.now() < until) {
      for (let count = 0; count < 500; count += 1) client.sendText(message);
      await new Promise((resolve) => setTimeout(resolve, 10));
      most = Math.max(most, processFigures(backend.pid).rssBytes);
      if (warningsOf("A client does not read what it is sent.").length > 0) break;
    }
    expect(warningsOf("A client does not read what it is sent.")).toHaveLength(1);
    expect(most - before).toBeLessThan(100_000_000);
    client.socket.terminate();
    const again = await RawClient.connect(backend.webSocketUrl, {
      sessionId: client.sessionId,
      clientId: client.clientId,
    });
    again.send("session.resume", {
      ...{ agent: "test", accept: ["audio/1"], ack_mode: "cumulative", max_in_flight: 64, last_seq: 0 },
      ...{ session_id: client.sessionId, client_id: client.clientId, attempt: 2 },
      epoch: client.messages("session.new")[0]?.data.epoch ?? 0,
      resume_token: client.messages("server.welcome")[0]?.data.resume_window.token,
      audio: { encoding: "pcm_s16le", sample_rate: 16_000, channels: 1, first: 0, next: 0 },
    });
    await again.until("session.ack");
    again.socket.close(1000);
    await healthy.captured(healthy.source.samplesCaptured / 16 + 300);
    await healthy.close();
    expect(healthy.sockets).toHaveLength(1);
    await expectEverythingOnDisk(backend, healthy);
  });

  // Field report 77: pongs wait for the client as well.
  it("cannot fill the server's memory with pings either", async () => {
    const { socket } = await visit();
    socket.pause();
    const before = processFigures(backend.pid).rssBytes;
    const until = performance.now() + 5_000;
    const data = Buffer.alloc(125);
    let most = before;
    while (socket.readyState === WebSocket.OPEN && performance.now() < until) {
      for (let count = 0; count < 500; count += 1) socket.ping(data);
      await new Promise((resolve) => setTimeout(resolve, 5));
      most = Math.max(most, processFigures(backend.pid).rssBytes);
    }
    expect(most - before).toBeLessThan(100_000_000);
  });
});
