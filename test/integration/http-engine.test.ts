import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { encodeServerMessage, parseServerMessage } from "loquilex/protocol";
import { systemClock } from "loquilex/resources";
import { describe, expect, it, vi } from "vitest";
import type { Segment } from "../../examples/server/engines/engine.js";
import { EngineFeed } from "../../examples/server/engines/engine-feed.js";
import { httpEngine } from "../../examples/server/engines/http/http-engine.js";
import { createLog } from "../../examples/server/logging/log.js";
import { loopbackServer } from "../support/loopback-server.js";
import { openEngine, selectedEngine, textsOf } from "../support/selected-engine.js";
import { letHear, spokenDigits } from "../support/spoken-digits.js";
import { testScope } from "../support/test-scope.js";

interface Asked {
  readonly path: string | undefined;
  readonly authorization: string | undefined;
  readonly body: Buffer;
}

type Answer = (response: ServerResponse, count: number) => void;

const saying =
  (value: unknown): Answer =>
  (response) =>
    void response.end(JSON.stringify(value));

const failing =
  (status: number, headers: Record<string, string> = {}): Answer =>
  (response) =>
    void response.writeHead(status, headers).end("no");

/** A service that answers its first requests as told, each in turn, and later ones as the last. */
async function service(...answers: readonly Answer[]) {
  const asked: Asked[] = [];
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    await once(request, "end");
    asked.push({ path: request.url, authorization: request.headers.authorization, body: Buffer.concat(chunks) });
    answers[Math.min(asked.length, answers.length) - 1]?.(response, asked.length);
  };
  const url = await loopbackServer((request, response) => void take(request, response));
  return { url: `${url}/v1/audio/transcriptions`, asked };
}

const settings = (url: string, more: Readonly<Record<string, string>> = {}) => ({
  ...{ LX_ENGINE: "http", LX_ENGINE_URL: url, LX_ENGINE_TIMEOUT_SEC: "1" },
  ...more,
});

/** Lets the engine hear three, one, four, two, a second apart. */
async function hear(url: string, more: Readonly<Record<string, string>> = {}) {
  const opened = await openEngine(settings(url, more));
  await letHear(opened.run, await spokenDigits(), 1_000);
  return opened;
}

const samplesOf = ({ body }: Asked): number => {
  const wav = body.subarray(body.indexOf("RIFF"), body.lastIndexOf("\r\n--loquilex-"));
  expect(wav.readUInt32LE(40)).toBe(wav.byteLength - 44);
  return (wav.byteLength - 44) / 2;
};

