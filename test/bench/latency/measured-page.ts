import puppeteer from "puppeteer-core";
import { ChromiumPage } from "../../support/chromium-page.js";
import type { TracingSession } from "../tracing.js";

/** A page of a Chromium of its own, with a microphone that is allowed. */
export interface MeasuredPage extends AsyncDisposable {
  /** Runs JavaScript before any script of a page that is opened later. */
  runFirst(script: string): Promise<void>;
  open(url: string): Promise<void>;
  addModule(code: string): Promise<void>;
  /** The value of a JavaScript expression; a promise is waited for. */
  evaluate<Value>(expression: string): Promise<Value>;
  /** A session with the browser itself. */
  readonly tracing: TracingSession;
}

export async function openVisiblePage(executablePath: string): Promise<MeasuredPage> {
  const browser = await ChromiumPage.launch({ executablePath });
  const { page } = browser;
  const tracing = await page.context().browser()?.newBrowserCDPSession();
  if (tracing === undefined) throw new Error("The browser has gone.");
  return {
    async runFirst(script) {
      await page.addInitScript(script);
    },
    async open(url) {
      await page.goto(url);
    },
    async addModule(content) {
      await page.addScriptTag({ type: "module", content });
    },
    evaluate: (expression) => page.evaluate(expression),
    tracing,
    async [Symbol.asyncDispose]() {
      // Not every subject lets go of everything; a page that is left does.
      await page.goto("about:blank");
      await browser[Symbol.asyncDispose]();
    },
  };
}

/** What keeps hidden pages from being slowed down, and what shows none of it. */
const NOT_AS_PEOPLE_RUN_IT = [
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

/** A page behind another one. Playwright keeps all of its pages visible, so that this one is Puppeteer's. */
export async function openHiddenPage(executablePath: string): Promise<MeasuredPage> {
  const browser = await puppeteer.launch({
    executablePath,
    ignoreDefaultArgs: NOT_AS_PEOPLE_RUN_IT,
    args: [
      // Chromium's sandbox does not run for root, and nothing but our own pages is opened.
      "--no-sandbox",
      "--use-fake-ui-for-media-stream",
      "--use-fake-device-for-media-stream",
      "--autoplay-policy=no-user-gesture-required",
    ],
  });
  const page = await browser.newPage();
  return {
    async runFirst(script) {
      await page.evaluateOnNewDocument(script);
    },
    async open(url) {
      await page.goto(url);
      const other = await browser.newPage();
      await other.bringToFront();
      const state = await page.evaluate("document.visibilityState");
      if (state !== "hidden") throw new Error(`The page behind another is ${state}, and should be hidden.`);
    },
    async addModule(content) {
      await page.addScriptTag({ type: "module", content });
    },
    evaluate: async <Value>(expression: string) => (await page.evaluate(expression)) as Value,
    tracing: await browser.target().createCDPSession(),
    [Symbol.asyncDispose]: () => browser.close(),
  };
}
