import puppeteer, { type CDPSession } from "puppeteer-core";

/** A page of a Chromium of its own, with a microphone that is allowed. */
export interface MeasuredPage extends AsyncDisposable {
  /** Sessions of the debugging protocol, with the page and with the browser itself. */
  newDevtools(): Promise<CDPSession>;
  readonly browserDevtools: CDPSession;
  addModule(code: string): Promise<void>;
  /** The value of a JavaScript expression; a promise is waited for. */
  evaluate<Value>(expression: string): Promise<Value>;
}

export interface MeasuredPageOptions {
  readonly executablePath: string;
  readonly url: string;
  /** JavaScript to run before any script of the page. */
  readonly runFirst?: string;
  /** Puts the page behind another one. @defaultValue false */
  readonly hidden?: boolean;
}

/** What keeps hidden pages from being slowed down. */
const NOT_AS_PEOPLE_RUN_IT = [
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

/**
 * Opens a page with nothing in it that takes part in what is measured. Playwright would have a copy of each message of a
 * WebSocket sent to it, which costs more than to stream, and would keep all pages visible; Puppeteer can do without both.
 */
export async function openMeasuredPage(options: MeasuredPageOptions): Promise<MeasuredPage> {
  const { executablePath, url, runFirst, hidden = false } = options;
  const browser = await puppeteer.launch({
    executablePath,
    networkEnabled: false,
    issuesEnabled: false,
    ignoreDefaultArgs: NOT_AS_PEOPLE_RUN_IT,
    args: [
      // Chromium's sandbox does not run for root, and nothing but our own pages is opened.
      "--no-sandbox",
      "--use-fake-ui-for-media-stream",
      "--use-fake-device-for-media-stream",
      "--autoplay-policy=no-user-gesture-required",
    ],
  });
  try {
    const page = await browser.newPage();
    if (runFirst !== undefined) await page.evaluateOnNewDocument(runFirst);
    await page.goto(url);
    if (hidden) await (await browser.newPage()).bringToFront();
    const state = await page.evaluate("document.visibilityState");
    if ((state === "hidden") !== hidden) throw new Error(`The page is ${state}, and should not be.`);
    return {
      newDevtools: () => page.createCDPSession(),
      browserDevtools: await browser.target().createCDPSession(),
      async addModule(content) {
        await page.addScriptTag({ type: "module", content });
      },
      evaluate: async <Value>(expression: string) => (await page.evaluate(expression)) as Value,
      [Symbol.asyncDispose]: () => browser.close(),
    };
  } catch (error) {
    await browser.close();
    throw error;
  }
}
