import puppeteer from "puppeteer-core";
import { expect, inject, it, onTestFinished } from "vitest";
import { BackendProcess } from "../support/backend-process.js";
import { eventually } from "./eventually.js";
import { html, TestSite } from "./test-site.js";

declare global {
  /** Defined only in a page that loads `/awake.js`. */
  var keepAwake: typeof import("loquilex/awake").keepAwake;
  /** What the browser has given so far. */
  var sentinels: WakeLockSentinel[];
  var awakeStates: import("loquilex/awake").AwakeState[];
}

const PAGE = html('<script type="module" src="/sdk.js"></script><script type="module" src="/awake.js"></script>');
const ARGS = ["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"];

it("the screen stays on from start to end, not in a pause, and again when the tab comes back", async () => {
  await using backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
  await using site = await TestSite.serve({ "/awake": { html: PAGE } });
  // The driver of the other tests keeps all pages visible.
  const browser = await puppeteer.launch({ executablePath: inject("chromiumPath"), args: ARGS });
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  await page.goto(site.url("/awake"));
  await page.waitForFunction(() => "sdk" in globalThis && "keepAwake" in globalThis);
  await page.evaluate((url) => {
    globalThis.sentinels = [];
    globalThis.awakeStates = [];
    const request = navigator.wakeLock.request.bind(navigator.wakeLock);
    navigator.wakeLock.request = async (type) => {
      const sentinel = await request(type);
      sentinels.push(sentinel);
      return sentinel;
    };
    globalThis.stream = sdk.createMicrophoneStream(url, { microphone: { echoCancellation: "all" } });
    keepAwake(stream, { onChange: (state) => void awakeStates.push(state) });
    return stream.start();
  }, backend.webSocketUrl);
  const released = () => page.evaluate(() => sentinels.map((sentinel) => sentinel.released));
  await eventually(released).toEqual([false]);

  await page.evaluate(() => stream.pause());
  await eventually(released).toEqual([true]);
  await page.evaluate(() => stream.resume());
  await eventually(released).toEqual([true, false]);

  const other = await browser.newPage();
  await other.bringToFront();
  await eventually(released).toEqual([true, true]);
  await page.bringToFront();
  await eventually(released).toEqual([true, true, false]);

  const [isReleased, states] = await page.evaluate(() => {
    stream.abort();
    return [sentinels.at(-1)?.released, awakeStates];
  });
  // Inside the call.
  expect(isReleased).toBe(true);
  expect(states).toEqual(["held", "idle", "held", "hidden", "held", "idle"]);
});
