import { describe, expect, it } from "vitest";
import { eventually } from "../browser/eventually.js";
import { BackendProcess } from "../support/backend-process.js";
import type { EnginePage } from "../support/engines/engine-page.js";
import { launchEngine } from "../support/engines/engines.js";
import { findEngine } from "../support/engines/find-engines.js";
import { readWav } from "../support/wav.js";

const textOf = (page: EnginePage, id: string): Promise<string> =>
  page.evaluate((wanted) => document.getElementById(wanted)?.textContent ?? "", id);
const seconds = async (page: EnginePage, id: string): Promise<number> => Number.parseFloat(await textOf(page, id));
const press = (page: EnginePage, selector: string): Promise<void> =>
  page.evaluate((wanted) => document.querySelector<HTMLElement>(wanted)?.click(), selector);

// Chromium is seen in `more/demo-left-audio`. WebKitGTK has no files of its own for a page, and keeps the journal in IndexedDB.
describe.each(["firefox", "webkit"] as const)("the demo in %s", (name) => {
  it("finds what it has left on the disk when it is loaded again in an outage, and the server gets all of it", async () => {
    const engine = await findEngine(name);
    if (engine === undefined) throw new Error(`This machine has no ${name}.`);
    await using backend = await BackendProcess.start({ args: ["--demo", "on"], env: { LX_ENGINE: "segmenter" } });
    await using page = await launchEngine(engine, process.env as Readonly<Record<string, string>>);
    await page.open(backend.url);
    await press(page, "#sample");
    await eventually(() => seconds(page, "acknowledged")).toBeGreaterThan(1);
    await press(page, "#faults [value=cut]");
    await eventually(() => seconds(page, "buffered")).toBeGreaterThan(1.5);
    const captured = await seconds(page, "captured");
    await page.evaluate(() => void setTimeout(() => location.reload(), 0));
    await eventually(() => textOf(page, "left-words")).toMatch(/^\d\.\d s of sound from .+ did not reach the server\./);
    await press(page, "#left-send");
    await eventually(() => textOf(page, "left-words")).toMatch(/^The server has all \d\.\d s of it\.$/);
    await eventually(() => backend.files(".wav").then(({ length }) => length)).toBe(1);
    const [file = ""] = await backend.files(".wav");
    const { samples, sampleRate } = await readWav(file);
    expect(samples.length / sampleRate).toBeGreaterThan(captured - 0.3);
  }, 120_000);
});
