import { once } from "node:events";
import { stat } from "node:fs/promises";
import { connect } from "node:net";
import { AudioFrameFlag, encodeAudioFrame, SUBPROTOCOL } from "loquilex/protocol";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { plainWord } from "../../examples/server/recording/recording-name.js";
import { BackendProcess, START_TIMEOUT_MS } from "../support/backend-process.js";
import { besideAHealthyStream as beside } from "../support/healthy-stream.js";
import { NodeStream } from "../support/node-stream.js";
import { RawClient } from "../support/raw-client.js";
import { expectEverythingOnDisk, recordingsOf } from "../support/server-disk.js";
import { accountFor, NOTHING_WRONG, readSamples } from "../support/stamped-audio.js";

let backend: BackendProcess;

beforeAll(async () => {
  backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter", LX_WS_MAX_MSG_BYTES: "8192" } });
}, START_TIMEOUT_MS);

afterAll(() => backend[Symbol.asyncDispose]());

const besideAHealthyStream = (disturb: () => Promise<void>): Promise<void> => beside(backend, disturb);

async function opened(): Promise<RawClient> {
  const client = await RawClient.connect(backend.webSocketUrl);
  client.hello();
  await client.until("session.new");
  return client;
}

const envelope = (t: string, data: unknown = {}) => JSON.stringify({ v: 1, t, data });

describe.concurrent("a server with one bad client", () => {
  // websockets/ws#1543, websockets/ws#1777: one bad frame or departing client kills the server.
  it.for<[string, number, (client: RawClient) => void]>([
    ["text that is not JSON", 4400, (client) => client.sendText("{")],
    ["JSON that is no message", 4400, (client) => client.sendText("[1,2,3]")],
    ["JSON nested thousands of times", 4400, (client) => client.sendText("[".repeat(8_000))],
    ["a type that it does not know", 4400, (client) => client.sendText(envelope("client.nonsense"))],
    ["a type whose name is long and not ASCII", 4400, (client) => client.sendText(envelope("声".repeat(60)))],
    ["a type named like a property of every object", 4400, (client) => client.sendText(envelope("constructor"))],
    ["a second hello", 4400, (client) => client.hello()],
    ["binary garbage", 4400, (client) => client.socket.send(Buffer.alloc(500, 0xa5))],
    ["an empty binary message", 4400, (client) => client.socket.send(new Uint8Array(0))],
    ["a frame with half a sample", 4400, (client) => client.socket.send(oneByteShort())],
    ["a gap that ends beyond all numbers", 4400, (client) => client.sendFrame(2 ** 53 - 320, 320, AudioFrameFlag.gap)],
    ["a message larger than allowed", 1009, (client) => client.sendText("x".repeat(8_193))],
    ["a version from the future as its first words", 4406, (client) => client.sendText('{"v":2,"t":"client.hello"}')],
  ])("closes that one for %s, with a code, and goes on for everybody else", async ([what, code, misbehave]) => {
    await besideAHealthyStream(async () => {
      const fresh = what.includes("first words");
      const client = fresh ? await RawClient.connect(backend.webSocketUrl) : await opened();
      misbehave(client);
      expect((await client.untilClosed()).code).toBe(code);
    });
  });

  // websockets/ws#1777
  it("survives clients that leave in the middle of a handshake, a message or a goodbye", async () => {
    await besideAHealthyStream(async () => {
      const handshake =
        `GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n` +
        `Sec-WebSocket-Protocol: ${SUBPROTOCOL}\r\n\r\n`;
      const masked = (...head: number[]) => Buffer.from([...head, 1, 2, 3, 4]);
      const lastWords: (string | Buffer)[][] = [
        [handshake.slice(0, 60)],
        [handshake],
        // A text message that announces 100 bytes and brings 4; reserved bits; an unmasked one; a close with one byte.
        [handshake, masked(0x81, 0xe4)],
        [handshake, masked(0xf1, 0x80)],
        [handshake, Buffer.from([0x81, 0x01, 0x78])],
        [handshake, masked(0x88, 0x81), Buffer.from([0x01])],
      ];
      for (const words of lastWords) {
        const socket = connect(backend.port, "127.0.0.1");
        socket.on("error", () => {});
        await once(socket, "connect");
        for (const word of words) socket.write(word);
        if (words.length > 1) await once(socket, "data");
        socket.resetAndDestroy();
        await once(socket, "close");
      }
      const client = await opened();
      for (let position = 0; position < 32_000; position += 320) client.sendFrame(position);
      client.socket.terminate();
    });
  });

  // Totodore/socketioxide#732: half-open connections are never freed.
  it("gives up a connection that does not say who it is within ten seconds", async () => {
    const silent = await RawClient.connect(backend.webSocketUrl);
    const startedAt = performance.now();
    expect((await silent.untilClosed()).code).toBe(4408);
    expect(performance.now() - startedAt).toBeGreaterThan(9_000);
    expect(silent.messages("server.error")[0]?.data.code).toBe("timeout");
  });

  it("tells a client that acknowledges what was never sent, and goes on with it", async () => {
    const client = await opened();
    client.send("client.ack", { ack_seq: 1_000_000 });
    await client.until("server.error");
    expect(client.messages("server.error")[0]?.data.code).toBe("invalid_ack");
    client.sendFrame(0);
    await client.until("audio.ack");
    client.socket.close(1000);
  });

  // k2-fsa/sherpa-onnx#1363, field report 69: what is valid is no matter of clocks, and what is written is bounded all the same.
  it("takes gaps of years, and writes ten minutes of silence for all of them together", async () => {
    const client = await opened();
    client.sendFrame(0);
    for (const years of [1, 2, 3]) client.sendFrame(years * 2 ** 39, 320, AudioFrameFlag.gap);
    const end = 3 * 2 ** 39 + 320;
    client.send("client.end", { position: end });
    await client.until("session.end");
    expect(client.messages("session.end")[0]?.data.position).toBe(end);
    client.socket.close(1000);
    const [path = ""] = (await backend.files(".wav")).filter((name) => name.includes(plainWord(client.sessionId)));
    const { size, blocks } = await stat(path);
    const sound = 4 * 320;
    expect(size).toBeGreaterThanOrEqual(44 + 2 * (sound + 600 * 16_000));
    expect(size).toBeLessThanOrEqual(44 + 2 * (2 * sound + 600 * 16_000));
    // Silence takes no room on a disk that knows sparse files.
    expect(blocks * 512).toBeLessThan(1_000_000);
  });

  it("asks for what is missing when a client leaves audio out without saying so", async () => {
    const client = await opened();
    client.sendFrame(0);
    client.sendFrame(640);
    client.sendFrame(960);
    await client.until("audio.resync");
    client.sendFrame(320);
    client.sendFrame(640);
    client.send("client.end", { position: 960 });
    await client.until("session.end");
    // Asked once, however many frames came after the hole.
    expect(client.messages("audio.resync").map(({ data }) => data.position)).toEqual([320]);
    expect(client.messages("session.end")[0]?.data.position).toBe(960);
    client.socket.close(1000);
  });
});

