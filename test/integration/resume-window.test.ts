import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BackendProcess, START_TIMEOUT_MS } from "../support/backend-process.js";
import { NodeStream } from "../support/node-stream.js";
import { RawClient } from "../support/raw-client.js";
import { expectEverythingOnDisk, recordingsOf } from "../support/server-disk.js";
import { accountFor, NOTHING_WRONG, readSamples } from "../support/stamped-audio.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { PATIENTLY } from "../support/waiting.js";

const WINDOW_SEC = 3;
const EVERY_100_MS = { reconnect: () => 100 };

let backend: BackendProcess;

beforeAll(async () => {
  backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter", LX_WS_RESUME_TTL: `${WINDOW_SEC}` } });
}, START_TIMEOUT_MS);

afterAll(() => backend[Symbol.asyncDispose]());

async function sessionCount(): Promise<number> {
  // Not fetch, whose connections live on.
  const request = get(`${backend.url}/healthz`, { agent: false });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  return (JSON.parse(await text(response)) as { sessions: number }).sessions;
}

const through = (proxy: TcpProxy) => `ws://127.0.0.1:${proxy.port}/v1/stream`;

async function breakFor(proxy: TcpProxy, durationMs: number): Promise<void> {
  proxy.refuse();
  proxy.reset();
  await delay(durationMs);
  await proxy.accept();
}

describe.concurrent("the time a session waits for its client", () => {
  it("counts from the disconnect, however long the session has run", async () => {
    await using proxy = await TcpProxy.listen({ targetPort: backend.port });
    await using stream = await NodeStream.start(through(proxy), EVERY_100_MS);
    await stream.captured((WINDOW_SEC + 1) * 1_000);
    await breakFor(proxy, 1_000);
    await stream.reconnected(1);
    await stream.close();
    expect(stream.reconnections[0]?.resumed).toBe(true);
    await expectEverythingOnDisk(backend, stream);
  });

  // elizaOS/eliza#31227: after too long an absence everything looks resumed.
  it("once over, is told to the client as a new start, with what the new one lacks", async () => {
    await using proxy = await TcpProxy.listen({ targetPort: backend.port });
    await using stream = await NodeStream.start(through(proxy), EVERY_100_MS);
    await stream.captured(4_000);
    await breakFor(proxy, (WINDOW_SEC + 1) * 1_000);
    await stream.reconnected(1);
    await stream.close();
    const [{ resumed, missingAudio } = { resumed: true, missingAudio: undefined }] = stream.reconnections;
    expect(resumed).toBe(false);
    const start = missingAudio?.to ?? 0;
    expect(start).toBeGreaterThan(0);
    const files = await recordingsOf(backend, stream);
    expect(files).toHaveLength(2);
    const last = await readSamples(files.at(-1) ?? "");
    expect(accountFor(last, start, stream.source.samplesCaptured)).toEqual(NOTHING_WRONG);
    expect(stream.drops).toEqual([]);
  });
});

describe("a client that never comes back", () => {
  // Totodore/socketioxide#732: sessions are never freed.
  it("leaves nothing behind once the time is over but its finished files", async () => {
    await using proxy = await TcpProxy.listen({ targetPort: backend.port });
    const stream = await NodeStream.start(through(proxy), EVERY_100_MS);
    await stream.captured(1_000);
    await stream.stream.pause();
    await stream.stream.flush();
    const captured = stream.source.samplesCaptured;
    expect(await sessionCount()).toBe(1);
    proxy.refuse();
    proxy.reset();
    await stream[Symbol.asyncDispose]();
    const lostAt = performance.now();
    expect(await sessionCount()).toBe(1);
    await expect.poll(sessionCount, { timeout: 10_000 }).toBe(0);
    expect(performance.now() - lostAt).toBeGreaterThan(WINDOW_SEC * 1_000 - 500);
    await expect.poll(() => recordingsOf(backend, stream), PATIENTLY).toHaveLength(1);
    const [file] = await recordingsOf(backend, stream);
    expect(accountFor(await readSamples(file ?? ""), 0, captured)).toEqual(NOTHING_WRONG);
    expect(await backend.files(".part")).toEqual([]);
  });
});

// scribble-rs/scribble.rs#157, field report 72
describe("the tab after one that crashed", () => {
  it("gets the session without a takeover as soon as its time is over, and waits as long as the server says", async () => {
    const crashed = await RawClient.connect(backend.webSocketUrl);
    crashed.hello();
    await crashed.until("session.new");
    crashed.sendFrame(0);
    await crashed.untilAcknowledged(320);
    crashed.socket.terminate();
    await crashed.untilClosed();
    const startedAt = performance.now();
    await using stream = await NodeStream.start(backend.webSocketUrl, { sessionId: crashed.sessionId });
    const waitedMs = performance.now() - startedAt;
    expect(waitedMs).toBeGreaterThan(WINDOW_SEC * 1_000 - 1_000);
    expect(waitedMs).toBeLessThan(WINDOW_SEC * 1_000 + 5_000);
    // Refused once, and not again and again.
    expect(stream.sockets).toHaveLength(2);
    await stream.captured(500);
    await stream.close();
    expect(stream.drops).toEqual([]);
    // What the crashed tab had recorded, and what the new one has.
    expect(await recordingsOf(backend, stream)).toHaveLength(2);
  });
});
