import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { BackendProcess } from "../support/backend-process.js";
import { type ChromiumOptions, ChromiumPage } from "../support/chromium-page.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { eventually } from "./eventually.js";
import { PageStream, type PageStreamOptions } from "./page-stream.js";
import { expectReleased } from "./released.js";
import { TestSite } from "./test-site.js";

const INSECURE_NAME = "insecure.test";

/** How far a page's clock of our own goes at once, in milliseconds. Longer steps would be sleep, which does not count. */
const STEP_MS = 1_000;

describe("a stream that cannot be", () => {
  let backend: BackendProcess;
  let site: TestSite;
  /** Refuses every connection, and keeps its port from being anybody else's. */
  let nowhere: TcpProxy;

  beforeAll(async () => {
    backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter", LX_TOKEN: "the right one" } });
    site = await TestSite.serve();
    nowhere = await TcpProxy.listen({ targetPort: backend.port });
    nowhere.refuse();
  });

  afterAll(async () => {
    await nowhere[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  interface Failure {
    readonly title: string;
    readonly code: string;
    /** What the demo page calls it. */
    readonly heading: string;
    readonly browser?: Omit<ChromiumOptions, "executablePath">;
    /** Takes something from the page before its own scripts run. */
    readonly breakPage?: () => void;
    readonly host?: string;
    readonly server?: () => string;
    readonly options?: PageStreamOptions;
    readonly opensMicrophone: boolean;
  }

  const FAILURES: readonly Failure[] = [
    {
      title: "when the person does not allow the microphone",
      code: "permission-denied",
      heading: "The microphone was not allowed",
      browser: { microphone: "denied" },
      opensMicrophone: false,
    },
    {
      title: "when there is no microphone",
      code: "device-not-found",
      heading: "No microphone was found",
      browser: { microphone: "none" },
      opensMicrophone: false,
    },
    {
      // ricky0123/vad#32: "undefined addModule" instead of a reason.
      title: "on a page that is not a secure context",
      code: "insecure-context",
      heading: "This page's address is not secure",
      browser: { localNames: [INSECURE_NAME] },
      host: INSECURE_NAME,
      opensMicrophone: false,
    },
    {
      title: "in a browser that has no AudioWorklet",
      code: "unsupported",
      heading: "This browser cannot do it",
      breakPage: () => Reflect.deleteProperty(globalThis, "AudioWorkletNode"),
      opensMicrophone: false,
    },
    {
      title: "when the server cannot be reached",
      code: "connect-failed",
      heading: "The server cannot be reached",
      server: () => `ws://127.0.0.1:${nowhere.port}/v1/stream`,
      options: { reconnect: false },
      opensMicrophone: true,
    },
    {
      // whatwg/websockets#21: a refusal that looks like any other broken connection.
      title: "when the token is wrong",
      code: "unauthorized",
      heading: "The access token was refused",
      options: { token: "the wrong one" },
      opensMicrophone: true,
    },
  ];

  describe.each(FAILURES)("$title", (failure) => {
    let browser: ChromiumPage;

    beforeAll(async () => {
      browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath"), ...failure.browser });
      if (failure.breakPage !== undefined) await browser.page.addInitScript(failure.breakPage);
    });

    afterAll(() => browser[Symbol.asyncDispose]());

    it(`ends in ${failure.code}, with the microphone released`, async () => {
      const { page } = browser;
      await page.goto(site.url("/", failure.host));
      const stream = await PageStream.create(page, failure.server?.() ?? backend.webSocketUrl, failure.options);
      const end = await stream.startAndEnd();
      expect(end).toMatchObject({ outcome: "failed", code: failure.code });
      expect(end.message).toMatch(/^[A-Z].*\.$/);
      const live = await browser.live();
      expect(live).toMatchObject({ tracks: 0, contexts: 0, sockets: 0 });
      expect(live.everOpened.tracks > 0).toBe(failure.opensMicrophone);
      expect(browser.pageErrors).toEqual([]);
    });

    it("is said by the demo page in a plain sentence", async () => {
      const { page } = browser;
      // The page goes on trying for a minute, which a clock of our own makes shorter. A worker has a clock of its own.
      if (failure.server !== undefined) {
        await page.addInitScript(() => Reflect.deleteProperty(globalThis, "Worker"));
        await page.clock.install();
      }
      const address = new URL(`http://${failure.host ?? "127.0.0.1"}:${backend.port}/`);
      if (failure.server !== undefined) address.searchParams.set("server", failure.server());
      await page.goto(address.href);
      if (failure.options?.token !== undefined) {
        await page.getByRole("button", { name: "More" }).click();
        await page.getByLabel("Access token").fill(failure.options.token);
      }
      await page.getByRole("button", { name: "Start" }).click();
      if (failure.server !== undefined) {
        await eventually(async () => (await browser.live()).everOpened.sockets).toBeGreaterThan(0);
      }
      const alert = page.getByRole("alert");
      const said = alert.getByText(failure.heading, { exact: true });
      await eventually(async () => {
        if (failure.server !== undefined) await page.clock.fastForward(STEP_MS);
        return said.isVisible();
      }).toBe(true);
      expect(await alert.locator("p").textContent()).toMatch(/^[A-Z].*\.$/);
      expect(await alert.locator("code").textContent()).toBe(failure.code);
      expect(await page.getByRole("button", { name: "Start" }).isVisible()).toBe(true);
      await expectReleased(browser);
      expect(browser.pageErrors).toEqual([]);
    });
  });

  it("writes the token into no log", () => {
    expect(backend.log).toContain("Ready.");
    expect(backend.log).not.toContain("the right one");
    expect(backend.log).not.toContain("the wrong one");
  });
});
