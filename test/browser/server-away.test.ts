import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { eventually } from "./eventually.js";
import { PageStream } from "./page-stream.js";
import { expectReleased } from "./released.js";
import { html, TestSite } from "./test-site.js";

const WORKLET_URL = "/dist/capture.worklet.js";

/** Resolves when the page has loaded so many of the package's parts that are loaded later. */
const loadedInside = async ({ page }: ChromiumPage, count: number): Promise<void> => {
  await page.waitForFunction(
    (wanted) =>
      performance.getEntriesByType("resource").filter(({ name }) => name.includes("/dist/inside/")).length === wanted,
    count,
  );
};

declare global {
  /** Modules that audio worklets have loaded. */
  var workletModules: number;
}

/** On a busy machine, the demo's own preparation ends long after the page has loaded and the network is idle. */
function countWorkletModules(): void {
  globalThis.workletModules = 0;
  // The empty page before the first one has no worklets.
  if (!("AudioWorklet" in globalThis)) return;
  const { addModule } = AudioWorklet.prototype;
  AudioWorklet.prototype.addModule = async function (...given) {
    await addModule.apply(this, given);
    globalThis.workletModules += 1;
  };
}

// Field report 66
describe("a server that is stopped after its page has loaded", () => {
  let backend: BackendProcess;

  beforeAll(async () => {
    backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
  });

  afterAll(() => backend[Symbol.asyncDispose]());

  it("does not stop the demo's Start: the microphone opens, and what is said is sent when the server is back", async () => {
    await using proxy = await TcpProxy.listen({ targetPort: backend.port });
    await using browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
    const { page } = browser;
    await page.addInitScript(countWorkletModules);
    await page.goto(`http://127.0.0.1:${proxy.port}/`);
    await page.waitForFunction(() => globalThis.workletModules === 1);
    proxy.refuse();
    proxy.reset();
    await page.getByRole("button", { name: "Start" }).click();
    await eventually(async () => (await browser.live()).tracks).toBe(1);
    await page.waitForTimeout(1_000);
    expect(await page.getByRole("alert").allTextContents()).not.toContainEqual(expect.stringContaining("audio code"));
    await proxy.accept();
    await eventually(() => page.locator("#state").textContent()).toBe("Streaming");
    await page.getByRole("button", { name: "Stop" }).click();
    await eventually(() => page.locator("#state").textContent()).toBe("Stopped");
    await expectReleased(browser);
    expect(browser.pageErrors).toEqual([]);
  });

  it("does not stop a page whose stream is made by then: the code inside the package has been loaded", async () => {
    await using browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
    const site = await TestSite.serve();
    await browser.page.goto(site.url("/"));
    const stream = await PageStream.create(browser.page, backend.webSocketUrl);
    await loadedInside(browser, 2);
    await site[Symbol.asyncDispose]();
    await stream.start();
    await stream.captured(500);
    await stream.close();
    expect(await stream.ended()).toMatchObject({ outcome: "closed" });
  });

  it("is named as what cannot be fetched where the policy lets no blob do, and the policy is not accused", async () => {
    await using browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
    const strict = {
      html: html('<script type="module" src="/sdk.js"></script>'),
      contentSecurityPolicy: "script-src 'self'",
    };
    const site = await TestSite.serve({ "/strict": strict });
    await browser.page.goto(site.url("/strict"));
    const stream = await PageStream.create(browser.page, backend.webSocketUrl, { workletUrl: WORKLET_URL });
    await loadedInside(browser, 1);
    await site[Symbol.asyncDispose]();
    const end = await stream.startAndEnd();
    expect(end).toMatchObject({ outcome: "failed", code: "worklet-load-failed" });
    expect(end.message).toContain("The address cannot be fetched");
    expect(end.message).not.toContain("Content Security Policy");
    await expectReleased(browser);
  });
});
