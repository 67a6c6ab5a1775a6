import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ServerEvent } from "../../src/stream/events/events.js";
import { BackendProcess, START_TIMEOUT_MS } from "../support/backend-process.js";
import { NodeStream } from "../support/node-stream.js";
import { expectEverythingOnDisk } from "../support/server-disk.js";
import { CYCLE_SAMPLES, LOUD_SAMPLES } from "../support/stamped-audio.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { TinyServer } from "../support/tiny-server.js";
import { PATIENTLY } from "../support/waiting.js";

let backend: BackendProcess;
let forgetful: BackendProcess;

beforeAll(async () => {
  [backend, forgetful] = await Promise.all([
    BackendProcess.start({ env: { LX_ENGINE: "segmenter" } }),
    BackendProcess.start({ env: { LX_ENGINE: "segmenter", LX_WS_RESUME_MAX_EVENTS: "1" } }),
  ]);
}, START_TIMEOUT_MS);

afterAll(async () => {
  await backend[Symbol.asyncDispose]();
  await forgetful[Symbol.asyncDispose]();
});

const through = (proxy: TcpProxy) => `ws://127.0.0.1:${proxy.port}/v1/stream`;
const finalsOf = (messages: readonly ServerEvent[]) =>
  messages.filter((message): message is Extract<ServerEvent, { t: "asr.final" }> => message.t === "asr.final");

/** Speech three times as fast as spoken, so that there is much of it in little time. */
const FAST = { speed: 3, reconnect: { initialDelayMs: 20, maxDelayMs: 20 } };

describe.concurrent("captions after reconnects", () => {
  // cloudflare/agents#1951: sentences repeat. deepgram/deepgram-js-sdk#539: timestamps restart or shift.
  it("come once each, in order, and tell where in the stream they were spoken, however often the connection broke", async () => {
    await using proxy = await TcpProxy.listen({ targetPort: backend.port });
    await using stream = await NodeStream.start(through(proxy), FAST);
    for (const [index, capturedMs] of [1_400, 3_700, 5_000, 7_900, 10_100].entries()) {
      await stream.captured(capturedMs);
      // Answers are lost on the way now and then, so that the server has to give them again.
      if (index % 2 === 1) proxy.hold("toClient");
      await stream.captured(capturedMs + 600);
      proxy.reset();
      proxy.pass("toClient");
      await stream.reconnected(index + 1);
    }
    await stream.captured(13_000);
    await stream.close();
    await expectEverythingOnDisk(backend, stream);

    const numbers = stream.messages.map(({ seq }) => seq ?? 0);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    const finals = finalsOf(stream.messages).map(({ data }) => data);
    expect(new Set(finals.map(({ segment_id }) => segment_id)).size).toBe(finals.length);
    const spoken = Math.ceil(stream.source.samplesCaptured / CYCLE_SAMPLES);
    expect(finals).toHaveLength(spoken);
    for (const [index, { audio }] of finals.entries()) {
      const from = index * CYCLE_SAMPLES;
      expect(audio?.from).toBeGreaterThanOrEqual(from);
      expect(audio?.from).toBeLessThanOrEqual(from + 640);
      expect(audio?.to).toBeGreaterThan(from);
      // The end of the stream ends the last one.
      const spokenTo = index === finals.length - 1 ? stream.source.samplesCaptured : from + LOUD_SAMPLES + 640;
      expect(audio?.to).toBeLessThanOrEqual(spokenTo);
    }
  });

  // elizaOS/eliza#31227: the resume "succeeds" with a hole.
  it("that the server can no longer give are named in one event, and no others are missing", async ({ expect }) => {
    await using proxy = await TcpProxy.listen({ targetPort: forgetful.port });
    await using stream = await NodeStream.start(through(proxy), FAST);
    await stream.captured(1_500);
    await expect.poll(() => finalsOf(stream.messages).length, PATIENTLY).toBeGreaterThan(0);
    proxy.hold("toClient");
    const sent = proxy.delivered("toServer");
    // Three more words are said and captioned, and none of the captions arrives.
    await proxy.until("four seconds of audio arrive", () => proxy.delivered("toServer") > sent + 4 * 33_000);
    proxy.reset();
    proxy.pass("toClient");
    await stream.reconnected(1);
    await stream.captured(stream.source.samplesCaptured / 16 + 2_000);
    await stream.close();

    expect(stream.reconnections).toHaveLength(1);
    const missing = stream.reconnections[0]?.missingMessages ?? [];
    expect(missing.length).toBeGreaterThan(0);
    const numbers = stream.messages.map(({ seq }) => seq ?? 0);
    const all = Array.from({ length: numbers.at(-1) ?? 0 }, (_, index) => index + 1);
    const had = all.filter((seq) => !missing.some(({ fromSeq, toSeq }) => seq >= fromSeq && seq <= toSeq));
    expect(had.length).toBeLessThan(all.length);
    expect(numbers).toEqual(had);
    await expectEverythingOnDisk(forgetful, stream);
  });

  // cloudflare/agents#1951
  it("are delivered once when the server gives them again, with a snapshot numbered higher before them", async ({
    expect,
  }) => {
    const final = (seq: number) =>
      ["asr.final", { text: `${seq}`, segment_id: `s${seq}`, final: true }, { seq }] as const;
    await using server = await TinyServer.listen(async (connection, index) => {
      if (index === 0) {
        await connection.begin();
        for (const seq of [1, 2, 3]) connection.send(...final(seq));
        await connection.until(({ messages }) => messages.some(({ t }) => t === "client.ack"));
        connection.socket.terminate();
        return;
      }
      await connection.welcome();
      const snapshot = { session_id: "s", epoch: 7, current_seq: 6, finalized_transcript: [], active_partials: [] };
      connection.send("session.snapshot", snapshot, { seq: 9 });
      for (const seq of [2, 3, 4, 5, 6]) connection.send(...final(seq));
      await connection.resume(0);
      connection.send(...final(10));
    });
    await using stream = await NodeStream.start(server.url);
    await expect.poll(() => finalsOf(stream.messages).length, { timeout: 5_000 }).toBe(7);
    expect(stream.messages.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6, 10]);
    expect(server.connections[1]?.messages[0]?.data).toMatchObject({ last_seq: 3, epoch: 7 });
  });
});
