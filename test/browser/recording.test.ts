import { setTimeout as delay } from "node:timers/promises";
import type { MicrophoneStreamOptions } from "loquilex";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { plainWord } from "../../examples/server/recording/recording-name.js";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { parseWav, readWav } from "../support/wav.js";
import { eventually } from "./eventually.js";
import { html, TestSite } from "./test-site.js";

declare global {
  /** Defined only in a page that loads `/recording.js`. */
  var recording: typeof import("loquilex/recording").recording;
  var oggOpus: typeof import("loquilex/recording").oggOpus;
  var copy: import("loquilex/recording").Recording;
}

const PAGE = html('<script type="module" src="/sdk.js"></script><script type="module" src="/recording.js"></script>');

/** The correlation of samples with others: 1 for the same sound. */
function likeness(samples: Float64Array, other: (at: number) => number): number {
  let [both, own, others] = [0, 0, 0];
  for (const [at, sample] of samples.entries()) {
    both += sample * other(at);
    own += sample ** 2;
    others += other(at) ** 2;
  }
  return both / Math.sqrt(own * others);
}

describe("a copy of what was recorded", () => {
  let backend: BackendProcess;
  let proxy: TcpProxy;
  let site: TestSite;
  let browser: ChromiumPage;

  beforeAll(async () => {
    backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
    proxy = await TcpProxy.listen({ targetPort: backend.port });
    site = await TestSite.serve({ "/copy": { html: PAGE } });
    browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
  });

  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  const begin = async (host: MicrophoneStreamOptions["host"], inOpus = false): Promise<void> => {
    const { page } = browser;
    await page.goto(site.url("/copy"));
    await page.waitForFunction(() => "sdk" in globalThis && "recording" in globalThis);
    await page.evaluate(
      ({ url, host, inOpus }) => {
        globalThis.copy = recording(inOpus ? { format: oggOpus() } : {});
        globalThis.stream = sdk.createMicrophoneStream(url, { recording: copy, host });
        return stream.start();
      },
      { url: `ws://127.0.0.1:${proxy.port}/v1/stream`, host, inOpus },
    );
  };

  const wav = async (): Promise<Float64Array> => {
    const text = await browser.page.evaluate(async () => {
      const bytes = new Uint8Array(await (await copy.toBlob()).arrayBuffer());
      return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
    });
    return parseWav(Buffer.from(text, "latin1")).samples;
  };

  const onServer = async (): Promise<Float64Array> => {
    const sessionId = await browser.page.evaluate(() => stream.sessionId);
    const path = (await backend.files(".wav")).find((path) => path.includes(plainWord(sessionId)));
    if (path === undefined) throw new Error("The server has no recording.");
    return (await readWav(path)).samples;
  };

  it.each(["worker", "page"] as const)(
    "on the %s is what the server has, to the sample, through a cut, a mute and a pause",
    async (host) => {
      await begin(host);
      const { page } = browser;
      await delay(700);
      const early = await wav();
      expect(early.length).toBeGreaterThan(0);
      proxy.reset();
      await delay(700);
      await page.evaluate(() => {
        stream.muted = true;
      });
      await delay(300);
      await page.evaluate(async () => {
        stream.muted = false;
        await stream.pause();
        await stream.resume();
      });
      await delay(700);
      await eventually(() => page.evaluate(() => stream.connectionState)).toBe("connected");
      await page.evaluate(() => stream.close());
      const kept = await wav();
      expect(kept.length).toBeGreaterThan(20_000);
      expect(kept).toEqual(await onServer());
      expect(kept.subarray(0, early.length)).toEqual(early);
      expect(kept.some((sample) => sample !== 0)).toBe(true);
      expect(await page.evaluate(() => copy.gaps)).toEqual([]);
      expect(await page.evaluate(() => stream.resources())).toEqual([]);
      await eventually(async () => (await browser.live()).workers).toBe(0);
    },
  );

  it.each(["close", "abort"] as const)(
    "in Opus is as long as what was captured before %s(), and sounds like it",
    async (end) => {
      await begin("auto", true);
      await delay(1_500);
      const { whole, early, captured, rest } = await browser.page.evaluate(async (end) => {
        const decode = async (): Promise<Float32Array> => {
          const bytes = await (await copy.toBlob()).arrayBuffer();
          return (await new OfflineAudioContext(1, 1, 48_000).decodeAudioData(bytes)).getChannelData(0);
        };
        const early = (await decode()).length;
        await stream.flush();
        const { capturedDurationMs } = await stream.getStats();
        if (end === "close") await stream.close();
        else stream.abort();
        const whole = await decode();
        const rest = [stream.resources(), copy.gaps, copy.durationMs];
        return { whole: Array.from(whole), early, captured: capturedDurationMs, rest };
      }, end);
      expect(early).toBeGreaterThan(48_000);
      expect(whole.length).toBeGreaterThanOrEqual(captured * 48);
      expect(rest).toEqual([[], [], whole.length / 48]);
      expect(Math.max(...whole)).toBeGreaterThan(0.05);
      if (end === "close") {
        // The server's samples are every third one, but for what Opus changes.
        const server = await onServer();
        expect(whole.length).toBe(3 * server.length);
        expect(likeness(server, (at) => whole[3 * at] ?? 0)).toBeGreaterThan(0.95);
      }
      await eventually(async () => (await browser.live()).workers).toBe(0);
    },
  );

  it("has after an abort what was captured before it", async () => {
    await begin("auto");
    await delay(500);
    const captured = await browser.page.evaluate(async () => {
      await stream.flush();
      const { capturedDurationMs } = await stream.getStats();
      stream.abort();
      return capturedDurationMs;
    });
    expect((await wav()).length).toBeGreaterThanOrEqual(captured * 16);
  });
});