describe("an engine that is a service over HTTP", () => {
  it("is asked for each segment with a WAV file, and its words have their place in the stream", async () => {
    const words = [{ word: " digit", start: 0.3, end: 0.6 }, { word: "far", start: 90, end: 99 }, { word: 1 }];
    const { url, asked } = await service((response, count) =>
      saying({ text: ` digit ${count} `, words })(response, count),
    );
    const { run, segments, statuses } = await hear(url, {
      LX_ENGINE_KEY: "s3cret",
      LX_ENGINE_LANGUAGE: "en",
      LX_ENGINE_WORDS: "on",
    });
    await run.end();
    expect(textsOf(segments)).toEqual(["digit 1", "digit 2", "digit 3", "digit 4"]);
    for (const [index, { from, to, words: timed, final }] of segments.entries()) {
      expect(final).toBe(true);
      expect(to - from).toBeLessThan(16_000);
      const [first, last] = timed ?? [];
      expect(first?.text).toBe("digit");
      expect([first?.from, last?.to].every((position = -1) => position >= from && position <= to)).toBe(true);
      expect(samplesOf(asked[index] as Asked)).toBeGreaterThanOrEqual(to - from);
    }
    const form = asked[0]?.body.toString("latin1") ?? "";
    for (const [name, value] of [
      ["model", "whisper-1"],
      ["language", "en"],
      ["response_format", "verbose_json"],
      ["timestamp_granularities[]", "word"],
    ]) {
      expect(form).toContain(`name="${name}"\r\n\r\n${value}\r\n`);
    }
    expect(asked[0]).toMatchObject({ path: "/v1/audio/transcriptions", authorization: "Bearer s3cret" });
    expect(statuses).toEqual([{ engine: "http", words: true, detail: "" }]);
    await run.dispose();
  });

  it.each<readonly [string, readonly Answer[]]>([
    ["says that it is busy", [failing(429, { "retry-after": "0" }), saying({ text: "later" })]],
    ["fails", [failing(500), saying({ text: "later" })]],
    ["does not answer", [() => {}, saying({ text: "later" })]],
    [
      "breaks off",
      [
        (response) => void response.writeHead(200, { "content-length": 9 }).write("{", () => response.destroy()),
        saying({ text: "later" }),
      ],
    ],
  ])("is asked again if it %s", async (_, answers) => {
    const { url, asked } = await service(...answers);
    const { run, segments, statuses } = await hear(url);
    await run.end();
    expect(textsOf(segments)).toEqual(["later", "later", "later", "later"]);
    expect([asked.length, statuses.length]).toEqual([5, 1]);
    await run.dispose();
  });

  it.each<readonly [string, Answer, string]>([
    ["no JSON", (response) => void response.end("<html>"), "something that is no transcription"],
    ["another JSON", saying(["text"]), "something that is no transcription"],
    ["too much", (response) => void response.end(Buffer.alloc(3_000_000, "x")), "far too much"],
    ["a refusal of this sound", failing(400), "answered 400"],
  ])("that answers with %s costs that segment its words, not the next", async (_, answer, reason) => {
    const { url } = await service(answer, saying({ text: "after it" }));
    const { run, segments, statuses } = await hear(url);
    await run.end();
    expect(textsOf(segments)).toEqual(["after it", "after it", "after it"]);
    expect(statuses[1]?.detail).toContain(reason);
    await run.dispose();
  });

  it.each<readonly [string, Answer, number]>([
    ["refuses the key (401)", failing(401), 1],
    ["is at another address (302)", failing(302, { location: "http://127.0.0.1:1/" }), 1],
    ["answered with something that is no transcription", saying({}), 3],
  ])("is given up if it %s, and the segmenter listens", async (reason, answer, requests) => {
    const lines: string[] = [];
    const logger = createLog({ logLevel: "trace" }, { write: (line: string) => void lines.push(line) });
    const { url, asked } = await service(answer);
    const { run, statuses } = await openEngine(settings(url, { LX_ENGINE_KEY: "s3cret" }), { logger });
    await letHear(run, await spokenDigits(), 1_000);
    await vi.waitFor(() => expect(statuses.at(-1)?.engine).toBe("segmenter"), { timeout: 5_000 });
    expect(statuses.at(-1)?.detail).toContain(reason.replace("refuses", "refused"));
    expect(asked.length).toBe(requests);
    expect(JSON.stringify(statuses) + lines.join("")).not.toMatch(/s3cret|127\.0\.0\.1/);
    await run.dispose();
  });

  // A client refuses a longer caption as a violation, and would be sent it again whenever it comes back.
  it("that answers with a book has captions no longer than clients take", async () => {
    const text = "x".repeat(200_000);
    const words = Array.from({ length: 15_000 }, (_, index) => ({ word: "w", start: 0, end: index / 100_000 }));
    const { url } = await service(saying({ text, words }));
    const opened: Segment[] = [];
    const feed = new EngineFeed({
      ...{ engine: await selectedEngine(settings(url, { LX_ENGINE_WORDS: "on" })), clock: systemClock },
      ...{ format: { encoding: "pcm_s16le", sampleRate: 16_000, channels: 1 }, startPosition: 0, scope: testScope() },
      ...{ maxQueuedSamples: 10_000_000, onStatus: () => {}, onDrop: () => {} },
      onSegment: (segment) => opened.push(segment),
    });
    feed.start();
    const samples = await spokenDigits();
    for (let at = 0; at < samples.byteLength; at += 640) {
      const payload = samples.subarray(at, at + 640);
      feed.push({ flags: 0, position: at / 2, sampleCount: payload.byteLength / 2, payload });
    }
    await feed.end();
    await feed.dispose();
    expect(opened.length).toBeGreaterThan(0);
    for (const { text: shown, words: timed = [], segmentId, final, from, to } of opened) {
      expect(shown.length).toBe(65_536);
      const caption = { text: shown, segment_id: segmentId, final, audio: { from, to }, words: timed };
      expect(parseServerMessage(encodeServerMessage("asr.final", caption, { sid: "s", seq: 1 })).t).toBe("asr.final");
    }
  });

  it.each<readonly [string, Readonly<Record<string, string>>]>([
    ["LX_ENGINE_KEY is (not shown)", { LX_ENGINE_KEY: "sk-\u201cpasted\u201d" }],
    ["LX_ENGINE_KEY is (not shown)", { LX_ENGINE_KEY: "sk-1\u200b" }],
    ["LX_ENGINE_URL is (not shown)", { LX_ENGINE_URL: "http://user:100%@127.0.0.1/" }],
  ])("needs a key and an address that a request can carry: %s", async (sentence, more) => {
    await expect(openEngine({ ...settings("http://127.0.0.1/"), ...more })).rejects.toThrow(sentence);
  });

  it("that cannot be asked at all is given up, and nothing else fails", async () => {
    const lost: Error[] = [];
    const engine = httpEngine({
      ...{ name: "http", url: "http://127.0.0.1/", key: "\u201c", fields: [], timeoutMs: 1_000 },
      ...{ clock: systemClock, random: Math.random, logger: createLog({ logLevel: "silent" }) },
    });
    const run = engine.open({
      ...{ format: { sampleRate: 16_000, channels: 1 }, startPosition: 1_000, scope: testScope() },
      ...{ onStatus: () => {}, onSegment: () => {}, onError: (error) => lost.push(error) },
    });
    await letHear(run, await spokenDigits(), 1_000);
    await run.end();
    expect(lost.map(({ message }) => message)).toEqual([
      "The service of the engine http cannot be asked (ERR_INVALID_CHAR).",
    ]);
    await run.dispose();
  });

  it("that hangs makes the writer wait, and is let go at once", async () => {
    const { url } = await service(() => {});
    const { run } = await openEngine(settings(url, { LX_ENGINE_TIMEOUT_SEC: "600" }));
    const samples = await spokenDigits();
    let room: Promise<void> | undefined;
    for (let at = 0; at < samples.byteLength; at += 640)
      room = run.write(samples.subarray(at, at + 640), 1_000 + at / 2);
    expect(room).toBeInstanceOf(Promise);
    const before = performance.now();
    await run.dispose();
    await room;
    expect(performance.now() - before).toBeLessThan(1_000);
  });

  it("needs an address", async () => {
    await expect(openEngine({ LX_ENGINE: "http" })).rejects.toThrow("LX_ENGINE_URL is not set");
    await expect(openEngine(settings("ftp://example.org"))).rejects.toThrow("LX_ENGINE_URL is (not shown)");
  });
});
