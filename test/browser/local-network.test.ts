import { expect, inject, it } from "vitest";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";
import { eventually } from "./eventually.js";
import { HOST } from "./page-stream.js";
import { TestSite } from "./test-site.js";

const NAME = "page.test";

it("a page of the internet that may not reach this computer says so, and streams once the person allows it", async () => {
  await using site = await TestSite.serve({}, "https");
  const origin = new URL(site.url("/", NAME)).origin;
  await using backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter", LX_ALLOWED_ORIGINS: origin } });
  await using browser = await ChromiumPage.launch({
    executablePath: inject("chromiumPath"),
    trusting: true,
    localNames: [NAME],
    // The site's port is taken for one of the internet, as its address would be.
    flags: [`--ip-address-space-overrides=127.0.0.1:${site.port}=public`],
  });
  const { page } = browser;
  // Who answers no prompt, as nobody does here, has refused.
  await page.goto(site.url("/", NAME));
  await page.waitForFunction(() => "sdk" in globalThis);
  await page.evaluate(
    ({ server, host }) => {
      globalThis.stream = sdk.createMicrophoneStream(server, { host });
      stream.addEventListener("warning", ({ error }) => warned.push({ code: error.code, message: error.message }));
      globalThis.warned = [];
      void stream.start();
    },
    { server: backend.webSocketUrl, host: HOST },
  );
  await eventually(() => page.evaluate(() => warned[0])).toMatchObject({ code: "local-network-denied" });
  const message = await page.evaluate(() => warned[0]?.message);
  expect(message).toContain(`The browser let no connection to 127.0.0.1:${backend.port} be made`);
  expect(message).toContain("Allow it for this site in the browser's settings");
  await page.context().grantPermissions(["local-network-access", "microphone"]);
  await page.evaluate(() => stream.retryNow());
  await eventually(() => page.evaluate(() => stream.state)).toBe("streaming");
  await page.evaluate(() => stream.close());
});

declare global {
  var warned: { readonly code: string; readonly message: string }[];
}
