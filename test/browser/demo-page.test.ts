import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { deferred } from "../../src/internal/deferred.js";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { DIGITS_GRAMMAR, SPOKEN_DIGITS } from "../support/speech.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { eventually } from "./eventually.js";
import { expectReleased } from "./released.js";

const seconds = async (page: Page, figure: string): Promise<number> =>
  Number.parseFloat((await page.locator(`#${figure}`).textContent()) ?? "");

/** Of the level meter, in dBFS. */
const level = async (page: Page): Promise<number> =>
  Number(await page.getByRole("meter", { name: "Microphone level" }).getAttribute("aria-valuenow"));

const state = (page: Page): Promise<string | null> => page.locator("#state").textContent();

describe("the demo page", () => {
  let backend: BackendProcess;

  beforeAll(async () => {
    backend = await BackendProcess.start({
      env: { LX_ENGINE: "pocketsphinx", LX_POCKETSPHINX_JSGF: DIGITS_GRAMMAR },
    });
  });

  afterAll(() => backend[Symbol.asyncDispose]());

  it("shows the level, the figures and the spoken digits as text, and lets the microphone go on Stop", async () => {
    await using browser = await ChromiumPage.launch({
      executablePath: inject("chromiumPath"),
      microphone: { what: "digits", tailMs: 2_000 },
    });
    const { page, speech } = browser;
    await page.goto(backend.url);
    expect(await state(page)).toBe("Ready");
    await page.getByRole("button", { name: "Start" }).click();
    await page.getByRole("button", { name: "Stop" }).waitFor();
    await eventually(() => state(page)).toBe("Streaming");
    expect(await browser.live()).toMatchObject({ tracks: 1, contexts: 1, workers: 2 });

    let loudest = Number.NEGATIVE_INFINITY;
    let quietest = 0;
    const spokenMs = speech?.durationMs ?? 0;
    while ((await seconds(page, "captured")) * 1_000 < spokenMs) {
      const now = await level(page);
      loudest = Math.max(loudest, now);
      quietest = Math.min(quietest, now);
      await page.waitForTimeout(50);
    }
    expect(loudest).toBeGreaterThan(-20);
    expect(quietest).toBeLessThan(-45);
    expect(await seconds(page, "sent")).toBeGreaterThan(spokenMs / 1_000 - 1);
    expect(await seconds(page, "acknowledged")).toBeGreaterThan(spokenMs / 1_000 - 1);
    expect(await seconds(page, "buffered")).toBeLessThan(1);
    expect(await page.locator("#engine").textContent()).toContain("pocketsphinx");

    await page.getByRole("button", { name: "Stop" }).click();
    await eventually(() => state(page)).toBe("Stopped");
    await expectReleased(browser);
    const captions = await page.locator("#finals li span").allTextContents();
    console.log(`Captions: ${captions.join(" | ")}`);
    expect(captions.join(" ").split(/\s+/)).toEqual(SPOKEN_DIGITS);
    expect(await page.locator("#partial").textContent()).toBe("");
    expect(await page.locator("#lost").textContent()).toBe("0 ms");
    expect(await page.locator("#history").textContent()).not.toContain("left out");
    expect(await page.getByRole("alert").count()).toBe(0);
    expect(browser.pageErrors).toEqual([]);
    expect(browser.consoleErrors).toEqual([]);
  });

  it("says that it reconnects, keeps counting, and goes on where it was", async () => {
    await using proxy = await TcpProxy.listen({ targetPort: backend.port });
    await using browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
    const { page } = browser;
    await page.goto(`http://127.0.0.1:${proxy.port}/`);
    await page.getByRole("button", { name: "Start" }).click();
    await eventually(() => seconds(page, "acknowledged")).toBeGreaterThan(0.5);
    proxy.refuse();
    proxy.reset();
    await eventually(() => state(page)).toBe("Reconnecting");
    await eventually(() => seconds(page, "buffered")).toBeGreaterThan(0.9);
    await proxy.accept();
    await eventually(() => state(page)).toBe("Streaming");
    await eventually(() => seconds(page, "buffered")).toBeLessThan(0.8);
    expect(await page.locator("#reconnects").textContent()).toBe("1");
    expect(await page.locator("#lost").textContent()).toBe("0 ms");
    expect(await page.locator("#history").textContent()).toContain("Away for");
    await page.getByRole("button", { name: "Stop" }).click();
    await eventually(() => state(page)).toBe("Stopped");
    await expectReleased(browser);
    expect(browser.pageErrors).toEqual([]);
  });

  it("is not stopped by a double press, pauses and resumes, and starts again after a stop", async () => {
    await using browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
    const { page } = browser;
    await page.goto(backend.url);
    // Both inside the page, since a busy machine takes longer than a person for two presses of a key.
    await page.getByRole("button", { name: "Start" }).evaluate((button: HTMLButtonElement) => {
      button.click();
      button.click();
    });
    await eventually(() => seconds(page, "captured")).toBeGreaterThan(0.3);
    await page.getByRole("button", { name: "More" }).click();
    await page.getByRole("button", { name: "Pause" }).click();
    await eventually(() => state(page)).toBe("Paused");
    await page.waitForTimeout(300);
    const paused = await seconds(page, "captured");
    await page.waitForTimeout(700);
    expect(await seconds(page, "captured")).toBe(paused);
    await page.getByRole("button", { name: "Pause" }).click();
    await eventually(() => seconds(page, "captured")).toBeGreaterThan(paused + 0.3);
    await page.getByRole("checkbox", { name: "Let go of the microphone" }).check();
    await page.getByRole("button", { name: "Pause" }).click();
    await eventually(async () => (await browser.live()).tracks).toBe(0);
    await eventually(() => page.locator("#advice").textContent()).toContain("The microphone is off.");
    await page.getByRole("button", { name: "Pause" }).click();
    await eventually(() => state(page)).toBe("Streaming");
    await page.getByRole("button", { name: "Stop" }).click();
    await eventually(() => state(page)).toBe("Stopped");
    await page.getByRole("button", { name: "Start" }).click();
    await eventually(() => state(page)).toBe("Streaming");
    expect(await browser.live()).toMatchObject({ tracks: 1, contexts: 1, workers: 2 });
    // A press within half a second is the second one of two.
    await page.waitForTimeout(700);
    await page.getByRole("button", { name: "Stop" }).click();
    await eventually(() => state(page)).toBe("Stopped");
    await expectReleased(browser);
    expect(browser.pageErrors).toEqual([]);
    expect(browser.consoleErrors).toEqual([]);
  });

  it("plays no sample over a recording that was started while the sample was being loaded", async () => {
    await using browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
    const { page } = browser;
    await page.goto(backend.url);
    const loading = deferred<void>();
    await page.route("**/*.wav", async (route) => {
      await loading.promise;
      await route.continue();
    });
    await page.getByRole("button", { name: "Send a sample" }).click();
    await page.getByRole("button", { name: "Start" }).click();
    await eventually(() => state(page)).toBe("Streaming");
    const answered = page.waitForResponse("**/*.wav");
    loading.resolve();
    await (await answered).finished();
    await eventually(() => page.locator("#sample").isEnabled()).toBe(true);
    expect(await page.locator("#advice").textContent()).toContain("Your voice");
    await page.getByRole("button", { name: "Stop" }).click();
    await eventually(() => state(page)).toBe("Stopped");
    await expectReleased(browser);
    expect([browser.pageErrors, browser.consoleErrors]).toEqual([[], []]);
  });
});
