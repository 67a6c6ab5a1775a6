import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer, { type Page } from "puppeteer-core";
import { Belongings } from "./belongings.js";
import type { EnginePage, EnginePageOptions } from "./engine-page.js";
import { LeashedProcess } from "./leashed-process.js";

const PREFERENCES: Readonly<Record<string, boolean | number>> = {
  // The person always allows the microphone, and sound without a click.
  "media.navigator.permission.disabled": true,
  "media.autoplay.default": 0,
  "media.autoplay.blocking_policy": 0,
  // Quiet about everything that is not the test's.
  "app.update.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
};

/**
 * Firefox ESR 153 gives silence where its microphone's sound has not come when its loudspeaker asks, and leaves out what is
 * more than 50 ms behind: the shorter the steps of both, the less, as measured from 15 to 60 ms.
 */
const PULSE_LATENCY_MSEC = "30";

/** Firefox by WebDriver BiDi. */
export class FirefoxEngine implements EnginePage {
  readonly version: string;
  readonly evaluate: EnginePage["evaluate"];
  readonly #belongings: Belongings;
  readonly #page: Page;

  private constructor(belongings: Belongings, version: string, page: Page) {
    this.#belongings = belongings;
    this.version = version;
    this.#page = page;
    this.evaluate = page.evaluate.bind(page) as EnginePage["evaluate"];
  }

  static async launch({ executablePath, env }: EnginePageOptions): Promise<FirefoxEngine> {
    const belongings = new Belongings();
    return belongings.unlessItFails(async () => {
      const profile = await mkdtemp(join(tmpdir(), "loquilex-firefox-"));
      belongings.defer(() => rm(profile, { recursive: true, force: true, maxRetries: 5 }));
      const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref("${name}", ${value});\n`);
      await writeFile(join(profile, "user.js"), lines.join(""));
      const args = ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port=0", "about:blank"];
      const firefox = belongings.use(
        new LeashedProcess({ command: executablePath, args, env: { ...env, PULSE_LATENCY_MSEC } }),
      );
      const address = await firefox.written(/WebDriver BiDi listening on (ws:\S+)/);
      const browser = await puppeteer.connect({
        browserWSEndpoint: `${address}/session`,
        protocol: "webDriverBiDi",
        defaultViewport: null,
        // Our own sites over https have a certificate that nobody vouches for.
        acceptInsecureCerts: true,
      });
      belongings.defer(() => browser.disconnect());
      const [page = await browser.newPage()] = await browser.pages();
      return new FirefoxEngine(belongings, (await browser.version()).replace("/", " "), page);
    });
  }

  async open(url: string): Promise<void> {
    await this.#page.goto(url);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#belongings[Symbol.asyncDispose]();
  }
}
