import type { Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { eventually } from "../browser/eventually.js";
import { expectReleased } from "../browser/released.js";
import { html, TestSite } from "../browser/test-site.js";
import { violationsOf } from "../support/accessibility.js";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";

const DEFINE =
  '<script type="module">import { defineCaptionsElement } from "/dist/element.js"; defineCaptionsElement();</script>';

/** What a screen reader is told, shadow trees included. */
const spoken = (page: Page): Promise<string> => page.locator("main").ariaSnapshot();

const part = (page: Page, name: string) => page.locator(`loquilex-captions [part="${name}"]`);

describe("<loquilex-captions> in a page", () => {
  let backend: BackendProcess;
  let browser: ChromiumPage;
  let site: TestSite;
  let page: Page;

  beforeAll(async () => {
    backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
    browser = await ChromiumPage.launch({
      executablePath: inject("chromiumPath"),
      microphone: { what: "sentence", tailMs: 3_000 },
    });
    const element = `<main><h1>Captions</h1><loquilex-captions url="${backend.webSocketUrl}"></loquilex-captions></main>${DEFINE}`;
    const styled = `<style>:root { color-scheme: dark; background: #111; color: #eee; font-family: serif }
      main { width: 300px }
      loquilex-captions { --loquilex-gap: 4px }
      loquilex-captions::part(button) { background: rgb(0, 80, 60) }
      loquilex-captions::part(finals) { font-weight: 700 }</style>`;
    site = await TestSite.serve({
      "/plain": { html: html(element) },
      "/rtl": { html: html(`${styled}${element}`).replace('lang="en"', 'lang="he" dir="rtl"') },
    });
    page = browser.page;
  });
  beforeEach(() => {
    browser.consoleErrors.length = 0;
  });
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  it("is worked by the keyboard alone, says what it does, and axe finds nothing wrong while it streams", async () => {
    await page.goto(site.url("/plain"));
    expect(await spoken(page)).toContain('- button "Start"');
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await part(page, "final").first().waitFor();
    const said = await spoken(page);
    expect(said).toContain('- button "Stop"');
    expect(said).toMatch(/- meter "Level"/);
    expect(said).toMatch(/- log "Captions":\s+- paragraph: \S/);
    expect(await violationsOf(page)).toEqual([]);
    // The focus is still where the person left it, and it can be seen.
    expect(await part(page, "button").evaluate((button) => getComputedStyle(button).outlineStyle)).toBe("solid");
    await page.keyboard.press("Space");
    await eventually(() => part(page, "button").textContent()).toBe("Start");
    await expectReleased(browser);
    expect([browser.pageErrors, browser.consoleErrors]).toEqual([[], []]);
  });

  it("takes the page's direction, colours and widths, and what the page says of its parts", async () => {
    await page.goto(site.url("/rtl"));
    await page.locator("loquilex-captions").evaluate((element: HTMLElement & { texts?: object }) => {
      element.texts = { start: "התחל", captions: "כתוביות", microphone: "מיקרופון", level: "עוצמה" };
    });
    await page.getByRole("button", { name: "התחל" }).click();
    await part(page, "final").first().waitFor();
    const box = async (name: string) => (await part(page, name).boundingBox()) ?? { x: 0, width: 0 };
    const [button, level] = [await box("button"), await box("level")];
    expect(button.x).toBeGreaterThan(level.x);
    const style = (name: string, property: string): Promise<string> =>
      part(page, name).evaluate((element, what) => getComputedStyle(element).getPropertyValue(what), property);
    expect(await style("button", "background-color")).toBe("rgb(0, 80, 60)");
    expect(await style("finals", "font-weight")).toBe("700");
    expect(await style("controls", "column-gap")).toBe("4px");
    expect(await style("captions", "color")).toBe("rgb(238, 238, 238)");
    // An English sentence runs from left to right on a page that runs the other way.
    expect(await part(page, "final").first().getAttribute("dir")).toBe("auto");
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    expect(await violationsOf(page)).toEqual([]);
    await page.evaluate(() => document.querySelector("loquilex-captions")?.remove());
    await expectReleased(browser);
    expect([browser.pageErrors, browser.consoleErrors]).toEqual([[], []]);
  });

  it("keeps its looks in a document that it is moved to, and turns the microphone off when that goes away", async () => {
    await page.goto(site.url("/plain"));
    await page.evaluate(() => {
      const frame = document.createElement("iframe");
      document.body.append(frame);
      const element = document.querySelector("loquilex-captions");
      if (element !== null) frame.contentDocument?.body.append(element);
    });
    const moved = page.frameLocator("iframe").locator('loquilex-captions [part="button"]');
    expect(await moved.evaluate((button) => getComputedStyle(button).cursor)).toBe("pointer");
    await moved.click();
    await page.frameLocator("iframe").locator('[part="final"]').first().waitFor();
    await page.evaluate(() => document.querySelector("iframe")?.remove());
    await expectReleased(browser);
    expect([browser.pageErrors, browser.consoleErrors]).toEqual([[], []]);
  });
});
