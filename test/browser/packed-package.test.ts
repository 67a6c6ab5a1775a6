import { build, type PreviewServer, preview } from "vite";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { Consumer } from "../package/consumer.js";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { PageStream } from "./page-stream.js";
import { expectReleased } from "./released.js";
import { html } from "./test-site.js";

// vitejs/vite#9606, webpack/webpack#11543: the worklet is missing, or no longer a worklet, once a bundler has had it.
describe("an application bundled by vite from the packed package", () => {
  let consumer: Consumer;
  let backend: BackendProcess;
  let server: PreviewServer;
  let browser: ChromiumPage;

  beforeAll(async () => {
    backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
    consumer = await Consumer.install();
    await consumer.write("index.html", html('<script type="module" src="./app.js"></script>'));
    await consumer.write(
      "app.js",
      `
      import * as sdk from "loquilex";
      import workletUrl from "loquilex/capture.worklet.js?url&no-inline";
      document.body.dataset.workletUrl = workletUrl;
      globalThis.sdk = sdk;
      `,
    );
    const site = { root: consumer.folder, configFile: false, logLevel: "warn" } as const;
    await build(site);
    server = await preview({ ...site, preview: { host: "127.0.0.1", port: 0 } });
    browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
  });

  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await server.close();
    await consumer[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  for (const worklet of ["inside the package", "as a file of its own"]) {
    it(`streams with the worklet ${worklet}, and again in the same page`, async () => {
      const { page } = browser;
      await page.goto(server.resolvedUrls?.local[0] ?? "");
      await page.waitForFunction(() => "sdk" in globalThis);
      const file = await page.evaluate(() => document.body.dataset.workletUrl);
      expect(file).toMatch(/capture\.worklet.*\.js$/);
      const options = worklet === "as a file of its own" ? { workletUrl: String(file) } : {};
      for (let time = 0; time < 2; time++) {
        const stream = await PageStream.create(page, backend.webSocketUrl, options);
        await stream.start();
        await stream.captured(300);
        await stream.close();
        expect(await stream.ended()).toMatchObject({ outcome: "closed" });
        expect((await stream.stats()).acknowledgedDurationMs).toBeGreaterThanOrEqual(300);
      }
      await expectReleased(browser, { everOpened: { tracks: 2 } });
      expect(browser.pageErrors).toEqual([]);
      expect(browser.consoleErrors).toEqual([]);
    });
  }
});
