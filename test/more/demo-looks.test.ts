import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { eventually } from "../browser/eventually.js";
import { expectReleased } from "../browser/released.js";
import { violationsOf } from "../support/accessibility.js";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { parseWav } from "../support/wav.js";

/** For people to look at; git does not see it. */
const PICTURES = join(import.meta.dirname, "../../out-screenshots");
/** Instead of the demo's ten seconds. */
const OUTAGE_MS = 2_000;

const state = (page: Page): Promise<string | null> => page.locator("#state").textContent();
const button = (page: Page, name: string) => page.getByRole("button", { name });
const seconds = async (page: Page, figure: string): Promise<number> =>
  Number.parseFloat((await page.locator(`#${figure}`).textContent()) ?? "");

/** How a person may have set their browser. */
const LOOKS: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  light: (page) => page.emulateMedia({ colorScheme: "light" }),
  dark: (page) => page.emulateMedia({ colorScheme: "dark" }),
  "forced-colours": (page) => page.emulateMedia({ forcedColors: "active", reducedMotion: "reduce" }),
  "320px": (page) => page.setViewportSize({ width: 320, height: 640 }),
  // A window of 1,280 pixels has room for half as many at twice the size.
  "zoom-200": (page) => page.setViewportSize({ width: 640, height: 400 }),
  rtl: (page) => turn(page, "rtl"),
};

const turn = (page: Page, direction: string): Promise<void> =>
  page.evaluate((dir) => document.documentElement.setAttribute("dir", dir), direction);

async function asBefore(page: Page): Promise<void> {
  await page.emulateMedia({ colorScheme: null, forcedColors: null, reducedMotion: null });
  await page.setViewportSize({ width: 1_280, height: 800 });
  await turn(page, "ltr");
}

/** Takes a picture of the page in each of these looks. Nothing may be cut off at the side in any of them. */
async function look(page: Page, stage: string, ...looks: readonly string[]): Promise<void> {
  for (const name of looks) {
    await LOOKS[name]?.(page);
    await page.screenshot({ path: join(PICTURES, `${stage}-${name}.png`), fullPage: true });
    const overflow = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect([stage, name, overflow]).toEqual([stage, name, 0]);
    await asBefore(page);
  }
}

describe("the demo page's looks, and what it offers besides", () => {
  let backend: BackendProcess;

  beforeAll(async () => {
    await mkdir(PICTURES, { recursive: true });
    backend = await BackendProcess.start({ args: ["--demo", "on"], env: { LX_ENGINE: "segmenter" } });
  });
  afterAll(() => backend[Symbol.asyncDispose]());

  it("breaks its own connection, shows what waits, and plays and hands out what the server has, in any light and width", async () => {
    await using browser = await ChromiumPage.launch({
      executablePath: inject("chromiumPath"),
      microphone: { what: "sentence", tailMs: 3_000 },
    });
    const { page } = browser;
    await page.route("**/api/faults", (route) =>
      route.continue({ postData: JSON.stringify({ ...route.request().postDataJSON(), durationMs: OUTAGE_MS }) }),
    );
    await page.goto(backend.url);
    await button(page, "More").click();
    await look(page, "idle", "light", "dark", "320px", "zoom-200", "rtl", "forced-colours");
    expect(await violationsOf(page)).toEqual([]);
    expect(await button(page, "Cut for 10 s").isDisabled()).toBe(true);

    await button(page, "Start").click();
    await page.locator("#finals li").first().waitFor();
    await look(page, "streaming", "light", "320px");
    await button(page, "Cut for 10 s").click();
    await eventually(() => state(page)).toBe("Reconnecting");
    await eventually(() => seconds(page, "buffered")).toBeGreaterThan(0.9);
    expect(await page.locator("#waiting").textContent()).toContain("wait here for the server");
    expect(await page.locator("#plot .away").count()).toBe(1);
    await look(page, "plug-pulled", "dark", "320px");
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await violationsOf(page)).toEqual([]);
    await eventually(() => state(page)).toBe("Streaming");
    await eventually(() => seconds(page, "buffered")).toBeLessThan(0.8);

    await button(page, "Stop").click();
    await eventually(() => state(page)).toBe("Stopped");
    await eventually(() => page.locator("#kept").textContent()).toContain("Nothing is missing.");
    await page.getByText("Details", { exact: true }).click();
    await look(page, "ended", "light", "320px", "rtl");
    await page.emulateMedia({ colorScheme: "light" });
    expect(await violationsOf(page)).toEqual([]);
    expect(await page.locator("#lost").textContent()).toBe("0 ms");
    // One line for the whole outage.
    expect(await page.locator("#history li", { hasText: /Away for|attempt/i }).count()).toBe(1);
    const download = async (name: string): Promise<Buffer> => {
      const [file] = await Promise.all([page.waitForEvent("download"), button(page, name).click()]);
      return readFile(await file.path());
    };
    const captured = await seconds(page, "captured");
    const { samples, sampleRate } = parseWav(await download("WAV"));
    expect(samples.length / sampleRate).toBeCloseTo(captured, 0);
    expect((await download("WebVTT")).toString()).toMatch(/^WEBVTT\n/);
    expect(JSON.parse((await download("JSON lines")).toString().split("\n", 1)[0] ?? "")).toHaveProperty("text");
    await button(page, "Play the recording").click();
    const heard = () => page.locator("audio").evaluate((audio: HTMLAudioElement) => [audio.duration, audio.error]);
    // Chromium rounds a duration to microseconds.
    await eventually(heard).toEqual([expect.closeTo(samples.length / sampleRate, 5), null]);
    await expectReleased(browser);
    expect(browser.pageErrors).toEqual([]);
  });

  it("offers to send what was left by a page that was loaded again, readable in any light and width", async () => {
    await using browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
    const { page } = browser;
    await page.goto(backend.url);
    await button(page, "Start").click();
    await eventually(() => seconds(page, "acknowledged")).toBeGreaterThan(0.5);
    await button(page, "Cut for 10 s").click();
    await eventually(() => seconds(page, "buffered")).toBeGreaterThan(1);
    await page.reload();
    await button(page, "Send it").waitFor();
    await look(page, "left", "light", "dark", "320px", "zoom-200", "rtl", "forced-colours");
    await page.emulateMedia({ colorScheme: "dark" });
    expect(await violationsOf(page)).toEqual([]);
    await button(page, "Send it").click();
    await eventually(() => page.locator("#left-words").textContent()).toContain("The server has all");
    await look(page, "left-sent", "dark", "320px");
    expect(await violationsOf(page)).toEqual([]);
    expect(browser.pageErrors).toEqual([]);
  });

  it("sends a sample for those who have no microphone, as Opus if they like, and ends with its last words", async () => {
    await using browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath"), microphone: "none" });
    const { page } = browser;
    await page.goto(backend.url);
    await button(page, "More").click();
    await page.getByLabel("Encoding").selectOption("opus");
    await button(page, "Send a sample").click();
    await eventually(() => page.locator("#advice").textContent()).toBe("The sample is going to the server.");
    await eventually(() => seconds(page, "captured")).toBeGreaterThan(3);
    // The sound alone takes 3 kB, and each frame has a header.
    expect(await seconds(page, "rate")).toBeLessThan(8);
    await eventually(() => state(page)).toBe("Stopped");
    expect(await page.locator("#finals li").count()).toBeGreaterThan(0);
    expect(await seconds(page, "acknowledged")).toBeCloseTo(11, 0);
    await expectReleased(browser);
    expect([browser.pageErrors, browser.consoleErrors]).toEqual([[], []]);
  });
});
