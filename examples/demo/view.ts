import type { AnyAudioStreamError, StreamState, StreamStats } from "loquilex";
import { clockTime, exactTime, milliseconds, QUIETEST_DBFS, seconds } from "./format.js";
import { type LevelMeter, resetLevel, showLevel } from "./level-meter.js";
import { addLevel, addLoss, drawTimeline, emptyTimeline, type Timeline } from "./timeline.js";
import { ERROR_TITLES, FAILED_WORDS, STATE_WORDS } from "./words.js";

const MAX_HISTORY = 100;

/** The page's elements, and what it remembers about what they show. */
export interface Page {
  readonly body: HTMLElement;
  readonly server: HTMLElement;
  readonly state: HTMLElement;
  readonly advice: HTMLElement;
  readonly start: HTMLButtonElement;
  readonly mute: HTMLButtonElement;
  readonly pause: HTMLButtonElement;
  readonly resume: HTMLButtonElement;
  readonly stop: HTMLButtonElement;
  readonly error: HTMLElement;
  readonly level: LevelMeter;
  readonly canvas: HTMLCanvasElement;
  readonly figures: Readonly<Record<Figure, HTMLElement>>;
  readonly drop: HTMLElement;
  readonly settings: HTMLFieldSetElement;
  readonly microphone: HTMLSelectElement;
  readonly token: HTMLInputElement;
  readonly engine: HTMLElement;
  readonly partial: HTMLElement;
  readonly finals: HTMLElement;
  readonly history: HTMLElement;
  timeline: Timeline;
  /** Segments whose final caption is shown: a repeated final is shown once, a late partial not at all. */
  finished: Map<string, HTMLElement>;
  /** The segment whose partial caption is shown. */
  speaking: string | undefined;
}

type Figure = "captured" | "sent" | "acknowledged" | "buffered" | "reconnects" | "lost";

/** A caption as the server sends it. */
export interface Caption {
  readonly text: string;
  readonly segment_id: string;
  readonly audio?: { readonly from: number; readonly to: number } | undefined;
  readonly replaces?: readonly string[] | undefined;
}

/** @throws Error when the document is not the demo page. */
export function findPage(document: Document): Page {
  const element = (selector: string): HTMLElement => {
    const found = document.querySelector<HTMLElement>(selector);
    if (found === null) throw new Error(`The page has no ${selector}.`);
    return found;
  };
  return {
    body: document.body,
    server: element("#server"),
    state: element("#state"),
    advice: element("#advice"),
    start: element("#start") as HTMLButtonElement,
    mute: element("#mute") as HTMLButtonElement,
    pause: element("#pause") as HTMLButtonElement,
    resume: element("#resume") as HTMLButtonElement,
    stop: element("#stop") as HTMLButtonElement,
    error: element("#error"),
    level: {
      meter: element("#level"),
      text: element("#level-text"),
      fill: element(".level-fill"),
      peak: element(".level-peak"),
      held: { value: QUIETEST_DBFS, atMs: 0 },
    },
    canvas: element("#timeline") as HTMLCanvasElement,
    figures: {
      captured: element("#captured"),
      sent: element("#sent"),
      acknowledged: element("#acknowledged"),
      buffered: element("#buffered"),
      reconnects: element("#reconnects"),
      lost: element("#lost"),
    },
    drop: element("#drop"),
    settings: element("#settings") as HTMLFieldSetElement,
    microphone: element("#microphone") as HTMLSelectElement,
    token: element("#token") as HTMLInputElement,
    engine: element("#engine"),
    partial: element("#partial"),
    finals: element("#finals"),
    history: element("#history"),
    timeline: emptyTimeline(),
    finished: new Map(),
    speaking: undefined,
  };
}

/** Empties everything the last stream left. */
export function clearPage(page: Page): void {
  page.timeline = emptyTimeline();
  page.finished = new Map();
  page.speaking = undefined;
  for (const element of [page.error, page.drop, page.partial, page.finals, page.history]) element.replaceChildren();
}

const CAN_PAUSE: ReadonlySet<StreamState> = new Set(["streaming", "paused", "interrupted", "reconnecting"]);

/** Says the state, and offers the buttons that make sense in it. Keyboard focus follows from a button that goes. */
export function showState(page: Page, state: StreamState, paused: boolean): void {
  const running = state !== "idle" && state !== "warm" && state !== "closed";
  const focused = page.body.ownerDocument.activeElement;
  page.body.dataset.state = state;
  write(page.state, STATE_WORDS[state].title);
  write(page.advice, STATE_WORDS[state].advice);
  page.start.hidden = running;
  page.mute.hidden = !CAN_PAUSE.has(state);
  page.pause.hidden = !CAN_PAUSE.has(state) || paused;
  page.resume.hidden = !CAN_PAUSE.has(state) || !paused;
  page.stop.hidden = !running;
  page.settings.disabled = running;
  const buttons = [page.start, page.pause, page.resume, page.mute, page.stop];
  if (buttons.some((button) => button === focused && button.hidden)) {
    buttons.find((button) => !button.hidden)?.focus();
  }
}

/** The button says what pressing it does; assistive technology hears whether it is pressed. */
export function showMuted(page: Page, muted: boolean): void {
  page.mute.setAttribute("aria-pressed", String(muted));
  write(page.mute, muted ? "Unmute" : "Mute");
}

/** Replaces the advice that came with the state. */
export function advise(page: Page, advice: string): void {
  write(page.advice, advice);
}

