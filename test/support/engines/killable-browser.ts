import { systemClock } from "loquilex/resources";
import { chromium } from "playwright-core";
import puppeteer from "puppeteer-core";
import { Belongings } from "./belongings.js";
import type { ScriptablePage } from "./engine-page.js";
import type { FoundEngine } from "./engines.js";
import { killDescendants } from "./kill-descendants.js";
import { launchKillableWebKit } from "./killable-webkit.js";
import { LeashedProcess } from "./leashed-process.js";

/** A page in a browser whose profile outlives it. */
export interface KillableBrowser extends AsyncDisposable {
  /** The latest one. */
  readonly page: ScriptablePage;
  /** Opens another page. */
  openAgain(url: string): Promise<void>;
  /** Ends every process that runs pages, at once. */
  killTabs(): Promise<void>;
  /** Ends the browser with all its processes, at once. */
  kill(): Promise<void>;
}

const OPEN_TIMEOUT_MS = 20_000;

/** Of a Chromium that is driven from outside. */
export const CHROMIUM_FLAGS = [
  "--headless=new",
  // Chromium's sandbox does not run for root, and nothing but our own pages is opened.
  "--no-sandbox",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--remote-debugging-port=0",
];

/** Opens a page in the profile's browser. One in WebKitGTK has to load `TOLD_SCRIPT`. */
export async function launchKillable(engine: FoundEngine, profile: string, url: string): Promise<KillableBrowser> {
  if (engine.name === "webkit") return launchKillableWebKit(engine, profile, url);
  const belongings = new Belongings();
  return belongings.unlessItFails(async () => {
    const isChromium = engine.name === "chromium";
    const args = isChromium
      ? [...CHROMIUM_FLAGS, `--user-data-dir=${profile}`, "about:blank"]
      : ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port=0", "about:blank"];
    const env = Object.fromEntries(
      Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    );
    const process_ = belongings.use(new LeashedProcess({ command: engine.executablePath, args, env }));
    const open = isChromium
      ? await chromiumPages(belongings, await process_.written(/DevTools listening on (ws:\S+)/))
      : await firefoxPages(belongings, await process_.written(/WebDriver BiDi listening on (ws:\S+)/));
    let page = await open(url);
    const killAll = (pattern: RegExp, thread?: string) => killDescendants(process_.pid, pattern, thread);
    return {
      get page() {
        return page;
      },
      async openAgain(next) {
        const deadline = systemClock.now() + OPEN_TIMEOUT_MS;
        for (;;) {
          try {
            page = await open(next);
            return;
          } catch (error) {
            // A browser may give a page to a process that was killed with the others, and has not noticed.
            if (systemClock.now() > deadline) throw error;
          }
        }
      },
      // Firefox opens no page any more once the processes are gone that wait for the next one.
      killTabs: () => (isChromium ? killAll(/--type=renderer/) : killAll(/-contentproc .* tab$/, "DOM Worker")),
      async kill() {
        await killAll(/./);
        await process_.ended();
      },
      [Symbol.asyncDispose]: () => belongings[Symbol.asyncDispose](),
    };
  });
}

type OpenPage = (url: string) => Promise<ScriptablePage>;

async function chromiumPages(belongings: Belongings, address: string): Promise<OpenPage> {
  const browser = await chromium.connectOverCDP(address);
  belongings.defer(() => browser.close().catch(() => {}));
  return async (url) => {
    const [context = await browser.newContext()] = browser.contexts();
    const page = await context.newPage();
    await page.goto(url);
    return { evaluate: page.evaluate.bind(page) };
  };
}

async function firefoxPages(belongings: Belongings, address: string): Promise<OpenPage> {
  const browser = await puppeteer.connect({
    browserWSEndpoint: `${address}/session`,
    protocol: "webDriverBiDi",
    protocolTimeout: OPEN_TIMEOUT_MS,
    defaultViewport: null,
  });
  belongings.defer(() => browser.disconnect().catch(() => {}));
  return async (url) => {
    const page = await browser.newPage();
    await page.goto(url);
    return { evaluate: page.evaluate.bind(page) as ScriptablePage["evaluate"] };
  };
}
