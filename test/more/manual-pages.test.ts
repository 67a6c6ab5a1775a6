import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { ROOT } from "../package/consumer.js";
import { BackendProcess } from "../support/backend-process.js";
import { type ChromiumOptions, ChromiumPage } from "../support/chromium-page.js";
import { FolderSite } from "../support/folder-site.js";
import { freePort } from "../support/free-port.js";
import { GONE, type ManualPage, ManualPages } from "../support/manual-pages.js";
import { MORE } from "./more.js";

const SHOWN_MS = 15_000;
/** Understands something at once, and says which of its runs it is. */
const RECOGNISER = 'head -c 3200 >/dev/null; echo "These are the words of $$."; cat >/dev/null';
const WORDS = /These are the words of \d+\./;
const ABOUT_MICROPHONE = /^[A-Z].*(?:microphone|tab is shared).*\.$/s;
const ABOUT_SERVER = /^[A-Z].*(?:server|speech service).*\.$/s;

/** Waits until the page says something of the kind. @returns what it says. */
async function says(page: Page, what: RegExp, not?: string): Promise<string> {
  const shown = page
    .getByText(what)
    .filter({ visible: true, ...(not && { hasNotText: not }) })
    .first();
  await shown.waitFor({ timeout: SHOWN_MS });
  return (await shown.textContent())?.match(what)?.[0] ?? "";
}

async function press(page: Page, name: "Start" | "Stop"): Promise<void> {
  const button = page.getByRole("button", { name, exact: true }).first();
  if (await button.isVisible()) await button.click();
}

/** Starts, stops and starts again; each start has words of its own. */
async function startTwice(browser: ChromiumPage, url: string, { startsAgain }: ManualPage): Promise<void> {
  const { page } = browser;
  let before: string | undefined;
  for (const _ of ["first", "again"]) {
    if (before === undefined || !startsAgain) await page.goto(url);
    // A second press within half a second is one too many for some.
    else await page.waitForTimeout(600);
    await press(page, "Start");
    before = await says(page, WORDS, before);
    if (startsAgain) await page.waitForTimeout(600);
    await press(page, "Stop");
    if (startsAgain)
      await expect.poll(() => browser.live(), { timeout: SHOWN_MS }).toMatchObject({ tracks: 0, sockets: 0 });
  }
}

interface Scene {
  readonly name: string;
  readonly microphone?: ChromiumOptions["microphone"];
  readonly isFor: (page: ManualPage) => boolean;
  readonly play: (browser: ChromiumPage, url: string, page: ManualPage) => Promise<unknown>;
}

const startAndRead =
  (what: RegExp) =>
  async ({ page }: ChromiumPage, url: string): Promise<void> => {
    await page.goto(url);
    await press(page, "Start");
    await says(page, what);
  };

const SCENES: readonly (Scene & { readonly server: "ours" | "none" | "another" })[] = [
  { name: "starts, stops and starts again", server: "ours", isFor: ({ speaksOurs }) => speaksOurs, play: startTwice },
  {
    name: "shows a sentence if the microphone is refused",
    server: "ours",
    microphone: "denied",
    isFor: ({ asks }) => asks,
    play: startAndRead(ABOUT_MICROPHONE),
  },
  {
    name: "shows a sentence if there is no server",
    server: "none",
    isFor: () => true,
    play: startAndRead(ABOUT_SERVER),
  },
  {
    name: "shows a sentence if the server is another one",
    server: "another",
    isFor: () => true,
    play: startAndRead(ABOUT_SERVER),
  },
];

describe("all code of the manual that is for pages", () => {
  let folder: string;
  let manual: ManualPages;
  let backend: BackendProcess;
  /** A web server of somebody else, which knows no WebSocket. */
  const another = createServer((_, response) => void response.end("Welcome."));

  beforeAll(async () => {
    folder = await mkdtemp(join(MORE, "out-"));
    manual = await ManualPages.build(folder, join(ROOT, "dist"));
    backend = await BackendProcess.start({ env: { LX_ENGINE: "command", LX_ENGINE_COMMAND: RECOGNISER } });
    await new Promise<void>((resolve) => another.listen(0, "127.0.0.1", resolve));
  });

  afterAll(async () => {
    await backend[Symbol.asyncDispose]();
    another.closeAllConnections();
    await new Promise((resolve) => another.close(resolve));
    await rm(folder, { recursive: true, force: true });
  });

  it("is there: nothing is left out that the manual does not have any more", () => {
    expect(GONE).toEqual([]);
    expect(manual.pages.length).toBeGreaterThan(25);
  });

  it.each(SCENES)("$name", async ({ name, server, microphone = "beep", isFor, play }) => {
    const ports = { ours: backend.port, none: await freePort(), another: (another.address() as AddressInfo).port };
    const pages = join(folder, name.replaceAll(/\W+/g, "-"));
    // It is there if this is another try.
    await mkdir(pages, { recursive: true });
    await manual.serveWith(ports[server], pages);
    const site = await FolderSite.serve(pages);
    const browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath"), microphone });
    const faults: string[] = [];
    try {
      await browser.page.route("**/speech-token", (route) => route.fulfill({ body: "a token" }));
      for (const page of manual.pages.filter(isFor)) {
        try {
          await play(browser, site.url(`/${page.name}.html`), page);
        } catch (error) {
          faults.push(`${page.where}: ${error}\nThe page says: ${await browser.page.textContent("body")}`);
        }
        faults.push(...browser.pageErrors.splice(0).map((error) => `${page.where}: ${error}`));
        await browser.page.goto("about:blank");
      }
    } finally {
      await browser[Symbol.asyncDispose]();
      await site[Symbol.asyncDispose]();
    }
    expect(faults).toEqual([]);
  });
});
