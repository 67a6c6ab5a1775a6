import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { WebSocket as NodeWebSocket } from "ws";
import { vosk } from "../../src/dialects/vosk.js";
import { whisperLive } from "../../src/dialects/whisper-live.js";
import type { AudioStreamError } from "../../src/errors.js";
import { AudioStream } from "../../src/stream/audio-stream.js";
import type { AudioStreamOptions } from "../../src/stream/options/options.js";
import type { Transport } from "../../src/transport/transport.js";
import { version } from "../../src/version.js";
import { scriptWord } from "../support/dialects/scripted-recogniser.js";
import { ServiceHost, type SpeechService } from "../support/dialects/speech-service.js";
import { VoskService } from "../support/dialects/vosk-service.js";
import { WhisperLiveService } from "../support/dialects/whisper-live-service.js";
import { FakeTransport } from "../support/fake-transport.js";
import { FakeWorker, installFakeWorkers } from "../support/fake-worker.js";
import { CYCLE_SAMPLES, LOUD_SAMPLES } from "../support/stamped-audio.js";
import { StampedSource } from "../support/stamped-source.js";

const streams: AudioStream[] = [];
const workerUrl = "https://example.test/loquilex.dialects.worker.js";

beforeEach(() => {
  installFakeWorkers(new FakeTransport());
  vi.stubGlobal("WebSocket", NodeWebSocket);
});
afterEach(async () => {
  for (const stream of streams.splice(0)) {
    stream.abort();
    await stream.closed;
  }
  expect(FakeWorker.live).toEqual([]);
  vi.unstubAllGlobals();
});

interface Said {
  readonly stream: AudioStream;
  readonly source: StampedSource;
  readonly host: ServiceHost;
  readonly finals: { readonly text: string; readonly segmentId: string }[];
  readonly warnings: AudioStreamError[];
  readonly drops: { readonly from: number; readonly to: number }[];
}

async function speaking(
  service: SpeechService,
  transport: (url: string) => Transport,
  options: AudioStreamOptions = {},
): Promise<Said> {
  const host = await ServiceHost.listen(service);
  onTestFinished(() => host[Symbol.asyncDispose]());
  const source = new StampedSource();
  const parts = { source, transport: transport(`ws://127.0.0.1:${host.port}/`) };
  const stream = new AudioStream(parts, { workerUrl, ...options });
  streams.push(stream);
  const said: Said = { stream, source, host, finals: [], warnings: [], drops: [] };
  stream.addEventListener("caption", ({ final, text, segmentId }) => {
    if (final) said.finals.push({ text, segmentId });
  });
  stream.addEventListener("warning", ({ error }) => said.warnings.push(error));
  stream.addEventListener("drop", (event) => said.drops.push(event));
  await stream.start();
  return said;
}

const wordsIn = ({ finals }: Said): string[] => finals.flatMap(({ text }) => text.split(" "));

const spokenIn = ({ source }: Said): string[] =>
  Array.from({ length: Math.floor((source.samplesCaptured - LOUD_SAMPLES) / CYCLE_SAMPLES) + 1 }, (_, n) =>
    scriptWord(n),
  );

describe("a stream that speaks with a service", () => {
  it("does so in a worker, with addresses relative to the page, over a connection that is cut", async () => {
    const said = await speaking(new VoskService(), (url) => vosk("/", { baseUrl: url }));
    await said.source.captured(1_500);
    for (const socket of said.host.sockets) socket.terminate();
    await said.source.captured(3_000);
    expect((await said.stream.getStats()).host).toBe("worker");
    await said.stream.close();
    expect(wordsIn(said)).toEqual(spokenIn(said));
    expect([said.warnings.map(({ code }) => code), said.drops]).toEqual([[], []]);
  });

  it("asks the page for tokens, and takes the dialect's options along", async () => {
    const service = new WhisperLiveService();
    const accept = vi.spyOn(service, "accept");
    const said = await speaking(
      service,
      (url) => whisperLive(url, { config: { language: "de" }, sessionMs: 300_000 }),
      { getToken: () => "secret" },
    );
    expect((await said.stream.getStats()).host).toBe("worker");
    expect(accept.mock.calls[0]?.[0].query.get("token")).toBe("secret");
  });

  it("goes on with a new session in another worker if one dies, and repeats no caption", async () => {
    const said = await speaking(new VoskService(), (url) => vosk(url));
    await expect.poll(() => said.finals.length, { timeout: 10_000 }).toBe(1);
    FakeWorker.last.fail("It ran out of memory.");
    FakeWorker.last.terminate();
    await said.source.captured(9_000);
    await said.stream.close();
    const [words, spoken] = [wordsIn(said), spokenIn(said)];
    expect(new Set(words).size).toBe(words.length);
    expect(new Set(said.finals.map(({ segmentId }) => segmentId)).size).toBe(said.finals.length);
    // Words that only the dead worker had heard are within what was announced as lost.
    const missing = spoken.filter((word) => !words.includes(word));
    for (const word of missing) {
      const at = Number(word.slice(1)) * CYCLE_SAMPLES;
      expect(said.drops.some(({ from, to }) => from < at + LOUD_SAMPLES && to > at)).toBe(true);
    }
    expect(words.length).toBeGreaterThan(4);
  });

  it("stays on the page, and says why, if the worker at workerUrl knows no dialects", async () => {
    FakeWorker.starts = [{ says: { type: "ready", loquilex: version, dialects: false } }];
    const said = await speaking(new VoskService(), (url) => vosk(url));
    expect((await said.stream.getStats()).host).toBe("page");
    expect(said.warnings).toEqual([
      expect.objectContaining({
        code: "worker-failed",
        message: expect.stringContaining("It knows no dialects, as loquilex.dialects.worker.js does."),
      }),
    ]);
  });

  it("stays on the page with an implementation of sockets of the application's own", async () => {
    const WebSocket = NodeWebSocket as unknown as typeof globalThis.WebSocket;
    const said = await speaking(new VoskService(), (url) => vosk(url, { WebSocket }));
    expect((await said.stream.getStats()).host).toBe("page");
    expect(FakeWorker.made).toEqual([]);
    expect(
      () => new AudioStream({ source: said.source, transport: vosk("ws://x/", { WebSocket }) }, { host: "worker" }),
    ).toThrow("one of loquilex/dialects");
  });
});
