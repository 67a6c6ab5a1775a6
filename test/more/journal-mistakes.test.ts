import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { eventually } from "../browser/eventually.js";
import { html, TestSite } from "../browser/test-site.js";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { findEngine } from "../support/engines/find-engines.js";
import { KilledPages, loaded, RATE, speak } from "../support/killed/killed-page.js";
import { TcpProxy } from "../support/tcp-proxy.js";

const NAMES = ["sdk", "journal", "gate"];

describe("a page that has left a journal, and is loaded again", { timeout: 60_000 }, () => {
  let site: TestSite;
  let backend: BackendProcess;

  beforeAll(async () => {
    const body = NAMES.map((name) => `<script type="module" src="/${name}.js"></script>`).join("");
    site = await TestSite.serve({ "/": { html: html(body) } });
    backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter", LX_LOG_LEVEL: "error" } });
  });

  afterAll(async () => {
    await site[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  async function leave(): Promise<ChromiumPage> {
    await using proxy = await TcpProxy.listen({ targetPort: backend.port });
    const browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
    await browser.page.goto(site.url());
    await speak(browser.page, `ws://127.0.0.1:${proxy.port}/v1/stream`, false);
    proxy.refuse();
    proxy.reset();
    await delay(800);
    await browser.page.reload();
    await loaded(browser.page);
    return browser;
  }

  it("finds it however often it looks at the same time, as frameworks do that begin everything twice", async () => {
    await using browser = await leave();
    const found = await browser.page.evaluate(async () => {
      const [one, two, three] = await Promise.all([1, 2, 3].map(() => journal.recoverStreams()));
      return [one?.length, two?.length, three?.length];
    });
    expect(found).toEqual([1, 1, 1]);
  });

  it("keeps it when a recovery fails or is aborted, at any moment and for whatever reason, and can recover it then", async () => {
    await using browser = await leave();
    const { failures, sent, left } = await browser.page.evaluate(async (address) => {
      const nowhere = "ws://127.0.0.1:1/";
      const soon = () => AbortSignal.timeout(300);
      const endless = { connect: () => new Promise<never>(() => {}) };
      // The page has bound it to a stream, which is closed.
      const other = new sdk.AudioStream({
        source: sdk.samples([new Float32Array(16_000)], { sampleRate: 16_000 }),
        transport: sdk.webSocket(address),
      });
      await other.start();
      setTimeout(() => void other.close(), 300);
      const attempts: ((left: (typeof globalThis.left)[number]) => Promise<unknown>)[] = [
        (found) => found.recover(nowhere, { signal: other.signal }),
        (found) => found.recover(nowhere, { signal: AbortSignal.abort(new DOMException("", "AbortError")) }),
        (found) => found.recover(nowhere, { signal: soon() }),
        (found) => found.recover(endless, { signal: soon() }),
        (found) => found.recover(nowhere, { reconnect: { maxAttempts: 1, initialDelayMs: 10 } }),
        (found) => found.recover(nowhere, { reconnect: false }),
        (found) => found.recover(nowhere, { timeoutMs: 0 }),
        (found) => found.recover(address, { getToken: () => Promise.reject(new Error("No token.")), reconnect: false }),
      ];
      const failures: string[] = [];
      for (const attempt of attempts) {
        const found = await journal.recoverStreams();
        const [first] = found;
        if (first === undefined) return { failures: [...failures, "Nothing is left."], sent: undefined, left: 0 };
        const { name, code } = await attempt(first).then(
          () => ({ name: "none", code: undefined }),
          (error) => error,
        );
        failures.push(typeof code === "string" ? code : name);
      }
      const [last] = await journal.recoverStreams();
      const sent = await last?.recover(address);
      return { failures, sent, left: (await journal.recoverStreams()).length };
    }, backend.webSocketUrl);
    expect(failures).toEqual([
      ...["invalid-state", "AbortError", "TimeoutError", "TimeoutError"],
      ...["retries-exhausted", "retries-exhausted", "close-timeout", "retries-exhausted"],
    ]);
    expect(sent?.lost).toEqual([]);
    expect(sent?.knownTo).toBeGreaterThan(0.4 * RATE);
    expect(left).toBe(0);
  });
});

it("a stream on a full disk says so and goes on, and its journal has what is not acknowledged once there is room", async () => {
  await using site = await TestSite.serve({
    "/": { html: html(NAMES.map((name) => `<script type="module" src="/${name}.js"></script>`).join("")) },
  });
  await using backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter", LX_LOG_LEVEL: "error" } });
  await using proxy = await TcpProxy.listen({ targetPort: backend.port });
  await using browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
  const { page } = browser;
  await page.goto(site.url());
  await loaded(page);
  const devTools = await page.context().newCDPSession(page);
  const origin = new URL(site.url()).origin;
  await devTools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 1 });
  await speak(page, `ws://127.0.0.1:${proxy.port}/v1/stream`, false);
  proxy.refuse();
  proxy.reset();
  await eventually(() => page.evaluate(() => globalThis.pageWarnings.filter((text) => /^journal/.test(text)))).toEqual([
    expect.stringMatching(/^journal-unavailable: .*There is no room/),
  ]);
  await devTools.send("Storage.overrideQuotaForOrigin", { origin });
  await delay(2_500);
  await page.reload();
  await loaded(page);
  await proxy.accept();
  const recovered = await page.evaluate(async (address) => {
    const [left] = await journal.recoverStreams();
    return left?.recover(address);
  }, `ws://127.0.0.1:${proxy.port}/v1/stream`);
  expect(recovered).toMatchObject({ resumed: true, lost: [] });
  expect(recovered?.durationMs).toBeGreaterThan(2_000);
}, 60_000);

it("a private window of Firefox, which has a database and no files, keeps a journal until it is closed", async () => {
  const engine = await findEngine("firefox");
  if (engine === undefined) throw new Error("This machine has no Firefox.");
  await using pages = await KilledPages.open(engine);
  const { recovered, warnings, wrong, leftAfterwards } = await pages.die({
    ...{ how: "reload", connectedMs: 700, awayMs: 1_500 },
    preferences: 'user_pref("browser.privatebrowsing.autostart", true);\n',
  });
  expect(warnings.filter((warning) => warning.startsWith("journal"))).toEqual([]);
  expect({ wrong, lost: recovered.lost, leftAfterwards }).toEqual({ wrong: [], lost: [], leftAfterwards: 0 });
  expect(recovered.durationMs).toBeGreaterThan(1_000);
}, 120_000);
