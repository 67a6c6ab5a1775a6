import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { HOST, PageStream } from "./page-stream.js";
import { expectReleased } from "./released.js";
import { html, TestSite } from "./test-site.js";

const STRICT = `script-src 'self'; ${TestSite.reportUri}`;

const workletUrl = "/dist/capture.worklet.js";

it("uses the worklet inside the package if the one that is served is of another version, and says so", async () => {
  await using backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
  await using site = await TestSite.serve();
  await using browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
  await browser.page.goto(site.url());
  const older = "data:text/javascript,registerProcessor('loquilex-capture-1', class extends AudioWorkletProcessor {})";
  const stream = await PageStream.create(browser.page, backend.webSocketUrl, { workletUrl: older });
  await stream.start();
  await stream.captured(300);
  await stream.close();
  expect(await stream.ended()).toMatchObject({ outcome: "closed" });
  expect((await stream.record()).warnings).toContain("worklet-load-failed");
});

describe("a page that takes scripts from trusted addresses alone", () => {
  const POLICIES = {
    "/allowed": "require-trusted-types-for 'script'; trusted-types loquilex watch",
    "/forbidden": `require-trusted-types-for 'script'; trusted-types 'none'; ${TestSite.reportUri}`,
  };
  let backend: BackendProcess;
  let site: TestSite;
  let browser: ChromiumPage;

  beforeAll(async () => {
    const page = { html: html('<script type="module" src="/sdk.js"></script>') };
    backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
    site = await TestSite.serve(
      Object.fromEntries(
        Object.entries(POLICIES).map(([path, contentSecurityPolicy]) => [path, { ...page, contentSecurityPolicy }]),
      ),
    );
    browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
  });

  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  it.each([
    ["inside the package", {}],
    ["files", { workletUrl, workerUrl: "/dist/loquilex.worker.js" }],
  ])("streams in a worker if it allows the policy loquilex, with worklet and worker from %s", async (_, urls) => {
    await browser.page.goto(site.url("/allowed"));
    for (let time = 0; time < 2; time += 1) {
      const stream = await PageStream.create(browser.page, backend.webSocketUrl, urls);
      await stream.start();
      await stream.captured(300);
      await stream.close();
      expect((await stream.stats()).host).toBe(HOST === "page" ? "page" : "worker");
      expect((await stream.record()).warnings).toEqual([]);
    }
    expect(browser.pageErrors).toEqual([]);
  });

  it("streams on the page if it allows no policy, and asks for one only once", async () => {
    await browser.page.goto(site.url("/forbidden"));
    const before = site.violations.length;
    for (let time = 0; time < 2; time += 1) {
      const stream = await PageStream.create(browser.page, backend.webSocketUrl, {});
      await stream.start();
      await stream.captured(300);
      await stream.close();
      expect((await stream.stats()).host).toBe("page");
    }
    const asked = site.violations
      .slice(before)
      .filter((report) => /"effective-directive":"trusted-types"/.test(report));
    expect(asked).toHaveLength(1);
  });
});

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
