import { AudioStreamError, type AudioStreamErrorCode, type StreamState } from "loquilex";
import { beforeEach, describe, expect, test } from "vitest";
import { clockTime, dbfs, exactTime } from "../../examples/demo/format.js";
import { addLevel, addLoss, emptyTimeline } from "../../examples/demo/timeline.js";
import {
  addFinal,
  addHistory,
  clearPage,
  findPage,
  type Page,
  showDrop,
  showFailure,
  showMicrophones,
  showPartial,
  showState,
  showStats,
} from "../../examples/demo/view.js";
import { ERROR_TITLES, STATE_WORDS } from "../../examples/demo/words.js";
import { demoHtml, openDemoPage, rows, streamStats, textOf } from "../support/demo-page.js";

let page: Page;
beforeEach(() => {
  page = openDemoPage();
});

const offered = (): string[] =>
  [page.start, page.pause, page.resume, page.mute, page.stop]
    .filter((button) => !button.hidden)
    .map(({ textContent }) => textContent ?? "");

describe("the page's HTML", () => {
  test("has nothing inline that a strict Content Security Policy would block", () => {
    expect(demoHtml).not.toMatch(/<style|\sstyle=|\son[a-z]+=|javascript:|<script(?![^>]*\ssrc=)/i);
  });

  test("labels its fields and names its live regions", () => {
    for (const field of document.querySelectorAll("input, select")) {
      expect(document.querySelector(`label[for="${field.id}"]`)?.textContent).toBeTruthy();
    }
    expect(page.state.parentElement?.getAttribute("role")).toBe("status");
    expect(page.finals.parentElement?.getAttribute("role")).toBe("log");
    expect(page.error.getAttribute("role")).toBe("alert");
    expect(page.drop.getAttribute("role")).toBe("status");
  });

  test("a document that is not the page is refused with the name of what is missing", () => {
    page.partial.remove();
    expect(() => findPage(document)).toThrow("#partial");
  });
});

describe("state", () => {
  const buttons: Record<StreamState, string[]> = {
    idle: ["Start"],
    warm: ["Start"],
    starting: ["Stop"],
    streaming: ["Pause", "Mute", "Stop"],
    paused: ["Resume", "Mute", "Stop"],
    interrupted: ["Pause", "Mute", "Stop"],
    reconnecting: ["Pause", "Mute", "Stop"],
    closing: ["Stop"],
    closed: ["Start"],
  };
  test.each(Object.keys(buttons) as StreamState[])(
    "%s is said in words and offers the buttons that make sense",
    (state) => {
      showState(page, state, state === "paused");
      expect(document.body.dataset.state).toBe(state);
      expect(textOf("#state")).toBe(STATE_WORDS[state].title);
      expect(textOf("#advice")).toBe(STATE_WORDS[state].advice);
      expect(offered()).toEqual(buttons[state]);
    },
  );

  test("a stream that reconnects while it is paused offers Resume", () => {
    showState(page, "reconnecting", true);
    expect(offered()).toEqual(["Resume", "Mute", "Stop"]);
  });

  test("settings cannot be changed while a stream runs", () => {
    showState(page, "streaming", false);
    expect(page.settings.disabled).toBe(true);
    showState(page, "closed", false);
    expect(page.settings.disabled).toBe(false);
  });

  test("keyboard focus moves from a button that disappears to the one that takes its place", () => {
    page.start.focus();
    showState(page, "starting", false);
    expect(document.activeElement).toBe(page.stop);
    showState(page, "streaming", false);
    expect(document.activeElement).toBe(page.stop);
    page.pause.focus();
    showState(page, "paused", true);
    expect(document.activeElement).toBe(page.resume);
  });

  test("focus elsewhere stays where it is", () => {
    page.token.focus();
    showState(page, "closed", false);
    expect(document.activeElement).toBe(page.token);
  });
});

