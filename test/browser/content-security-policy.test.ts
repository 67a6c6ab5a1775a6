import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { HOST, PageStream } from "./page-stream.js";
import { expectReleased } from "./released.js";
import { html, TestSite } from "./test-site.js";

const STRICT = `script-src 'self'; ${TestSite.reportUri}`;

const workletUrl = "/dist/capture.worklet.js";

describe("a page whose policy is script-src 'self'", () => {
  let backend: BackendProcess;
  let site: TestSite;
  let browser: ChromiumPage;

  beforeAll(async () => {
    backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
    site = await TestSite.serve({
      "/module": { html: html('<script type="module" src="/sdk.js"></script>'), contentSecurityPolicy: STRICT },
      "/classic": {
        html: html('<script src="/dist/loquilex.iife.js"></script><script src="/classic.js"></script>'),
        contentSecurityPolicy: STRICT,
      },
    });
    browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
  });

  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  for (const [name, path] of [
    ["module", "/module"],
    ["script tag", "/classic"],
  ] as const) {
    // elevenlabs/packages#193: works in development, and the worklet is blocked in production.
    it(`streams from the ${name} with worklet and worker as files`, async () => {
      await browser.page.goto(site.url(path));
      const workerUrl = "/dist/loquilex.worker.js";
      const stream = await PageStream.create(browser.page, backend.webSocketUrl, { workletUrl, workerUrl });
      await stream.start();
      await stream.captured(500);
      await stream.close();
      expect(await stream.ended()).toMatchObject({ outcome: "closed" });
      expect((await stream.stats()).acknowledgedDurationMs).toBeGreaterThanOrEqual(500);
      expect((await stream.stats()).host).toBe(HOST === "page" ? "page" : "worker");
      expect(browser.pageErrors).toEqual([]);
    });

    // The audio thread tries WebAssembly, which the policy forbids.
    it(`causes neither a report nor a line in the console with the ${name}, but captures`, async () => {
      await browser.page.goto(site.url(path));
      const [lines, reports] = [browser.consoleErrors.length, site.violations.length];
      const workerUrl = "/dist/loquilex.worker.js";
      const stream = await PageStream.create(browser.page, backend.webSocketUrl, { workletUrl, workerUrl });
      await stream.start();
      await stream.captured(500);
      await stream.close();
      expect(browser.consoleErrors.slice(lines)).toEqual([]);
      // What is forbidden to the page itself is reported, behind whatever the audio thread has caused.
      await browser.page.evaluate(() => {
        document.head.append(Object.assign(document.createElement("script"), { textContent: "1" }));
      });
      await expect.poll(() => site.violations.length).toBeGreaterThan(reports);
      expect(site.violations.slice(reports)).toEqual([expect.stringContaining("inline")]);
    });

    it(`says that the policy forbids the worklet of the ${name} without one, and releases the microphone`, async () => {
      await browser.page.goto(site.url(path));
      const stream = await PageStream.create(browser.page, backend.webSocketUrl);
      const end = await stream.startAndEnd();
      expect(end).toMatchObject({ outcome: "failed", code: "worklet-load-failed" });
      expect(end.message).toContain("Content Security Policy");
      expect(end.message).toContain("workletUrl");
      await expectReleased(browser);
    });
  }
});
