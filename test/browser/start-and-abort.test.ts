import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { eventually } from "./eventually.js";
import { PageStream } from "./page-stream.js";
import { expectReleased } from "./released.js";
import { TestSite } from "./test-site.js";

describe("streams that are ended at any moment", () => {
  let backend: BackendProcess;
  let site: TestSite;
  let browser: ChromiumPage;

  beforeAll(async () => {
    backend = await BackendProcess.start({
      env: { LX_ENGINE: "segmenter", LX_MAX_SESSIONS: "500", LX_WS_RESUME_TTL: "0" },
    });
    site = await TestSite.serve();
    browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
  });

  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  // ricky0123/vad#43, WebAudio/web-audio-api#2658: the seventh start fails. mozmorris/react-webcam#238: the microphone stays on.
  it("leave no track, no context and no socket, a hundred times", async () => {
    const { page } = browser;
    await page.goto(site.url());
    await PageStream.create(page, backend.webSocketUrl);
    const started = await page.evaluate(async (url) => {
      const states: string[] = [];
      for (let cycle = 0; cycle < 100; cycle++) {
        const stream = sdk.createMicrophoneStream(url);
        const start = stream.start();
        start.catch(() => {});
        // At once, in the middle of opening, at a moment that differs each time, and once it streams.
        if (cycle % 4 === 1) await Promise.resolve();
        if (cycle % 4 === 2) await new Promise((resolve) => setTimeout(resolve, cycle * 2));
        if (cycle % 4 === 3) await start;
        states.push(stream.state);
        stream.abort();
        const { tracks, sockets } = liveResources();
        if (sockets > 0) await new Promise((resolve) => setTimeout(resolve));
        if (tracks > 0) throw new Error(`Cycle ${cycle}: ${tracks} tracks are live after abort().`);
        await stream.closed;
      }
      return states;
    }, backend.webSocketUrl);
    expect(started.filter((state) => state === "streaming").length).toBeGreaterThanOrEqual(25);
    await eventually(() => browser.live()).toMatchObject({ tracks: 0, contexts: 0, sockets: 0 });
    const { everOpened } = await browser.live();
    expect(everOpened.contexts).toBe(100);
    expect(everOpened.tracks).toBeGreaterThan(25);
    expect(browser.pageErrors).toEqual([]);
    expect(browser.consoleErrors).toEqual([]);
  });

  it("leave no session on the server either", async () => {
    const sessions = async (): Promise<unknown> => {
      const response = await fetch(`${backend.url}/healthz`);
      return ((await response.json()) as { sessions: unknown }).sessions;
    };
    await eventually(sessions).toBe(0);
  });

  it("release the microphone when the far end goes for good", async () => {
    // elevenlabs/packages#688: the microphone stays on when the far end ends the session.
    const { page } = browser;
    const shortLived = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
    await page.goto(site.url());
    const stream = await PageStream.create(page, shortLived.webSocketUrl, { reconnect: { maxElapsedMs: 500 } });
    await stream.start();
    expect(await browser.live()).toMatchObject({ tracks: 1, contexts: 1, sockets: 1 });
    await shortLived.kill9();
    expect(await stream.ended()).toMatchObject({ outcome: "failed", code: "retries-exhausted" });
    await expectReleased(browser);
    await shortLived[Symbol.asyncDispose]();
  });
});
