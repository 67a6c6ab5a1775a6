import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { ChromiumPage } from "../support/chromium-page.js";
import { type ServiceCaller, ServiceHost, type ServiceSession } from "../support/dialects/speech-service.js";
import { VoskService } from "../support/dialects/vosk-service.js";
import { HOST, PageStream, type PageStreamOptions } from "./page-stream.js";
import { expectReleased } from "./released.js";
import { html, TestSite } from "./test-site.js";

const RATE = 16_000;
const PAGE = html('<script type="module" src="/sdk.js"></script><script type="module" src="/vosk.js"></script>');
const FILES = { workletUrl: "/dist/capture.worklet.js", workerUrl: "/dist/loquilex.dialects.worker.js" };

/** The page does nothing else for 500 of every 700 ms. */
const BLOCK_AGAIN_AND_AGAIN = `setInterval(() => {
  const until = performance.now() + 500;
  while (performance.now() < until);
}, 700)`;
/** How late audio may come if nothing delays it, in milliseconds. On the page it is 500 at least. */
const ON_TIME_MS = 250;

/** A Vosk server that notes how late each message of audio is, beside the one that came with the least delay. */
class TimedVosk extends VoskService {
  readonly #times: number[] = [];

  get latestMs(): number {
    return Math.max(...this.#times) - Math.min(...this.#times);
  }

  override accept(caller: ServiceCaller): ServiceSession {
    const session = super.accept(caller);
    let samples = 0;
    return {
      ...session,
      receive: (message) => {
        if (typeof message !== "string") {
          samples += message.byteLength / 2;
          this.#times.push(performance.now() - (samples * 1_000) / RATE);
        }
        session.receive(message);
      },
    };
  }
}

describe("a stream that speaks with a Vosk server from a page", () => {
  let site: TestSite;
  let browser: ChromiumPage;

  beforeAll(async () => {
    site = await TestSite.serve({
      "/free": { html: PAGE },
      "/strict": {
        html: PAGE,
        contentSecurityPolicy: `default-src 'self'; img-src data:; connect-src ws://127.0.0.1:*; ${TestSite.reportUri}`,
      },
    });
    browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
  });

  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
  });

  async function speak(path: string, options: PageStreamOptions, isBlocked: boolean): Promise<TimedVosk> {
    const service = new TimedVosk();
    await using host = await ServiceHost.listen(service);
    await browser.page.goto(site.url(path));
    const stream = await PageStream.create(browser.page, `ws://127.0.0.1:${host.port}/`, { toVosk: true, ...options });
    await stream.start();
    await stream.captured(500);
    if (isBlocked) await browser.page.evaluate(BLOCK_AGAIN_AND_AGAIN);
    await stream.captured(isBlocked ? 3_500 : 1_000);
    const { host: ranIn } = await stream.stats();
    expect(ranIn).toBe(options.host === "page" || HOST === "page" ? "page" : "worker");
    await stream.close();
    expect(await stream.ended()).toMatchObject({ outcome: "closed" });
    expect(browser.pageErrors).toEqual([]);
    await expectReleased(browser);
    return service;
  }

  it("runs in a worker by itself, and a busy page delays no audio", async () => {
    const { latestMs } = await speak("/free", {}, true);
    console.log(`Vosk, page blocked 500 of every 700 ms, in a worker: at most ${Math.round(latestMs)} ms late`);
    if (HOST !== "page") expect(latestMs).toBeLessThan(ON_TIME_MS);
  });

  it("runs in a worker from a file under the policy default-src 'self', which nothing violates", async () => {
    const before = site.violations.length;
    await speak("/strict", FILES, false);
    expect(site.violations.slice(before)).toEqual([]);
  });
});
