import type { AudioStream } from "loquilex";
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { expectReleased } from "../browser/released.js";
import { html, TestSite } from "../browser/test-site.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { AssemblyAIService } from "../support/dialects/assemblyai-service.js";
import { DeepgramService } from "../support/dialects/deepgram-service.js";
import { ElevenLabsService } from "../support/dialects/elevenlabs-service.js";
import { FluxService } from "../support/dialects/flux-service.js";
import { GladiaService } from "../support/dialects/gladia-service.js";
import { OpenAIService } from "../support/dialects/openai-service.js";
import { scriptWord } from "../support/dialects/scripted-recogniser.js";
import { SherpaService } from "../support/dialects/sherpa-service.js";
import { SonioxService } from "../support/dialects/soniox-service.js";
import { ServiceHost, type SpeechService } from "../support/dialects/speech-service.js";
import { SpeechmaticsService } from "../support/dialects/speechmatics-service.js";
import { VoskService } from "../support/dialects/vosk-service.js";
import { WhisperLiveService } from "../support/dialects/whisper-live-service.js";
import { CYCLE_SAMPLES, LOUD_SAMPLES, stampedSamples } from "../support/stamped-audio.js";

/** Names of an entry and of its function; the service; and what the page makes the transport from. */
type Subject = readonly [
  entry: string,
  name: string,
  service: () => SpeechService,
  by?: "address" | "options" | "token",
];

const SUBJECTS: Readonly<Record<string, Subject>> = {
  Vosk: ["vosk", "vosk", () => new VoskService(), "address"],
  Deepgram: ["deepgram", "deepgram", () => new DeepgramService()],
  "Deepgram Flux": ["deepgram-flux", "deepgramFlux", () => new FluxService()],
  AssemblyAI: ["assemblyai", "assemblyAI", () => new AssemblyAIService()],
  Speechmatics: ["speechmatics", "speechmatics", () => new SpeechmaticsService()],
  Soniox: ["soniox", "soniox", () => new SonioxService()],
  Gladia: ["gladia", "gladia", () => new GladiaService(), "token"],
  OpenAI: ["openai", "openAI", () => new OpenAIService()],
  ElevenLabs: ["elevenlabs", "elevenLabs", () => new ElevenLabsService()],
  WhisperLive: ["whisper-live", "whisperLive", () => new WhisperLiveService(), "address"],
  "sherpa-onnx": ["sherpa-onnx", "sherpaOnnx", () => new SherpaService(), "address"],
};

/** What is spoken, in samples, at whatever rate. The last word is whole. */
const SAMPLES = 7 * 16_000;
const WORDS = Math.floor((SAMPLES - LOUD_SAMPLES) / CYCLE_SAMPLES) + 1;
/** When all connections are cut, and when the streams pause, in seconds since they started, and for how long. */
const [CUT_SEC, PAUSE_SEC, PAUSED_SEC] = [2, 4, 1];
/** Tokens for more connections than there will be. */
const TOKENS = 20;
const CLOSE_MS = 60_000;

/** What a page has to know of a stream. */
interface Order {
  readonly entry: string;
  readonly name: string;
  readonly url: string;
  readonly by: "address" | "options" | "token";
  readonly tokens: readonly string[];
  readonly sampleRate: number;
  readonly host: "worker" | "page";
}

/** What became of it. */
interface Outcome {
  readonly finals: readonly string[];
  /** Words that the page still shows and that are not final. */
  readonly unfinished: string;
  readonly drops: number;
  readonly host: string;
  readonly outcome: string;
}

declare global {
  /** Starts a stream, which says every word of these samples. */
  var speak: (order: Order, input: readonly number[]) => Promise<void>;
  /** Of all streams, by the name of their function. */
  var spoken: Record<
    string,
    { readonly stream: AudioStream; readonly ended: Promise<void>; outcome(): Promise<Outcome> }
  >;
}

