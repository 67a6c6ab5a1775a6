/** Setup of the browser tests: after each one, its pages hold no track, context, socket or worker. */
import { afterEach } from "vitest";
import { ChromiumPage } from "./chromium-page.js";

afterEach(async () => {
  for (const page of ChromiumPage.open) await page.expectNothingLeft();
});
