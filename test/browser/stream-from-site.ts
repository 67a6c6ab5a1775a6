import type { StreamStats } from "loquilex";
import type { BackendProcess } from "../support/backend-process.js";
import type { ChromiumPage } from "../support/chromium-page.js";
import { type EndRecord, PageStream } from "./page-stream.js";

/** Addresses of the worklet and the worker as files, which an application offers as the global `urls`. */
export interface FileUrls {
  readonly workletUrl: string;
  readonly workerUrl: string;
}

/** How a stream from a page of an application went. */
export interface SiteStream {
  readonly end: EndRecord;
  readonly stats: StreamStats;
  /** What the page said on its console meanwhile, and the exceptions that nobody caught. */
  readonly said: readonly string[];
}

/**
 * Opens a page that offers the globals `sdk` and `urls`, and streams from it for a moment.
 * @param how whether worklet and worker come from inside the package, or from the files that the page names.
 */
export async function streamFromSite(
  browser: ChromiumPage,
  url: string,
  backend: BackendProcess,
  how: "inside" | "as files",
): Promise<SiteStream> {
  const { page } = browser;
  const lines = browser.consoleErrors.length;
  await page.goto(url);
  await page.waitForFunction(() => "sdk" in globalThis);
  const urls = await page.evaluate(() => (globalThis as unknown as { urls: FileUrls }).urls);
  const stream = await PageStream.create(page, backend.webSocketUrl, how === "as files" ? urls : {});
  await stream.start();
  await stream.captured(300);
  await stream.close();
  const [end, stats] = [await stream.ended(), await stream.stats()];
  return { end, stats, said: [...browser.consoleErrors.slice(lines), ...browser.pageErrors] };
}
