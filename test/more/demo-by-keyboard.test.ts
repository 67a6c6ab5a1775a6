import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { eventually } from "../browser/eventually.js";
import { expectReleased } from "../browser/released.js";
import { violationsOf } from "../support/accessibility.js";
import { BackendProcess } from "../support/backend-process.js";
import { ChromiumPage } from "../support/chromium-page.js";

/** For people to look at; git does not see it. */
const PICTURES = join(import.meta.dirname, "../../out-screenshots");
/** Instead of the demo's ten seconds. */
const OUTAGE_MS = 3_000;
/** A page has fewer stops than this. */
const MAX_STOPS = 60;

interface Announcement {
  /** The role of the live region. */
  readonly by: string;
  readonly text: string;
}

declare global {
  /** What a screen reader would have read out of live regions so far. */
  var announcements: Announcement[];
}

/** Notes what live regions gain: a log by each addition, a status or an alert as a whole. */
function listenLikeAScreenReader(): void {
  globalThis.announcements = [];
  const observe = (): void => {
    for (const region of document.querySelectorAll<HTMLElement>("[role=log], [role=status], [role=alert]")) {
      const by = region.getAttribute("role") ?? "";
      const say = (text: string | null): void => {
        if (text?.trim()) globalThis.announcements.push({ by, text: text.trim() });
      };
      new MutationObserver((changes) => {
        if (by !== "log") return say(region.textContent);
        for (const { addedNodes } of changes) for (const node of addedNodes) say(node.textContent);
      }).observe(region, { childList: true, subtree: true, characterData: true });
    }
  };
  document.addEventListener("DOMContentLoaded", observe);
}

interface AxNode {
  readonly ignored: boolean;
  readonly role?: { readonly value?: string };
  readonly name?: { readonly value?: string };
  readonly properties?: readonly { readonly name: string; readonly value: { readonly value?: unknown } }[];
}

/** What a screen reader hears of the element that has the focus: role, name and state, from Chromium's accessibility tree. */
async function heard(session: CDPSession): Promise<string> {
  const { nodes } = (await session.send("Accessibility.getFullAXTree")) as { nodes: readonly AxNode[] };
  const stateOf = (node: AxNode, name: string): unknown =>
    node.properties?.find((property) => property.name === name)?.value.value;
  const focused = nodes.filter((node) => !node.ignored && stateOf(node, "focused") === true).at(-1);
  if (focused === undefined || focused.role?.value === "RootWebArea") return "nothing";
  const states = ["pressed", "checked", "expanded", "disabled"].flatMap((name) => {
    const value = stateOf(focused, name);
    if (value === undefined) return [];
    return [String(value) === "true" ? name : `not ${name}`];
  });
  return [
    `${focused.role?.value} "${focused.name?.value ?? ""}"`,
    ...states.filter((state) => state !== "not disabled"),
  ].join(", ");
}

/** What is wrong with how the focus is shown; empty if a person sees it. */
function hiddenFocus(): string {
  const element = document.activeElement;
  if (element === null || element === document.body) return "";
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element);
  if (outlineStyle === "none" || Number.parseFloat(outlineWidth) < 2) return `${element.id}: no outline`;
  if (outlineColor === "rgba(0, 0, 0, 0)") return `${element.id}: an outline without colour`;
  const { left, right, top, bottom } = element.getBoundingClientRect();
  const isSeen = left >= 0 && right <= innerWidth + 1 && bottom > 0 && top < innerHeight;
  return isSeen ? "" : `${element.id}: beyond the window`;
}

/** Goes on by Tab, from wherever the focus is to the end of the page or until it has been everywhere. */
async function walk(page: Page, session: CDPSession, key: "Tab" | "Shift+Tab" = "Tab"): Promise<string[]> {
  const stops: string[] = [];
  while (stops.length < MAX_STOPS) {
    await page.keyboard.press(key);
    const stop = await heard(session);
    if (stop === "nothing" || stop === stops[0]) break;
    expect([stop, await page.evaluate(hiddenFocus)]).toEqual([stop, ""]);
    stops.push(stop);
  }
  return stops;
}

