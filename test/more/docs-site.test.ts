import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { buildDocs, SITE } from "../../.config/docs/build.js";
import { checkLinks } from "../../.config/docs/dead-links.js";
import { violationsOf } from "../support/accessibility.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { FolderSite } from "../support/folder-site.js";

/** For people to look at; git does not see it. */
const PICTURES = join(import.meta.dirname, "../../out-screenshots");
/** The tools may have to be installed first. */
const BUILD_MS = 600_000;
/** Narrow enough for most telephones. */
const PHONE = { width: 360, height: 740 };
/** Of every kind: with a picture, with code, with wide tables, generated, and what is shown for an address that is wrong. */
const LOOKED_AT = [
  ...["index", "docs/start", "docs/troubleshooting", "docs/reference/react", "src/protocol/PROTOCOL"],
  ...["test/bench/RESULTS", "404"],
];
/** Of VitePress's own search box, which makes one button of everything in it. */
const KNOWN_OF_THE_SEARCH = ["label-content-name-mismatch", "nested-interactive"];

/** How much wider than the window a page is, and the first elements that stick out of it. */
const overflowOf = (page: Page): Promise<readonly [number, ...string[]]> =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const tooWide = [...document.querySelectorAll("main :not(pre *)")].filter(
      (element) => element.getBoundingClientRect().right > clientWidth + 1,
    );
    return scrollWidth === clientWidth
      ? [0]
      : [scrollWidth - clientWidth, ...tooWide.slice(0, 3).map(({ outerHTML }) => outerHTML.slice(0, 120))];
  });

describe("the manual's site", () => {
  let site: FolderSite;

  beforeAll(async () => {
    await mkdir(PICTURES, { recursive: true });
    await buildDocs();
    site = await FolderSite.serve(SITE);
  }, BUILD_MS);
  afterAll(() => site[Symbol.asyncDispose]());

  it("has no dead links, and can be searched for types without a server", async () => {
    const { checked, dead } = checkLinks(SITE);
    expect(dead).toEqual([]);
    expect(checked).toBeGreaterThan(1_000);
    await using browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
    const { page } = browser;
    const elsewhere: string[] = [];
    page.on("request", (request) => {
      if (!request.url().startsWith(site.url("/")) && !request.url().startsWith("data:")) elsewhere.push(request.url());
    });
    await page.goto(site.url("/"));
    expect(await page.locator("h1").first().textContent()).toContain("LoquiLex");
    await page.locator(".DocSearch-Button").first().click();
    await page.locator("#localsearch-input").fill("checkSupport");
    await page.locator(".results .result").first().click();
    await page.waitForURL(/\/docs\//);
    expect(await page.locator("main").textContent()).toContain("checkSupport");
    expect(elsewhere).toEqual([]);
    expect(browser.pageErrors).toEqual([]);
  });

  it("fits on a telephone without scrolling sideways, every page of it", async () => {
    await using browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
    const { page } = browser;
    await page.setViewportSize(PHONE);
    const paths = (await readdir(SITE, { recursive: true })).filter((path) => path.endsWith(".html"));
    expect(paths.length).toBeGreaterThan(40);
    const wrong: unknown[] = [];
    for (const path of paths) {
      await page.goto(site.url(`/${path}`));
      const [overflow, ...tooWide] = await overflowOf(page);
      if (overflow > 0) wrong.push([path, overflow, ...tooWide]);
    }
    expect(wrong).toEqual([]);
    expect(browser.pageErrors).toEqual([]);
  });

  it.each(["light", "dark"] as const)(
    "is accessible on a telephone in the %s, and so are its menus",
    async (colorScheme) => {
      await using browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
      const { page } = browser;
      await page.setViewportSize(PHONE);
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const wrong: unknown[] = [];
      const look = async (name: string, ...known: readonly string[]): Promise<void> => {
        await page.screenshot({ path: join(PICTURES, `manual-${name.replaceAll("/", "-")}-${colorScheme}.png`) });
        expect([name, await overflowOf(page)]).toEqual([name, [0]]);
        const violations = await violationsOf(page);
        wrong.push(...violations.filter(([rule]) => !known.includes(rule)).map((violation) => [name, ...violation]));
      };
      for (const name of LOOKED_AT) {
        await page.goto(site.url(`/${name}.html`));
        const isDark = await page.evaluate(() => document.documentElement.classList.contains("dark"));
        expect([name, isDark]).toEqual([name, colorScheme === "dark"]);
        await look(name);
      }
      const open = async (button: string, opened: string): Promise<void> => {
        await page.goto(site.url("/docs/start.html"));
        await page.getByRole("button", { name: button }).first().click();
        await page.locator(opened).waitFor();
      };
      await open("Menu", ".VPSidebar.open");
      await look("sidebar");
      await open("mobile navigation", ".VPNavScreen");
      await look("menu");
      await open("Search", ".VPLocalSearchBox");
      await page.locator("#localsearch-input").fill("checkSupport");
      await page.locator(".results .result").first().waitFor();
      await look("search", ...KNOWN_OF_THE_SEARCH);
      expect(wrong).toEqual([]);
      expect(browser.pageErrors).toEqual([]);
    },
  );
});
