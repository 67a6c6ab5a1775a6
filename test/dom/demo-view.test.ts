import { AudioStreamError, type AudioStreamErrorCode, type Caption, type StreamState } from "loquilex";
import { beforeEach, describe, expect, test } from "vitest";
import { CaptionLines } from "../../examples/demo/page/caption-lines.js";
import { ERROR_TITLES } from "../../examples/demo/page/error-titles.js";
import { clockTime, exactTime } from "../../examples/demo/page/format.js";
import { findPage, type PageElements } from "../../examples/demo/page/page-elements.js";
import { showMicrophones } from "../../examples/demo/page/show-microphones.js";
import { showFailure, showSituation } from "../../examples/demo/page/show-situation.js";
import { AT_REST } from "../../examples/demo/page/situation.js";
import { drawRanges } from "../../examples/demo/plot/plot.js";
import { Progress } from "../../examples/demo/plot/progress.js";
import { NO_OFFER, readOffer } from "../../examples/demo/server/server-offer.js";
import { demoHtml, openDemoPage, rows, streamStats, textOf } from "../support/demo-page.js";

let page: PageElements;
beforeEach(() => {
  page = openDemoPage();
});

/** A caption of the second that it names. */
const caption = (segmentId: string, text: string, second: number, final = true): Caption => ({
  ...{ segmentId, text, final, words: [], replaces: [] },
  from: second * 16_000,
  to: (second + 1) * 16_000,
});

describe("the page's HTML", () => {
  test("has nothing inline that a strict Content Security Policy would block", () => {
    expect(demoHtml).not.toMatch(/<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)/i);
  });

  test("names its live regions, says that voices are recorded, and lets each caption choose its direction", () => {
    expect(page.state.parentElement?.getAttribute("role")).toBe("status");
    expect(page.finals.parentElement?.getAttribute("role")).toBe("log");
    expect(page.error.getAttribute("role")).toBe("alert");
    expect(page.partial.dir).toBe("auto");
    expect(document.body.textContent).toContain("where it is recorded");
  });

  test("has the captions before everything that can be pressed", () => {
    expect(page.words.compareDocumentPosition(page.start)).toBe(Node.DOCUMENT_POSITION_FOLLOWING);
  });

  test("a document that is not the page is refused with the name of what is missing", () => {
    page.partial.remove();
    expect(() => findPage(document)).toThrow("#partial");
  });
});

describe("the controls", () => {
  const buttons: Record<StreamState, [start: string, mute: boolean, pause: boolean]> = {
    idle: ["Start", false, false],
    warm: ["Start", false, false],
    starting: ["Stop", false, false],
    streaming: ["Stop", true, true],
    paused: ["Stop", true, true],
    interrupted: ["Stop", true, true],
    reconnecting: ["Stop", true, true],
    closing: ["Stop now", false, false],
    closed: ["Start", false, false],
  };
  test.each(Object.entries(buttons))("%s offers what makes sense in it", (state, [start, mute, pause]) => {
    showSituation(page, { ...AT_REST, state: state as StreamState });
    expect(document.body.dataset.state).toBe(state);
    expect([page.start.textContent, !page.mute.hidden, !page.pause.disabled]).toEqual([start, mute, pause]);
    expect([page.settings.disabled, page.sample.hidden]).toEqual([start !== "Start", start !== "Start"]);
  });

  test("that stay pressed keep their label", () => {
    showSituation(page, { ...AT_REST, state: "streaming", connection: "connected", muted: true, paused: true });
    expect([page.mute.textContent, page.mute.getAttribute("aria-pressed")]).toEqual(["Mute", "true"]);
    expect([page.pause.textContent, page.pause.getAttribute("aria-pressed")]).toEqual(["Pause", "true"]);
  });

  test("hand the focus on if they go, and leave it alone elsewhere", () => {
    showSituation(page, { ...AT_REST, state: "streaming" });
    page.mute.focus();
    showSituation(page, { ...AT_REST, state: "closed" });
    expect(document.activeElement).toBe(page.start);
    page.sample.focus();
    showSituation(page, { ...AT_REST, state: "streaming" });
    expect(document.activeElement).toBe(page.start);
    page.pause.focus();
    showSituation(page, { ...AT_REST, state: "closed" });
    expect(document.activeElement).toBe(page.start);
    page.token.focus();
    showSituation(page, { ...AT_REST, state: "streaming" });
    expect(document.activeElement).toBe(page.token);
  });
});

describe("captions", () => {
  test("are a line each, with their time, and what is being said is below them", () => {
    const lines = new CaptionLines(page);
    lines.show({ finals: [], partials: [caption("a", "one", 75, false)] });
    expect([rows(page.finals), textOf("#partial")]).toEqual([[], "one"]);
    lines.show({ finals: [caption("a", "one two", 75)], partials: [] });
    expect([rows(page.finals), textOf("#partial")]).toEqual([["01:15 one two"], ""]);
    expect(page.finals.querySelector("span")?.dir).toBe("auto");
  });

  test("that stay are left alone, whatever comes before them or goes", () => {
    const lines = new CaptionLines(page);
    const [a, b, c] = [caption("a", "one", 1), caption("b", "two", 2), caption("c", "three", 3)];
    lines.show({ finals: [b], partials: [] });
    const [line] = page.finals.children;
    lines.show({ finals: [a, b, c], partials: [] });
    expect(rows(page.finals)).toEqual(["00:01 one", "00:02 two", "00:03 three"]);
    lines.show({ finals: [b, c], partials: [] });
    expect(page.finals.children[0]).toBe(line);
    expect(rows(page.finals)).toEqual(["00:02 two", "00:03 three"]);
  });

  test("are shown as text, whatever they contain", () => {
    const hostile = '<img src="x" onerror="alert(1)">';
    new CaptionLines(page).show({ finals: [caption("a", hostile, 0)], partials: [caption("b", hostile, 1, false)] });
    expect(document.querySelector("img")).toBeNull();
    expect(rows(page.finals)).toEqual([`00:00 ${hostile}`]);
  });
});

