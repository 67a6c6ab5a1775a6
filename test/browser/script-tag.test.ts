import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { eventually } from "./eventually.js";
import type {} from "./page-stream.js";
import { expectReleased } from "./released.js";

describe("the script-tag page", () => {
  let backend: BackendProcess;
  let browser: ChromiumPage;

  beforeAll(async () => {
    backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
    browser = await ChromiumPage.launch({
      executablePath: inject("chromiumPath"),
      microphone: { what: "sentence", tailMs: 3_000 },
    });
  });

  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  it("streams, shows a caption and stops, from the bundle alone and without a build step", async () => {
    const { page } = browser;
    await page.goto(`${backend.url}/script-tag/`);
    expect(await page.evaluate(() => Object.keys(LoquiLex))).toContain("createMicrophoneStream");
    await page.getByRole("button", { name: "Start" }).click();
    const state = page.locator("#state");
    await eventually(() => state.textContent()).toBe("streaming");
    await page.locator("#finals li").first().waitFor();
    expect(await page.locator("#finals li").first().textContent()).not.toBe("");
    await page.getByRole("button", { name: "Stop" }).click();
    await eventually(() => state.textContent()).toBe("closed");
    expect(await page.getByRole("alert").count()).toBe(0);
    await expectReleased(browser, { everOpened: { tracks: 1 } });
    expect(browser.pageErrors).toEqual([]);
    expect(browser.consoleErrors).toEqual([]);
  });
});
