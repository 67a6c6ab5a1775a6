import type { AudioStream } from "loquilex";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { eventually } from "./eventually.js";
import { html, TestSite } from "./test-site.js";

declare global {
  /** What a page remembers of its streams. */
  var notes: { signal?: AbortSignal };
}

const NOTHING = { tracks: 0, contexts: 0, sockets: 0, workers: 0 };

describe("the end of streams that nobody ends", () => {
  let backend: BackendProcess;
  let site: TestSite;
  let browser: ChromiumPage;
  const warnings: string[] = [];

  beforeAll(async () => {
    backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
    site = await TestSite.serve({ "/elsewhere": { html: html("<p>Another page.</p>") } });
    browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath"), collectable: true });
    browser.page.on("console", (message) => {
      if (message.type() === "warning") warnings.push(message.text());
    });
  });

  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  beforeEach(async () => {
    warnings.length = 0;
    await browser.page.goto(site.url());
    await browser.page.waitForFunction(() => "sdk" in globalThis);
    await browser.page.evaluate(() => {
      globalThis.notes = {};
    });
  });

  const collect = (): Promise<void> =>
    browser.page.evaluate(async () => {
      for (let round = 0; round < 3; round++) {
        await gc?.({ type: "major", execution: "async" });
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });

  it("a forgotten one is warned about once, and its microphone and its socket are released", async () => {
    const { page } = browser;
    await page.evaluate(async (url) => {
      const forget = async (): Promise<void> => {
        const stream: AudioStream = sdk.createMicrophoneStream(url, { getToken: () => stream.sessionId });
        stream.addEventListener("message", () => stream.state);
        await stream.start();
        notes.signal = stream.signal;
      };
      await forget();
    }, backend.webSocketUrl);
    expect(await browser.live()).toMatchObject({ tracks: 1, contexts: 1, sockets: 1 });
    expect(await page.evaluate(() => notes.signal?.aborted)).toBe(false);
    await collect();
    expect(await browser.live()).toMatchObject({ tracks: 0 });
    await eventually(() => browser.live()).toMatchObject(NOTHING);
    await collect();
    expect(warnings).toEqual([expect.stringContaining("A stream was forgotten while it ran")]);
    expect(browser.pageErrors).toEqual([]);
  });

  it("one that somebody still reads is left alone, however often memory is collected", async () => {
    const { page } = browser;
    await page.evaluate(async (url) => {
      const read = async (): Promise<void> => {
        const stream = sdk.createMicrophoneStream(url);
        notes.signal = stream.signal;
        await stream.start();
        for await (const message of stream.messages()) if (message.t === "asr.final") break;
      };
      void read();
    }, backend.webSocketUrl);
    await eventually(() => browser.live()).toMatchObject({ tracks: 1, contexts: 1, sockets: 1 });
    await collect();
    await collect();
    expect(await page.evaluate(() => notes.signal?.aborted)).toBe(false);
    expect(warnings).toEqual([]);
    await page.goto(site.url("/elsewhere"));
  });

  it("one on a page that goes away is released inside the page's last event", async () => {
    const { page } = browser;
    await page.evaluate(async (url) => {
      const stream = sdk.createMicrophoneStream(url);
      await stream.start();
      // After the stream's own listener: sees what the event has left.
      addEventListener("pagehide", ({ persisted }) => {
        const { tracks } = liveResources();
        localStorage.setItem("pagehide", JSON.stringify({ persisted, tracks, left: stream.resources() }));
      });
    }, backend.webSocketUrl);
    expect(await browser.live()).toMatchObject({ tracks: 1, sockets: 1 });
    await page.goto(site.url("/elsewhere"));
    const seen = await page.evaluate(() => localStorage.getItem("pagehide"));
    expect(JSON.parse(seen ?? "null")).toEqual({ persisted: false, tracks: 0, left: [] });
    const sessions = async (): Promise<unknown> =>
      ((await (await fetch(`${backend.url}/healthz`)).json()) as { sessions: unknown }).sessions;
    await eventually(sessions).toBe(0);
  });
});

describe("starts in quick succession", () => {
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

  beforeEach(async () => {
    await browser.page.goto(site.url());
    await browser.page.waitForFunction(() => "sdk" in globalThis);
  });

  // mozmorris/react-webcam#238
  it("start, abort and the start of another in one tick leave one microphone and one socket, of the second", async () => {
    const { page } = browser;
    const outcome = await page.evaluate(async (url) => {
      const options = { sessionId: "one-and-the-same-session" };
      const first = sdk.createMicrophoneStream(url, options);
      const failure = first.start().catch((error: unknown) => String(error));
      first.abort(new Error("changed my mind"));
      const second = sdk.createMicrophoneStream(url, options);
      await second.start();
      globalThis.stream = second;
      return { failure: await failure, state: second.state, first: first.resources().length };
    }, backend.webSocketUrl);
    expect(outcome).toEqual({ failure: "Error: changed my mind", state: "streaming", first: 0 });
    await eventually(() => browser.live()).toMatchObject({ tracks: 1, contexts: 1, sockets: 1 });
    await page.evaluate(() => stream.close());
    await eventually(() => browser.live()).toMatchObject(NOTHING);
  });

  it("a streaming one that is aborted gives its session to the one that starts in the same tick", async () => {
    const { page } = browser;
    const state = await page.evaluate(async (url) => {
      const options = { sessionId: "handed-from-one-to-the-other" };
      const first = sdk.createMicrophoneStream(url, options);
      await first.start();
      const second = sdk.createMicrophoneStream(url, options);
      first.abort();
      await second.start();
      globalThis.stream = second;
      return second.state;
    }, backend.webSocketUrl);
    expect(state).toBe("streaming");
    await eventually(() => browser.live()).toMatchObject({ tracks: 1, contexts: 1, sockets: 1 });
    await page.evaluate(() => stream.close());
    await eventually(() => browser.live()).toMatchObject(NOTHING);
  });

  // livekit/components-js#851
  it("a double click starts once", async () => {
    const { page } = browser;
    await page.evaluate((url) => {
      globalThis.stream = sdk.createMicrophoneStream(url);
      document.body.innerHTML = "<button>Start</button>";
      document.querySelector("button")?.addEventListener("click", () => void stream.start());
    }, backend.webSocketUrl);
    await page.locator("button").dblclick();
    await eventually(() => page.evaluate(() => stream.state)).toBe("streaming");
    expect(await browser.live()).toMatchObject({ everOpened: { tracks: 1, contexts: 1, sockets: 1 } });
    await page.evaluate(() => stream.close());
    await eventually(() => browser.live()).toMatchObject(NOTHING);
  });
});