describe("captions", () => {
  test("partials of a segment replace each other in place", () => {
    showPartial(page, { segment_id: "a", text: "one" });
    showPartial(page, { segment_id: "a", text: "one two" });
    expect(textOf("#partial")).toBe("one two");
    expect(rows(page.finals)).toEqual([]);
  });

  test("a final leaves the partial's place and is listed with its time", () => {
    showPartial(page, { segment_id: "a", text: "one two" });
    addFinal(page, { segment_id: "a", text: "one two three", audio: { from: 16_000 * 75, to: 16_000 * 77 } });
    expect(textOf("#partial")).toBe("");
    expect(rows(page.finals)).toEqual(["01:15 one two three"]);
  });

  test("a final of one segment leaves the partial of another alone", () => {
    showPartial(page, { segment_id: "b", text: "next" });
    addFinal(page, { segment_id: "a", text: "before" });
    expect(textOf("#partial")).toBe("next");
  });

  // cloudflare/agents#1951
  test("a final that is repeated after a reconnect is listed once, and its late partial is not shown", () => {
    addFinal(page, { segment_id: "a", text: "one" });
    addFinal(page, { segment_id: "a", text: "one" });
    showPartial(page, { segment_id: "a", text: "on" });
    expect(rows(page.finals)).toEqual(["one"]);
    expect(textOf("#partial")).toBe("");
  });

  test("text of the server is shown as text, whatever it contains", () => {
    const hostile = '<img src="x" onerror="alert(1)">';
    showPartial(page, { segment_id: "a", text: hostile });
    addFinal(page, { segment_id: "b", text: hostile });
    addHistory(page, 0, hostile);
    expect(document.querySelector("img")).toBeNull();
    expect(rows(page.finals)).toEqual([hostile]);
  });

  test("a new recording begins with an empty page", () => {
    showPartial(page, { segment_id: "a", text: "old" });
    addFinal(page, { segment_id: "b", text: "old" });
    showDrop(page, { from: 0, to: 320, durationMs: 20 });
    clearPage(page);
    expect([textOf("#partial"), textOf("#finals"), textOf("#drop"), textOf("#error")]).toEqual(["", "", "", ""]);
    addFinal(page, { segment_id: "b", text: "new" });
    expect(rows(page.finals)).toEqual(["new"]);
  });
});

