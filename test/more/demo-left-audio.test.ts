import type { Page } from "playwright-core";
import { expect, inject, it } from "vitest";
import { eventually } from "../browser/eventually.js";
import { expectReleased } from "../browser/released.js";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { readWav } from "../support/wav.js";

const seconds = async (page: Page, figure: string): Promise<number> =>
  Number.parseFloat((await page.locator(`#${figure}`).textContent()) ?? "");

const words = (page: Page): Promise<string | null> => page.locator("#left-words").textContent();

/** What is on the page's disk. */
const filesOf = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    const names: string[] = [];
    const list = async (folder: FileSystemDirectoryHandle): Promise<void> => {
      for await (const handle of folder.values()) {
        if (handle.kind === "directory") await list(handle);
        else names.push(handle.name);
      }
    };
    await list(await navigator.storage.getDirectory());
    return names;
  });

/** Speaks with a connection, then without, and loads the page again. @returns how many seconds were spoken at least. */
async function reloadWhileAway(page: Page, backend: BackendProcess, proxy: TcpProxy): Promise<number> {
  // The page itself can be loaded all the time.
  await page.goto(`${backend.url}?server=ws://127.0.0.1:${proxy.port}/v1/stream`);
  await page.getByRole("button", { name: "Start" }).click();
  await eventually(() => seconds(page, "acknowledged")).toBeGreaterThan(0.5);
  expect(await page.locator("#left").isVisible()).toBe(false);
  proxy.refuse();
  proxy.reset();
  await eventually(() => seconds(page, "buffered")).toBeGreaterThan(1.5);
  const captured = await seconds(page, "captured");
  await page.reload();
  return captured;
}

it("the demo offers to send what a page has left that was loaded again in an outage, and the server gets it as the same recording", async () => {
  await using backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
  await using proxy = await TcpProxy.listen({ targetPort: backend.port });
  await using browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
  const { page } = browser;
  const captured = await reloadWhileAway(page, backend, proxy);
  await eventually(() => words(page)).toMatch(/^\d\.\d s of sound from .+ did not reach the server\./);
  expect(Number.parseFloat((await words(page)) ?? "")).toBeGreaterThan(1.3);
  await page.getByRole("button", { name: "Send it" }).click();
  await eventually(() => words(page)).toContain("is being sent");
  await proxy.accept();
  await eventually(() => words(page)).toMatch(/^The server has all \d\.\d s of it\.$/);
  expect(await page.getByRole("button", { name: "Send it" }).isVisible()).toBe(false);
  await eventually(() => backend.files(".wav").then(({ length }) => length)).toBe(1);
  const [file = ""] = await backend.files(".wav");
  const { samples, sampleRate } = await readWav(file);
  // A crash may take along the last 200 ms, and the figures on the page are rounded and somewhat older than its end.
  expect(samples.length / sampleRate).toBeGreaterThan(captured - 0.3);
  expect(samples.length / sampleRate).toBeLessThan(captured + 2);
  expect(await filesOf(page)).toEqual([]);
  await expectReleased(browser);
  expect(browser.pageErrors).toEqual([]);
});

it("the demo says it if the browser had discarded the page, and erases what is not wanted, also while it is being sent", async () => {
  await using backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
  await using proxy = await TcpProxy.listen({ targetPort: backend.port });
  await using browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
  const { page } = browser;
  await page.addInitScript(() => Object.defineProperty(document, "wasDiscarded", { value: true }));
  await reloadWhileAway(page, backend, proxy);
  await eventually(() => words(page)).toMatch(/^Your browser had put this page away to save memory\. \d/);
  expect(await filesOf(page)).not.toEqual([]);
  await page.getByRole("button", { name: "Send it" }).click();
  await eventually(() => words(page)).toContain("is being sent");
  await page.getByRole("button", { name: "Discard it" }).focus();
  await page.keyboard.press("Enter");
  await eventually(() => words(page)).toBe("It is gone.");
  expect(await filesOf(page)).toEqual([]);
  expect(await page.locator("#start").evaluate((start) => start === document.activeElement)).toBe(true);
  await expectReleased(browser);
  expect(browser.pageErrors).toEqual([]);
});
