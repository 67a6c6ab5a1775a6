import puppeteer, { type Browser, type Page } from "puppeteer-core";
import type { EnginePage, EnginePageOptions } from "./engine-page.js";

const FLAGS = [
  // Chromium's sandbox does not run for root, and nothing but our own pages is opened.
  "--no-sandbox",
  "--use-fake-ui-for-media-stream",
  "--autoplay-policy=no-user-gesture-required",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Chromium with a real microphone as the system has it, unlike the fake device that it brings itself. */
export class ChromiumEngine implements EnginePage {
  readonly version: string;
  readonly evaluate: EnginePage["evaluate"];
  readonly #browser: Browser;
  readonly #page: Page;

  private constructor(browser: Browser, version: string, page: Page) {
    this.#browser = browser;
    this.#page = page;
    this.version = version;
    this.evaluate = page.evaluate.bind(page) as EnginePage["evaluate"];
  }

  static async launch({ executablePath, env }: EnginePageOptions): Promise<ChromiumEngine> {
    // Not Playwright, which loses a page that comes out of the cache of the back button.
    const options = {
      ...{ executablePath, args: FLAGS, env, defaultViewport: null, acceptInsecureCerts: true },
      // Puppeteer mutes a browser without a window, whose loudspeaker no microphone would hear.
      ignoreDefaultArgs: ["--mute-audio"],
    };
    const browser = await puppeteer.launch(options);
    try {
      const [page = await browser.newPage()] = await browser.pages();
      return new ChromiumEngine(browser, (await browser.version()).replace("Chrome/", "Chromium "), page);
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  async open(url: string): Promise<void> {
    await this.#page.goto(url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}
