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
  var copy: import("loquilex/recording").Recording;
}

const PAGE = html('<script type="module" src="/sdk.js"></script><script type="module" src="/recording.js"></script>');

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

  const begin = async (host: MicrophoneStreamOptions["host"]): Promise<void> => {
    const { page } = browser;
    await page.goto(site.url("/copy"));
    await page.waitForFunction(() => "sdk" in globalThis && "recording" in globalThis);
    await page.evaluate(
      ({ url, host }) => {
        globalThis.copy = recording();
        globalThis.stream = sdk.createMicrophoneStream(url, { recording: copy, host });
        return stream.start();
      },
      { url: `ws://127.0.0.1:${proxy.port}/v1/stream`, host },
    );
  };

  const wav = async (): Promise<Float64Array> => {
    const text = await browser.page.evaluate(async () => {
      const bytes = new Uint8Array(await (await copy.toWav()).arrayBuffer());
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