/** Presses Tab until it is there. */
async function tabTo(page: Page, session: CDPSession, name: string): Promise<void> {
  for (let stops = 0; stops < MAX_STOPS; stops += 1) {
    if ((await heard(session)).includes(`"${name}"`)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab does not lead to ${name}.`);
}

const state = (page: Page): Promise<string | null> => page.locator("#state").textContent();
const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

const AT_REST = [
  'region "Captions"',
  'button "Start"',
  'combobox "Microphone", not expanded',
  'button "More", not expanded',
  'button "No microphone? Send a sample"',
  'button "Cut for 10 s", disabled',
  'button "Black hole for 10 s", disabled',
  'button "Slow link for 10 s", disabled',
  'DisclosureTriangle "Details", not expanded',
];

describe("the demo, by keyboard and for ears", () => {
  let backend: BackendProcess;

  beforeAll(async () => {
    await mkdir(PICTURES, { recursive: true });
    backend = await BackendProcess.start({ args: ["--demo", "on"], env: { LX_ENGINE: "segmenter" } });
  });
  afterAll(() => backend[Symbol.asyncDispose]());

  const open = async (browser: ChromiumPage): Promise<CDPSession> => {
    const { page } = browser;
    await page.addInitScript(listenLikeAScreenReader);
    await page.route("**/api/faults", (route) =>
      route.continue({ postData: JSON.stringify({ ...route.request().postDataJSON(), durationMs: OUTAGE_MS }) }),
    );
    await page.goto(backend.url);
    await eventually(() => page.locator("#fault-help").textContent()).toContain("Press Start first.");
    return page.context().newCDPSession(page);
  };

  it("has every control on the way of Tab, in the order in which they are seen, and shows where the focus is", async () => {
    await using browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
    const { page } = browser;
    const session = await open(browser);
    expect(await walk(page, session)).toEqual(AT_REST);
    await page.locator("summary").focus();
    const back = [await heard(session), ...(await walk(page, session, "Shift+Tab"))];
    // From the first control it goes on at the last one.
    expect(back.slice(0, AT_REST.length)).toEqual(AT_REST.toReversed());

    await page.getByRole("button", { name: "More" }).focus();
    await page.keyboard.press("Enter");
    expect(await heard(session)).toBe('button "More", expanded');
    expect((await walk(page, session)).slice(0, 4)).toEqual([
      'checkbox "Let go of the microphone meanwhile", not checked',
      'combobox "Encoding", not expanded',
      'textbox "Access token"',
      'button "No microphone? Send a sample"',
    ]);
    await page.getByLabel("Access token").focus();
    await page.keyboard.press("Escape");
    expect(await heard(session)).toBe('button "More", not expanded');
    expect(await page.locator("#panel").isVisible()).toBe(false);
    await page.keyboard.press("Space");
    expect(await heard(session)).toBe('button "More", expanded');
    await page.keyboard.press("Escape");
    expect(await heard(session)).toBe('button "More", not expanded');

    await tabTo(page, session, "Details");
    await page.keyboard.press("Space");
    expect(await heard(session)).toBe('DisclosureTriangle "Details", expanded');
    expect(browser.pageErrors).toEqual([]);
  });

  it("is not stopped by Enter twice or held, says each toggle's state, keeps the focus, and reads each caption out once", async () => {
    await using browser = await ChromiumPage.launch({
      executablePath: inject("chromiumPath"),
      microphone: { what: "sentence", tailMs: 3_000 },
    });
    const { page } = browser;
    const session = await open(browser);
    await tabTo(page, session, "Start");
    await page.keyboard.press("Enter");
    await page.keyboard.press("Enter");
    for (let repeats = 0; repeats < 20; repeats += 1) {
      await page.keyboard.down("Enter");
      await page.waitForTimeout(50);
    }
    await page.keyboard.up("Enter");
    await eventually(() => state(page)).toBe("Streaming");
    expect(await heard(session)).toBe('button "Stop"');
    expect((await page.evaluate(() => announcements)).map(({ text }) => text)).not.toContain("Finishing");
    expect((await browser.live()).everOpened.tracks).toBe(1);

    await page.keyboard.press("Tab");
    expect(await heard(session)).toBe('button "Mute", not pressed');
    await page.keyboard.press("Space");
    expect(await heard(session)).toBe('button "Mute", pressed');
    await eventually(() => state(page)).toBe("Muted");
    await page.keyboard.press("Space");
    expect(await heard(session)).toBe('button "Mute", not pressed');

    await tabTo(page, session, "More");
    await page.keyboard.press("Space");
    await page.keyboard.press("Tab");
    expect(await heard(session)).toBe('button "Pause", not pressed');
    await page.keyboard.press("Enter");
    await eventually(() => state(page)).toBe("Paused");
    expect(await heard(session)).toBe('button "Pause", pressed');
    await page.keyboard.press("Enter");
    await eventually(() => state(page)).toBe("Streaming");
    await page.keyboard.press("Escape");

    await page.locator("#finals li").first().waitFor();
    await tabTo(page, session, "Cut for 10 s");
    const before = await page.evaluate(() => announcements.length);
    await page.keyboard.press("Enter");
    await eventually(() => state(page)).toBe("Reconnecting");
    expect(await heard(session)).toBe('button "Cut for 10 s", disabled');
    // What cannot be pressed now does nothing.
    await page.keyboard.press("Enter");
    await eventually(() => page.locator("#waiting").textContent()).toContain("wait here");
    await eventually(() => state(page)).toBe("Streaming");
    const outage = (await page.evaluate(() => announcements)).slice(before).filter(({ by }) => by !== "log");
    console.log(`Read out of an outage of ${OUTAGE_MS / 1_000} s: ${outage.map(({ text }) => text).join(" | ")}`);
    expect(outage.length).toBeLessThan(10);

    await page.keyboard.press("Shift+Tab");
    await tabTo(page, session, "Captions");
    await tabTo(page, session, "Stop");
    await page.keyboard.press("Enter");
    await eventually(() => state(page)).toBe("Stopped");
    expect(await heard(session)).toBe('button "Start"');
    await eventually(() => page.locator("#kept").textContent()).toContain("Nothing is missing.");
    const logged = (await page.evaluate(() => announcements)).filter(({ by }) => by === "log");
    expect(logged.map(({ text }) => text)).toEqual(
      (await page.locator("#finals li").allTextContents()).map((text) => text.trim()),
    );
    const statuses = (await page.evaluate(() => announcements)).filter(({ by }) => by !== "log");
    const repeated = statuses.filter(({ text }, index) => text === statuses[index - 1]?.text);
    expect(repeated).toEqual([]);

    await tabTo(page, session, "Play the recording");
    await page.keyboard.press("Enter");
    await eventually(() => page.evaluate(() => document.activeElement?.tagName)).toBe("AUDIO");
    await eventually(async () => (await heard(session)).includes('"the recording"')).toBe(true);
    await expectReleased(browser);
    expect(browser.pageErrors).toEqual([]);
  });

  it("gives the focus on when a button goes that has it", async () => {
    await using browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath"), microphone: "none" });
    const { page } = browser;
    const session = await open(browser);
    await tabTo(page, session, "No microphone? Send a sample");
    await page.keyboard.press("Enter");
    await eventually(() => state(page)).toBe("Streaming");
    expect(await heard(session)).toBe('button "Stop"');
    await tabTo(page, session, "Mute");
    await eventually(() => state(page)).toBe("Stopped");
    expect(await heard(session)).toBe('button "Start"');
    expect(browser.pageErrors).toEqual([]);
  });

  it("needs no scrolling to the side at 400 % or with text twice as large, moves nothing for those who want that, and stays itself in forced colours", async () => {
    await using browser = await ChromiumPage.launch({ executablePath: inject("chromiumPath") });
    const { page } = browser;
    const session = await open(browser);
    await page.getByRole("button", { name: "More" }).click();
    await page.getByText("Details", { exact: true }).click();
    await page.getByRole("button", { name: "Start" }).click();
    await eventually(() => state(page)).toBe("Streaming");
    const moving = (): Promise<number> => page.evaluate(() => document.getAnimations().length);
    await page.emulateMedia({ reducedMotion: "no-preference" });
    expect(await moving()).toBe(1);
    await page.emulateMedia({ reducedMotion: "reduce" });
    expect(await moving()).toBe(0);

    // A window of 1,280 by 1,024 pixels at four times the size.
    await page.setViewportSize({ width: 320, height: 256 });
    expect(await overflow(page)).toBe(0);
    const stops = await walk(page, session);
    expect(stops).toContain('button "Pause", not pressed');
    await page.screenshot({ path: join(PICTURES, "streaming-zoom-400.png"), fullPage: true });
    await page.setViewportSize({ width: 640, height: 800 });
    await page.evaluate(() => document.documentElement.style.setProperty("font-size", "200%"));
    expect(await overflow(page)).toBe(0);
    await page.screenshot({ path: join(PICTURES, "streaming-text-200.png"), fullPage: true });
    await page.evaluate(() => document.documentElement.style.removeProperty("font-size"));

    await page.setViewportSize({ width: 1_280, height: 800 });
    await page.emulateMedia({ forcedColors: "active" });
    await page.getByRole("button", { name: "Mute" }).click();
    await page.getByRole("button", { name: "More" }).focus();
    await page.keyboard.press("Tab");
    await page.screenshot({ path: join(PICTURES, "streaming-forced-colours.png"), fullPage: true });
    const background = (name: string): Promise<string> =>
      page.getByRole("button", { name }).evaluate((button) => getComputedStyle(button).backgroundColor);
    expect(await background("Mute")).not.toBe(await background("Pause"));
    await page.emulateMedia({ forcedColors: null });
    expect(await violationsOf(page)).toEqual([]);
    await page.getByRole("button", { name: "Stop" }).click();
    await eventually(() => state(page)).toBe("Stopped");
    await expectReleased(browser);
    expect(browser.pageErrors).toEqual([]);
  });
});
