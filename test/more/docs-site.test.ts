import { expect, inject, it } from "vitest";
import { buildDocs, SITE } from "../../.config/docs/build.js";
import { checkLinks } from "../../.config/docs/dead-links.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { FolderSite } from "../support/folder-site.js";

it("the manual is built into a site without dead links, in which the types can be searched without a server", async () => {
  await buildDocs();
  const { checked, dead } = checkLinks(SITE);
  expect(dead).toEqual([]);
  expect(checked).toBeGreaterThan(1_000);
  const site = await FolderSite.serve(SITE);
  const browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
  try {
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
  } finally {
    await browser[Symbol.asyncDispose]();
    await site[Symbol.asyncDispose]();
  }
});