describe("the plot", () => {
  const bars = (kind: string): string[] =>
    [...page.plot.querySelectorAll(`.${kind}`)].map((bar) => `${bar.getAttribute("x")}+${bar.getAttribute("width")}`);

  test("shows how far each part has come, in seconds of the recording", () => {
    const stats = streamStats({ capturedDurationMs: 15_000, sentDurationMs: 9_000, acknowledgedDurationMs: 6_000 });
    new Progress(page).show(stats, [caption("a", "one", 3)], false);
    expect([bars("captured"), bars("sent"), bars("acknowledged"), bars("heard")]).toEqual([
      ["0.0+500.0"],
      ["0.0+300.0"],
      ["0.0+200.0"],
      ["100.0+33.3"],
    ]);
    expect([textOf("#plot-from"), textOf("#plot-to")]).toEqual(["0 s", "30 s"]);
  });

  test("moves on with the recording, and keeps what was captured without a connection and what was lost", () => {
    const progress = new Progress(page);
    const at = (capturedDurationMs: number, isAway: boolean): void =>
      progress.show(streamStats({ capturedDurationMs }), [], isAway);
    at(30_000, false);
    at(33_000, true);
    at(36_000, true);
    at(39_000, false);
    progress.addLoss(34 * 16_000, 35 * 16_000);
    at(40_000, false);
    expect([textOf("#plot-from"), textOf("#plot-to")]).toEqual(["10 s", "40 s"]);
    expect([bars("away"), bars("lost")]).toEqual([["766.7+100.0"], ["800.0+33.3"]]);
    expect(progress.lost).toEqual([[34, 35]]);
  });

  test("leaves out what is not in its window", () => {
    drawRanges(
      page.plot,
      [
        {
          kind: "heard",
          row: 0,
          ranges: [
            [0, 5],
            [5, 5],
            [30, 40],
          ],
        },
      ],
      1,
      [10, 20],
    );
    expect(page.plot.children).toHaveLength(0);
  });

  test("measures what goes over the wire over the last two seconds", () => {
    const progress = new Progress(page);
    expect(progress.rate(0, 0)).toBe(0);
    for (let ms = 100; ms <= 10_000; ms += 100) progress.rate(ms <= 5_000 ? ms * 32 : 160_000 + (ms - 5_000) * 3, ms);
    expect(progress.rate(175_300, 10_100)).toBeCloseTo(3_000, 0);
  });
});

describe("what the server offers", () => {
  test.each([
    undefined,
    null,
    3,
    "x",
    [],
    {},
    { faults: true },
    { faults: 1, api: "open" },
    { faults: true, api: "x" },
  ])("is nothing if it answers %j", (answer) => {
    expect(readOffer(answer)).toBe(NO_OFFER);
  });

  test("is what it says", () => {
    expect(readOffer({ faults: true, api: "token", more: 1 })).toEqual({ faults: true, api: "token" });
  });
});

test("positions become times", () => {
  expect(clockTime(16_000 * 3_725)).toBe("62:05");
  expect(exactTime(16_000 * 61 + 24)).toBe("01:01.001");
});

describe("errors", () => {
  test.each(Object.keys(ERROR_TITLES) as AudioStreamErrorCode[])(
    "%s has a title, its own sentence and its code",
    (code) => {
      const error = new AudioStreamError(code, "What happened. What to do.", { details: undefined as never });
      showSituation(page, { ...AT_REST, state: "closed" });
      showFailure(page, error as never);
      expect(textOf("#error strong")).toBe(ERROR_TITLES[code]);
      expect(textOf("#error p")).toBe("What happened. What to do.");
      expect(textOf("#error code")).toBe(code);
      expect(textOf("#state")).toBe("Stopped by an error");
      expect(textOf("#start")).toBe("Start");
    },
  );
});

describe("microphones", () => {
  const choices = (): string[] => Array.from(page.microphone.options, ({ textContent }) => textContent ?? "");

  test("are offered by name, and the choice stays when the list changes", () => {
    showMicrophones(page, [{ deviceId: "1", label: "Headset", isDefault: false }]);
    page.microphone.value = "1";
    showMicrophones(page, [
      { deviceId: "2", label: "Webcam", isDefault: true },
      { deviceId: "1", label: "Headset", isDefault: false },
      { deviceId: "", label: "", isDefault: false },
    ]);
    expect(choices()).toEqual(["System default (Webcam)", "Webcam", "Headset"]);
    expect(page.microphone.value).toBe("1");
  });

  test("a chosen one that was unplugged falls back to the system's default", () => {
    showMicrophones(page, [{ deviceId: "1", label: "Headset", isDefault: false }]);
    page.microphone.value = "1";
    showMicrophones(page, []);
    expect(page.microphone.value).toBe("");
    expect(choices()).toEqual(["System default"]);
  });
});
