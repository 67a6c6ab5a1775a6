import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { PageStream, type PageStreamOptions } from "./page-stream.js";
import { TestSite } from "./test-site.js";

describe("what a page loads of the package", () => {
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

  /** Streams for a moment. @returns which of the package's files came over the network, apart from those of the import. */
  async function filesOf(options: PageStreamOptions): Promise<string[]> {
    const { page } = browser;
    await page.goto(site.url());
    await page.waitForFunction(() => "sdk" in globalThis);
    const files: string[] = [];
    const note = (request: { url(): string }): void => {
      const { pathname } = new URL(request.url());
      if (pathname.startsWith("/dist/")) files.push(pathname);
    };
    // Of workers as well, which the page does not see.
    page.context().on("request", note);
    try {
      const stream = await PageStream.create(page, backend.webSocketUrl, options);
      await stream.start();
      await stream.captured(300);
      await stream.close();
      expect(await stream.ended()).toMatchObject({ outcome: "closed" });
    } finally {
      page.context().off("request", note);
    }
    return files.sort();
  }

  const workletUrl = "/dist/capture.worklet.js";
  const workerUrl = "/dist/loquilex.worker.js";

  it("is the two files and nothing else if both addresses are given", async () => {
    const files = await filesOf({ host: "worker", workletUrl, workerUrl });
    expect(files.filter((path) => path.startsWith("/dist/inside/"))).toEqual([]);
    expect(files).toContain(workerUrl);
  });

  it("is the code inside the package, once, if no address is given", async () => {
    expect(await filesOf({ host: "worker" })).toEqual(["/dist/inside/running-side.js", "/dist/inside/worklet.js"]);
  });

  it("is the code that sends audio if the stream runs on the page", async () => {
    expect(await filesOf({ host: "page", workletUrl })).toContain("/dist/inside/running-side.js");
  });
});