describe.concurrent("a session that somebody else wants", () => {
  // partykit/partykit#912: two live sockets for one session.
  it("is refused to a second client, and the first one does not notice", async () => {
    await using healthy = await NodeStream.start(backend.webSocketUrl);
    const intruder = await RawClient.connect(backend.webSocketUrl, { sessionId: healthy.stream.sessionId });
    intruder.hello();
    expect((await intruder.untilClosed()).code).toBe(4409);
    expect(intruder.messages("server.error")[0]?.data.code).toBe("in_use");
    await healthy.captured(600);
    await healthy.close();
    expect(healthy.sockets).toHaveLength(1);
    await expectEverythingOnDisk(backend, healthy);
  });

  // socketio/socket.io#5538: a late close of the old socket kills the new session.
  it("is ended for the first client, for good and with a reason, when the second takes it over", async () => {
    await using first = await NodeStream.start(backend.webSocketUrl);
    await first.captured(400);
    const second = await RawClient.connect(backend.webSocketUrl, { sessionId: first.stream.sessionId });
    second.hello({ takeover: true });
    await second.until("session.new");
    const end = await first.closed;
    expect(end).toMatchObject({
      outcome: "failed",
      error: { code: "session-superseded", retryable: false },
    });
    expect(first.losses).toEqual([]);
    second.sendFrame(0);
    await second.until("audio.ack");
    second.send("client.end", { position: 320 });
    await second.until("session.end");
    second.socket.close(1000);
    await second.untilClosed();
    // Each life in a file of its own, and neither over the other.
    const lengths = (await Promise.all((await recordingsOf(backend, first)).map(readSamples))).map((s) => s.length);
    expect(lengths).toHaveLength(2);
    expect(Math.min(...lengths)).toBe(320);
  });

  it("stays with its client when somebody resumes it with a wrong secret", async () => {
    await using healthy = await NodeStream.start(backend.webSocketUrl);
    await healthy.captured(300);
    const thief = await RawClient.connect(backend.webSocketUrl, { sessionId: healthy.stream.sessionId });
    thief.send("session.resume", {
      agent: "thief",
      accept: ["audio/1"],
      ack_mode: "cumulative",
      max_in_flight: 64,
      session_id: thief.sessionId,
      client_id: thief.clientId,
      attempt: 99,
      audio: { encoding: "pcm_s16le", sample_rate: 16_000, channels: 1, first: 0, next: 0 },
      last_seq: 0,
      epoch: 1,
      resume_token: "guessed",
    });
    expect([4403, 4409]).toContain((await thief.untilClosed()).code);
    expect(thief.messages("session.snapshot")).toEqual([]);
    await healthy.captured(700);
    await healthy.close();
    expect(healthy.sockets).toHaveLength(1);
    await expectEverythingOnDisk(backend, healthy);
  });
});

// websockets/ws#1630: the first messages vanish while the token is checked.
it("keeps what a client sends right behind its hello, before any answer, in order", async () => {
  const client = await RawClient.connect(backend.webSocketUrl);
  client.hello();
  for (let position = 0; position < 16_000; position += 320) client.sendFrame(position);
  client.send("client.end", { position: 16_000 });
  await client.until("session.end");
  client.socket.close(1000);
  await client.untilClosed();
  const [file] = (await backend.files(".wav")).filter((path) => path.includes(plainWord(client.sessionId)));
  expect(accountFor(await readSamples(file ?? ""), 0, 16_000)).toEqual(NOTHING_WRONG);
});

function oneByteShort(): Uint8Array {
  return encodeAudioFrame({ flags: 0, position: 0, sampleCount: 320, payload: new Uint8Array(639) });
}