const PAGE = html(`<script type="module">
  import { AudioStream, createTranscript, samples } from "/dist/index.js";
  globalThis.spoken = {};
  globalThis.speak = async ({ entry, name, url, by, tokens, sampleRate, host }, input) => {
    const make = (await import("/dist/dialects/" + entry + ".js"))[name];
    const transport = by === "address" ? make(url) : by === "options" ? make({ url }) : make();
    const given = [...tokens];
    const pieces = function* () {
      for (let at = 0; at < input.length; at += 400)
        yield Float32Array.from(input.slice(at, at + 400), (sample) => sample / 32_768);
    };
    const source = samples(pieces(), { sampleRate });
    const stream = new AudioStream({ source, transport }, { sampleRate, host, getToken: () => given.shift() });
    const transcript = createTranscript(stream);
    const finals = [];
    let drops = 0;
    stream.addEventListener("caption", ({ final, text }) => {
      if (final) finals.push(...text.split(" "));
    });
    stream.addEventListener("drop", () => { drops += 1; });
    const outcome = async () => {
      const { host } = await stream.getStats();
      await stream.close({ timeoutMs: ${CLOSE_MS} });
      return { finals, unfinished: transcript.partial?.text ?? "", drops, host, outcome: (await stream.closed).outcome };
    };
    spoken[name] = { stream, ended: source.ended, outcome };
    await stream.start();
  };
  globalThis.isReady = true;
</script>`);

describe("a page that speaks with each service in its own dialect", () => {
  let site: TestSite;
  let browser: ChromiumPage;

  beforeAll(async () => {
    site = await TestSite.serve({ "/": { html: PAGE } });
    browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
  });

  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
  });

  it.each(["worker", "page"] as const)(
    "has each word once, in a stream on the %s, over connections that are cut while it speaks and while it ends, and a pause",
    async (host) => {
      const hosts: ServiceHost[] = [];
      onTestFinished(async () => {
        for (const one of hosts) await one[Symbol.asyncDispose]();
      });
      const orders: Order[] = [];
      for (const [entry, name, makeService, by = "options"] of Object.values(SUBJECTS)) {
        const service = makeService();
        const serviceHost = await ServiceHost.listen(service);
        const url = `ws://127.0.0.1:${serviceHost.port}/`;
        const tokenOf = (count: number): string =>
          service instanceof GladiaService ? `${url}?token=${service.createJob()}` : `token-${count}`;
        const tokens = Array.from({ length: TOKENS }, (_, count) => tokenOf(count));
        hosts.push(serviceHost);
        orders.push({ entry, name, url, by, tokens, host, sampleRate: name === "openAI" ? 24_000 : 16_000 });
      }
      const { page } = browser;
      await page.goto(site.url("/"));
      await page.waitForFunction("globalThis.isReady");
      const input = Array.from(stampedSamples(0, SAMPLES));
      await page.evaluate(
        async ([given, spokenInput]) => {
          await Promise.all(given.map((order) => globalThis.speak(order, spokenInput)));
        },
        [orders, input] as const,
      );
      const captured = (seconds: number): Promise<unknown> =>
        page.waitForFunction(
          async (ms) => {
            const streams = Object.values(globalThis.spoken).map(({ stream }) => stream.getStats());
            return (await Promise.all(streams)).every(({ capturedDurationMs }) => capturedDurationMs >= ms);
          },
          seconds * 1_000,
          { timeout: CLOSE_MS },
        );
      await captured(CUT_SEC);
      for (const one of hosts) one.cut();
      await captured(PAUSE_SEC);
      await page.evaluate(async (pausedMs) => {
        const streams = Object.values(globalThis.spoken).map(({ stream }) => stream);
        await Promise.all(streams.map((stream) => stream.pause()));
        await new Promise((resolve) => setTimeout(resolve, pausedMs));
        await Promise.all(streams.map((stream) => stream.resume()));
      }, PAUSED_SEC * 1_000);
      await page.evaluate(() => Promise.all(Object.values(globalThis.spoken).map(({ ended }) => ended)));
      const outcomes = page.evaluate(async () => {
        const all = Object.entries(globalThis.spoken).map(
          async ([name, { outcome }]) => [name, await outcome()] as const,
        );
        return Object.fromEntries(await Promise.all(all));
      });
      for (const one of hosts) one.cut();
      const words = Array.from({ length: WORDS }, (_, n) => scriptWord(n));
      const expected = { finals: words, unfinished: "", drops: 0, host, outcome: "closed" };
      expect(await outcomes).toEqual(Object.fromEntries(orders.map(({ name }) => [name, expected])));
      // At least the one before the first cut, and the one after it.
      for (const one of hosts) expect(one.sockets.length).toBeGreaterThan(1);
      expect(browser.pageErrors).toEqual([]);
      await expectReleased(browser);
    },
  );
});