/** Shows the figures and the level they carry. */
export function showStats(page: Page, stats: StreamStats): void {
  const { figures } = page;
  write(figures.captured, seconds(stats.capturedDurationMs));
  write(figures.sent, seconds(stats.sentDurationMs));
  write(figures.acknowledged, seconds(stats.acknowledgedDurationMs));
  write(figures.buffered, seconds(stats.bufferedDurationMs));
  write(figures.reconnects, String(stats.reconnectCount));
  write(figures.lost, exactMilliseconds(stats.droppedDurationMs));
  showLevel(page.level, stats.audioLevel, stats.timestamp);
  addLevel(page.timeline, stats.capturedDurationMs, stats.audioLevel);
  drawTimeline(page.canvas, page.timeline, stats);
}

/** Shows the last figures of a stream that has ended. */
export function showFinalStats(page: Page, stats: StreamStats): void {
  showStats(page, { ...stats, audioLevel: 0 });
  resetLevel(page.level);
}

/** Shows what is being said; a later partial of the same segment takes its place. */
export function showPartial(page: Page, caption: Caption): void {
  if (page.finished.has(caption.segment_id)) return;
  page.speaking = caption.segment_id;
  write(page.partial, caption.text);
}

/** Moves a finished caption into the list, with its time. */
export function addFinal(page: Page, caption: Caption): void {
  if (page.speaking === caption.segment_id) {
    page.speaking = undefined;
    write(page.partial, "");
  }
  if (page.finished.has(caption.segment_id)) return;
  for (const segment of caption.replaces ?? []) takeBack(page, segment);
  const text = addRow(page.finals, caption.audio === undefined ? "" : clockTime(caption.audio.from), caption.text);
  page.finished.set(caption.segment_id, text);
}

/** Removes a caption that holds no longer. */
export function takeBack(page: Page, segment: string): void {
  if (page.speaking === segment) {
    page.speaking = undefined;
    write(page.partial, "");
  }
  page.finished.get(segment)?.parentElement?.remove();
  page.finished.delete(segment);
}

/** Adds a line to what happened to the connection. @returns where its text stands, for a change of it. */
export function addHistory(page: Page, position: number, what: string): HTMLElement {
  const text = addRow(page.history, clockTime(position), what);
  while (page.history.children.length > MAX_HISTORY) page.history.firstElementChild?.remove();
  return text;
}

/** Announces audio that is lost, to the millisecond, and marks it; returns the sentence. */
export function showDrop(
  page: Page,
  drop: { readonly from: number; readonly to: number; readonly durationMs: number },
): string {
  const range = `${exactTime(drop.from)} to ${exactTime(drop.to)}`;
  const sentence = `${exactMilliseconds(drop.durationMs)} of audio was lost (${range}).`;
  write(page.drop, sentence);
  addLoss(page.timeline, milliseconds(drop.from), milliseconds(drop.to));
  return sentence;
}

/** Says what the server recognises with. */
export function showEngine(page: Page, text: string): void {
  write(page.engine, text);
}

/** Says that the stream ended by an error, which one, and what to do. */
export function showFailure(page: Page, error: AnyAudioStreamError): void {
  write(page.state, FAILED_WORDS.title);
  write(page.advice, FAILED_WORDS.advice);
  showError(page, ERROR_TITLES[error.code], error.message, error.code);
}

/** Shows a titled sentence where screen readers announce it at once. */
export function showError(page: Page, title: string, sentence: string, code?: string): void {
  const { ownerDocument } = page.error;
  const heading = ownerDocument.createElement("strong");
  heading.textContent = title;
  const text = ownerDocument.createElement("p");
  text.textContent = sentence;
  page.error.replaceChildren(heading, text);
  if (code === undefined) return;
  const label = ownerDocument.createElement("code");
  label.textContent = code;
  page.error.append(label);
}

/** Offers the microphones, keeping the choice where it is still there. */
export function showMicrophones(
  page: Page,
  devices: readonly { readonly deviceId: string; readonly label: string; readonly isDefault?: boolean }[],
): void {
  const chosen = page.microphone.value;
  const current = devices.find(({ isDefault }) => isDefault);
  const systemDefault = { deviceId: "", label: current ? `System default (${current.label})` : "System default" };
  const choices = [systemDefault, ...devices].map(({ deviceId, label }) => {
    const option = page.microphone.ownerDocument.createElement("option");
    option.value = deviceId;
    option.textContent = label;
    return option;
  });
  page.microphone.replaceChildren(...choices);
  page.microphone.value = devices.some(({ deviceId }) => deviceId === chosen) ? chosen : "";
}

/** Touches the page only for a change, so that live regions stay quiet otherwise. */
export function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Appends a line, and scrolls to it unless the reader has scrolled away. @returns where its text stands. */
function addRow(list: HTMLElement, time: string, text: string): HTMLElement {
  const box = list.parentElement ?? list;
  const following = box.scrollHeight - box.scrollTop - box.clientHeight < 48;
  const { ownerDocument } = list;
  const row = ownerDocument.createElement("li");
  const when = ownerDocument.createElement("time");
  when.textContent = time;
  const what = ownerDocument.createElement("span");
  what.textContent = text;
  row.append(when, what);
  list.append(row);
  if (following) box.scrollTop = box.scrollHeight;
  return what;
}

const exactMilliseconds = (durationMs: number): string => `${durationMs.toLocaleString("en")} ms`;
