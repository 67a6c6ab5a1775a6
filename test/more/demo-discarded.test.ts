import { expect, inject, it } from "vitest";
import { eventually } from "../browser/eventually.js";
import { BackendProcess } from "../support/backend-process.js";
import { DiscardableChromium } from "../support/engines/discardable-chromium.js";
import { TcpProxy } from "../support/tcp-proxy.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { readWav } from "../support/wav.js";

it("the demo, discarded by Chromium itself in an outage, says so when the person is back, and sends what it had", async () => {
  await using backend = await BackendProcess.start({ env: { LX_ENGINE: "segmenter" } });
  await using proxy = await TcpProxy.listen({ targetPort: backend.port });
  const url = `${backend.url}?server=ws://127.0.0.1:${proxy.port}/v1/stream`;
  await using page = await DiscardableChromium.launch(inject("chromiumPath"), await temporaryFolder(), url);
  const textOf = (id: string): Promise<string> =>
    page.evaluate((wanted) => document.getElementById(wanted)?.textContent ?? "", id);
  const seconds = async (id: string): Promise<number> => Number.parseFloat(await textOf(id));
  const press = (id: string): Promise<void> =>
    page.evaluate((wanted) => (document.getElementById(wanted) as HTMLElement).click(), id);
  // A tab that is only about to go there is empty, and has loaded that.
  const isLoaded = (): boolean => location.protocol === "http:" && document.readyState === "complete";
  await eventually(() => page.evaluate(isLoaded)).toBe(true);
  expect(await page.evaluate(() => (document as { wasDiscarded?: boolean }).wasDiscarded)).toBe(false);
  await press("sample");
  await eventually(() => seconds("acknowledged")).toBeGreaterThan(0.5);
  proxy.refuse();
  proxy.reset();
  await eventually(() => seconds("buffered")).toBeGreaterThan(1.5);
  const captured = await seconds("captured");
  await page.discard();
  await page.comeBack();
  await eventually(() => page.evaluate(() => (document as { wasDiscarded?: boolean }).wasDiscarded)).toBe(true);
  await eventually(() => textOf("left-words")).toMatch(
    /^Your browser had put this page away to save memory\. \d+\.\d s of sound from .+ did not reach the server\./,
  );
  await proxy.accept();
  await press("left-send");
  await eventually(() => textOf("left-words")).toMatch(/^The server has all \d+\.\d s of it\.$/);
  await eventually(() => backend.files(".wav").then(({ length }) => length)).toBe(1);
  const [file = ""] = await backend.files(".wav");
  const { samples, sampleRate } = await readWav(file);
  expect(samples.length / sampleRate).toBeGreaterThan(captured - 0.3);
}, 120_000);
