import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { expectReleased } from "./released.js";
import { TestSite } from "./test-site.js";

describe("a stream that is given opus()", () => {
  let backend: BackendProcess;
  let site: TestSite;
  let browser: ChromiumPage;

  beforeAll(async () => {
    backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
    site = await TestSite.serve();
    browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
  });

  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  it.each([
    { where: "in a worker made of text", options: {}, host: "worker" },
    { where: "in a worker from a file", options: { workerUrl: "/dist/loquilex.worker.js" }, host: "worker" },
    { where: "on the page", options: { host: "page" as const }, host: "page" },
  ])("encodes $where, and the server gets every sample", async ({ options, host }) => {
    const { page } = browser;
    await page.goto(site.url());
    await page.waitForFunction(() => "sdk" in globalThis);
    const { stats, drops, ends } = await page.evaluate(
      async ({ url, options }) => {
        const stream = sdk.createMicrophoneStream(url, { ...options, encoding: sdk.opus() });
        let drops = 0;
        stream.addEventListener("drop", () => {
          drops += 1;
        });
        await stream.start();
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        await stream.close();
        const { outcome } = await stream.closed;
        return { stats: await stream.getStats(), drops, ends: outcome };
      },
      { url: backend.webSocketUrl, options },
    );
    expect({ drops, ends, host: stats.host }).toEqual({ drops: 0, ends: "closed", host });
    expect(stats.acknowledgedDurationMs).toBeGreaterThan(500);
    expect(stats.acknowledgedDurationMs).toBe(stats.capturedDurationMs);
    // A tenth of what PCM takes.
    expect(stats.bytesSent).toBeLessThan(stats.capturedDurationMs * 8);
    await expectReleased(browser);
    expect(browser.pageErrors).toEqual([]);
  });
});
