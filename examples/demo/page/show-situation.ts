import type { AnyAudioStreamError, StreamState } from "loquilex";
import { ERROR_TITLES, FAILED_WORDS } from "./error-titles.js";
import { make, type PageElements, write } from "./page-elements.js";
import { describeSituation, type Situation } from "./situation.js";

const CAN_PAUSE: ReadonlySet<StreamState> = new Set(["streaming", "paused", "interrupted", "reconnecting"]);

/** Whether Stop ends it. */
export const isRunning = (state: StreamState): boolean => state !== "idle" && state !== "warm" && state !== "closed";

/** Says the situation, and offers the buttons that make sense in it. */
export function showSituation(page: PageElements, situation: Situation): void {
  const { state, muted, paused } = situation;
  const focused = page.body.ownerDocument.activeElement;
  const { title, advice, waiting } = describeSituation(situation);
  page.body.dataset.state = state;
  page.body.dataset.connection = situation.connection;
  write(page.state, title);
  write(page.advice, advice);
  write(page.waiting, waiting);
  write(page.start, isRunning(state) ? (state === "closing" ? "Stop now" : "Stop") : "Start");
  page.mute.hidden = !CAN_PAUSE.has(state);
  // The labels stay: what is pressed says the rest.
  page.mute.setAttribute("aria-pressed", String(muted));
  page.pause.disabled = !CAN_PAUSE.has(state);
  page.pause.setAttribute("aria-pressed", String(paused));
  page.settings.disabled = isRunning(state);
  page.sample.hidden = isRunning(state);
  // Who works by the keyboard would be sent back to the top of the page.
  if (focused?.matches(":disabled, [hidden]") === true) page.start.focus();
}

/** Says that the stream ended by an error, which one, and what to do. */
export function showFailure(page: PageElements, error: AnyAudioStreamError): void {
  write(page.state, FAILED_WORDS.title);
  write(page.advice, FAILED_WORDS.advice);
  write(page.waiting, "");
  showError(page, ERROR_TITLES[error.code], error.message, error.code);
}

/** Shows a titled sentence where screen readers announce it at once. */
export function showError(page: PageElements, title: string, sentence: string, code?: string): void {
  const parts = [make(page, "strong", title), make(page, "p", sentence)];
  page.error.replaceChildren(...parts, ...(code === undefined ? [] : [make(page, "code", code)]));
}
