import { type Browser, chromium, type Page } from "playwright-core";
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
  readonly evaluate: Page["evaluate"];
  readonly #browser: Browser;
  readonly #page: Page;

  private constructor(browser: Browser, page: Page) {
    this.#browser = browser;
    this.#page = page;
    this.version = `Chromium ${browser.version()}`;
    this.evaluate = page.evaluate.bind(page);
  }

  static async launch({ executablePath, env }: EnginePageOptions): Promise<ChromiumEngine> {
    const browser = await chromium.launch({ executablePath, args: FLAGS, env });
    try {
      return new ChromiumEngine(browser, await browser.newPage());
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
