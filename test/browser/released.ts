import { expect } from "vitest";
import type { ChromiumPage } from "../support/chromium-page.js";
import { eventually } from "./eventually.js";

/** The microphone is off now; the browser finishes a socket's closing handshake in its own time. */
export async function expectReleased(browser: ChromiumPage, more: object = {}): Promise<void> {
  expect(await browser.live()).toMatchObject({ tracks: 0, contexts: 0, ...more });
  await eventually(() => browser.live()).toMatchObject({ sockets: 0 });
}
