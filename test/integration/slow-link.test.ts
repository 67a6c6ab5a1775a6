import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BackendProcess, START_TIMEOUT_MS } from "../support/backend-process.js";
import { NodeStream } from "../support/node-stream.js";
import { expectEverythingOnDisk, recordingsOf } from "../support/server-disk.js";
import { readSamples, stampedSamples } from "../support/stamped-audio.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { TinyServer } from "../support/tiny-server.js";

/** What the socket may hold, the frame about to be sent counted. */
const HIGH_WATER_BYTES = 65_536;

let backend: BackendProcess;

beforeAll(async () => {
  backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
}, START_TIMEOUT_MS);

afterAll(() => backend[Symbol.asyncDispose]());

const through = (proxy: TcpProxy) => `ws://127.0.0.1:${proxy.port}/v1/stream`;

describe.concurrent("a link that is slower than speech", () => {
  // kizuna-ai-lab/sokuji#407: lag and memory grow without end.
  it("leaves the backlog in the stream's own buffer, bounds what is in flight, and loses nothing", async () => {
    await using proxy = await TcpProxy.listen({ targetPort: backend.port });
    await using stream = await NodeStream.start(through(proxy), { sampleRate: 48_000, speed: 4, maxFrames: 1_000 });
    await stream.captured(500);
    proxy.throttle("toServer", 20_000);
    let mostBuffered = 0;
    let mostInFlightMs = 0;
    for (let sample = 0; sample < 160; sample += 1) {
      await delay(25);
      mostBuffered = Math.max(mostBuffered, stream.sockets[0]?.bufferedAmount ?? 0);
      const { sentDurationMs, acknowledgedDurationMs } = await stream.stream.getStats();
      mostInFlightMs = Math.max(mostInFlightMs, sentDurationMs - acknowledgedDurationMs);
    }
    expect(mostBuffered).toBeLessThanOrEqual(HIGH_WATER_BYTES);
    expect(mostInFlightMs).toBeLessThanOrEqual(10_000);
    expect((await stream.stream.getStats()).bufferedDurationMs).toBeGreaterThan(5_000);
    proxy.throttle("toServer", undefined);
    await stream.captured(20_000);
    await stream.close();
    await expectEverythingOnDisk(backend, stream);
  });

  // kizuna-ai-lab/sokuji#407
  it("fills the socket up to its mark and no further when the server reads nothing for a while", async () => {
    // A server that would take everything at once, so that the socket alone is in the way.
    await using server = await TinyServer.listen(async (connection) => {
      await connection.welcome({ window: 1_000_000_000, sample_rate: 48_000 });
      connection.socket.pause();
      connection.send("session.new", { session_id: "s", epoch: 1, reason: "new", audio: { position: 0, pace: 1_000 } });
    });
    // 19 MB in two seconds: more than the buffers of any system hide.
    await using stream = await NodeStream.start(server.url, {
      sampleRate: 48_000,
      speed: 100,
      maxFrames: 10_000,
      heartbeat: false,
      replay: { maxDurationMs: 600_000, maxBytes: 67_108_864 },
    });
    let mostBuffered = 0;
    for (let samplesWhenFull = 0; samplesWhenFull < 20; ) {
      await delay(20);
      mostBuffered = Math.max(mostBuffered, stream.sockets[0]?.bufferedAmount ?? 0);
      if (mostBuffered > HIGH_WATER_BYTES / 2) samplesWhenFull += 1;
    }
    expect(mostBuffered).toBeLessThanOrEqual(HIGH_WATER_BYTES);
    const [connection] = server.connections;
    connection?.socket.resume();
    await connection?.until(({ frames }) => frames.length === 10_000);
    expect(connection?.frames.every(({ position }, index) => position === index * 960)).toBe(true);
  });

  // kizuna-ai-lab/sokuji#407
  it("is not taken for a dead one", async () => {
    await using proxy = await TcpProxy.listen({ targetPort: backend.port });
    await using stream = await NodeStream.start(through(proxy));
    await stream.captured(500);
    proxy.throttle("toServer", 16_000);
    await stream.captured(6_500);
    proxy.throttle("toServer", undefined);
    await stream.close();
    expect(stream.losses).toEqual([]);
    await expectEverythingOnDisk(backend, stream);
  });
});

describe.concurrent("a buffer that is full", () => {
  // pladaria/reconnecting-websocket#110, pladaria/reconnecting-websocket#147: the cap is ignored, or audio goes in silence.
  it("keeps its bound and says to the sample what had to go, which is silence on the server's disk", async () => {
    await using proxy = await TcpProxy.listen({ targetPort: backend.port });
    const replay = { maxDurationMs: 2_000 };
    await using stream = await NodeStream.start(through(proxy), { replay, reconnect: () => 100 });
    await stream.captured(1_500);
    await stream.stream.flush();
    proxy.refuse();
    proxy.reset();
    const lostAtMs = stream.source.samplesCaptured / 16;
    for (let outageMs = 100; outageMs <= 3_500; outageMs += 100) {
      await stream.captured(lostAtMs + outageMs);
      expect((await stream.stream.getStats()).bufferedDurationMs).toBeLessThanOrEqual(2_000);
    }
    await proxy.accept();
    await stream.reconnected(1);
    await stream.captured(stream.source.samplesCaptured / 16 + 1_000);
    await stream.close();

    const captured = stream.source.samplesCaptured;
    const dropped = stream.drops.reduce((sum, { from, to }) => sum + to - from, 0);
    expect(dropped).toBeGreaterThan(16_000);
    const { droppedDurationMs } = await stream.stream.getStats();
    expect(droppedDurationMs).toBe(dropped / 16);
    expect(stream.drops.map(({ durationMs }) => durationMs)).toEqual(
      stream.drops.map(({ from, to }) => (to - from) / 16),
    );
    const [file] = await recordingsOf(backend, stream);
    const recorded = await readSamples(file ?? "");
    const expected = stampedSamples(0, captured);
    for (const { from, to } of stream.drops) expected.fill(0, from, to);
    // On a busy machine the first connection may come too late already; then the recording may begin in the loss or after it.
    const [first] = stream.drops;
    const begin = captured - recorded.length;
    expect(begin).toBeLessThanOrEqual(first?.from === 0 ? first.to : 0);
    expect(recorded.findIndex((sample, index) => sample !== expected[begin + index])).toBe(-1);
  });

  // pladaria/reconnecting-websocket#147
  it("ends the stream instead, with what is lost, when the application chose that", async () => {
    await using proxy = await TcpProxy.listen({ targetPort: backend.port });
    const replay = { maxDurationMs: 8_000, whenFull: "fail" } as const;
    await using stream = await NodeStream.start(through(proxy), { replay, reconnect: () => 100 });
    await stream.captured(500);
    proxy.refuse();
    proxy.reset();
    expect(await stream.closed).toMatchObject({ outcome: "failed", error: { code: "buffer-overflow" } });
    expect(stream.drops.length).toBeGreaterThan(0);
    expect(stream.drops.at(-1)?.to).toBe(stream.source.samplesCaptured);
  });
});
