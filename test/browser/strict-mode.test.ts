import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type PreviewServer, preview } from "vite";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { eventually } from "./eventually.js";

const fromHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

// mozmorris/react-webcam#238, livekit/components-js#851: a remount leaves the first microphone on. It shows only under
// StrictMode, which mounts, unmounts and mounts again at once, and only in React's development build.
describe("a stream in a React component under StrictMode", () => {
  let folder: string;
  let backend: BackendProcess;
  let server: PreviewServer;
  let browser: ChromiumPage;

  beforeAll(async () => {
    backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
    folder = await mkdtemp(join(tmpdir(), "loquilex-test-"));
    const site = {
      root: fromHere("../support/fixtures/strict-mode"),
      configFile: false,
      logLevel: "warn",
      mode: "development",
      resolve: { alias: { loquilex: fromHere("../../dist/index.js") } },
      define: { "process.env.NODE_ENV": '"development"' },
      build: { outDir: folder, emptyOutDir: true, minify: false, target: "esnext" },
    } as const;
    await build(site);
    server = await preview({ ...site, preview: { host: "127.0.0.1", port: 0 } });
    browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
  });

  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await server.close();
    await rm(folder, { recursive: true, force: true });
    await backend[Symbol.asyncDispose]();
  });

  const cases = [
    { what: "a session of its own", sessionId: undefined },
    { what: "a session that the page names", sessionId: "a-session-that-is-named" },
  ];
  for (const { what, sessionId } of cases) {
    it(`with ${what} has one microphone and one socket while mounted, and none after`, async () => {
      const { page } = browser;
      await page.goto(server.resolvedUrls?.local[0] ?? "");
      await page.waitForFunction(() => "mountRecorder" in globalThis);
      await page.evaluate((props) => mountRecorder(props), { url: backend.webSocketUrl, sessionId });
      const shown = page.locator("output");
      await eventually(() => shown.textContent()).toBe("streaming");
      expect(await page.evaluate(() => effectRuns)).toBe(2);
      await eventually(() => browser.live()).toMatchObject({ tracks: 1, contexts: 1, sockets: 1 });

      await page.evaluate(() => unmountRecorder());
      await eventually(() => browser.live()).toMatchObject({ tracks: 0, contexts: 0, sockets: 0, workers: 0 });
      expect(browser.pageErrors).toEqual([]);
      expect(browser.consoleErrors).toEqual([]);
    });
  }
});