describe("figures", () => {
  test("durations are in seconds, losses in exact milliseconds", () => {
    showStats(
      page,
      streamStats({
        capturedDurationMs: 12_345,
        sentDurationMs: 12_300,
        acknowledgedDurationMs: 12_000,
        bufferedDurationMs: 345,
        reconnectCount: 3,
        droppedDurationMs: 1_240.125,
      }),
    );
    expect(["#captured", "#sent", "#acknowledged", "#buffered", "#reconnects", "#lost"].map(textOf)).toEqual([
      "12.3 s",
      "12.3 s",
      "12.0 s",
      "0.3 s",
      "3",
      "1,240.125 ms",
    ]);
  });

  test.each([
    [0, "-60", "−60 dBFS"],
    [0.000_01, "-60", "−60 dBFS"],
    [0.1, "-20", "−20 dBFS"],
    [1, "0", "0 dBFS"],
    [1.5, "0", "0 dBFS"],
    [Number.NaN, "-60", "−60 dBFS"],
  ])("a level of %d is %s dBFS on the meter", (audioLevel, value, text) => {
    showStats(page, streamStats({ audioLevel }));
    expect(page.level.meter.getAttribute("aria-valuenow")).toBe(value);
    expect(page.level.meter.getAttribute("aria-valuetext")).toBe(text);
    expect(textOf("#level-text")).toBe(text);
    expect(page.level.fill.style.clipPath).toBe(`inset(0 ${((Number(value) / -60) * 100).toFixed(1)}% 0 0)`);
  });

  test("the peak line stays for a moment and then falls to the level", () => {
    const peak = (timestamp: number, audioLevel: number): number => {
      showStats(page, streamStats({ timestamp, audioLevel }));
      return Number.parseFloat(/translateX\(([\d.]+)%\)/.exec(page.level.peak.style.transform)?.[1] ?? "");
    };
    expect(peak(0, 1)).toBe(100);
    expect(peak(1_000, 0.1)).toBe(100);
    expect(peak(1_700, 0.1)).toBeCloseTo(80, 0);
    expect(peak(9_000, 0.1)).toBeCloseTo(66.7, 0);
  });

  test("the timeline keeps the loudest level of each quarter second, and not without end", () => {
    const timeline = emptyTimeline();
    addLevel(timeline, 10, 0.2);
    addLevel(timeline, 200, 0.5);
    addLevel(timeline, 240, 0.1);
    addLevel(timeline, 1_010, 0.3);
    expect(timeline.bars.map(({ level }) => level)).toEqual([0.5, 0, 0, 0, 0.3]);
    for (let ms = 0; ms < 3_600_000; ms += 250) addLevel(timeline, ms, 0.1);
    expect(timeline.bars.length).toBe(1_000);
    expect(timeline.dropped + timeline.bars.length).toBe(14_400);
    addLevel(timeline, 1e15, 0.1);
    expect(timeline.bars).toEqual([{ level: 0.1, lost: false }]);
  });

  test("the timeline marks what was lost, and nothing beside it", () => {
    const timeline = emptyTimeline();
    addLevel(timeline, 1_200, 0.5);
    addLoss(timeline, 250, 501);
    expect(timeline.bars.map(({ lost }) => lost)).toEqual([false, true, true, false, false]);
    addLoss(timeline, 1_000, 2 ** 53);
    expect(timeline.bars.map(({ lost }) => lost)).toEqual([false, true, true, false, true]);
  });

  test("a drop is announced to the millisecond, with the time it concerns", () => {
    expect(showDrop(page, { from: 16_000 * 4, to: 16_000 * 4 + 3_840, durationMs: 240 })).toBe(textOf("#drop"));
    expect(textOf("#drop")).toBe("240 ms of audio was lost (00:04.000 to 00:04.240).");
  });

  test("the history forgets its oldest lines", () => {
    for (let line = 0; line < 150; line += 1) addHistory(page, line * 16_000, `line ${line}`);
    expect(page.history.children).toHaveLength(100);
    expect(rows(page.history)[0]).toBe("00:50 line 50");
  });

  test("positions become times", () => {
    expect(clockTime(16_000 * 3_725)).toBe("62:05");
    expect(exactTime(16_000 * 61 + 24)).toBe("01:01.001");
    expect(dbfs(0.5)).toBeCloseTo(-6.02, 2);
  });
});

describe("errors", () => {
  test.each(Object.keys(ERROR_TITLES) as AudioStreamErrorCode[])(
    "%s has a title, its own sentence and its code",
    (code) => {
      const error = new AudioStreamError(code, "What happened. What to do.", { details: undefined as never });
      showState(page, "closed", false);
      showFailure(page, error as never);
      expect(textOf("#error strong")).toBe(ERROR_TITLES[code]);
      expect(textOf("#error p")).toBe("What happened. What to do.");
      expect(textOf("#error code")).toBe(code);
      expect(textOf("#state")).toBe("Stopped by an error");
      expect(offered()).toEqual(["Start"]);
    },
  );
});

describe("microphones", () => {
  const choices = (): string[] => Array.from(page.microphone.options, ({ textContent }) => textContent ?? "");

  test("are offered by name, and the choice stays when the list changes", () => {
    showMicrophones(page, [{ deviceId: "1", label: "Headset" }]);
    page.microphone.value = "1";
    showMicrophones(page, [
      { deviceId: "2", label: "Webcam" },
      { deviceId: "1", label: "Headset" },
    ]);
    expect(choices()).toEqual(["System default", "Webcam", "Headset"]);
    expect(page.microphone.value).toBe("1");
  });

  test("show which one is the system's default", () => {
    showMicrophones(page, [
      { deviceId: "1", label: "Headset", isDefault: false },
      { deviceId: "2", label: "Webcam", isDefault: true },
    ]);
    expect(choices()).toEqual(["System default (Webcam)", "Headset", "Webcam"]);
  });

  test("a chosen one that was unplugged falls back to the system's default", () => {
    showMicrophones(page, [{ deviceId: "1", label: "Headset" }]);
    page.microphone.value = "1";
    showMicrophones(page, []);
    expect(page.microphone.value).toBe("");
  });
});
