import type { MicrophoneInfo } from "../capture/microphone/microphones.js";
import { isAudioStreamError } from "../errors.js";
import type { RecorderSnapshot } from "../recorder/recorder.js";
import type { TranscriptSnapshot } from "../transcript/transcript.js";
import { STYLE } from "./captions-style.js";
import type { CaptionsTexts } from "./captions-texts.js";

/** What is shown of a stream beside its captions. */
export interface ShownState extends Pick<RecorderSnapshot<never>, "state" | "error" | "warning"> {
  /** Some of what was captured is lost. */
  readonly hasLost: boolean;
}

/** What the element shows, in a shadow tree whose parts a page can style. */
export class CaptionsView {
  readonly button = part("button", "button");
  readonly select = part("select", "select");
  readonly level = part("div", "level");
  readonly #root: ShadowRoot;
  readonly #chooser = part("label", "microphone");
  readonly #chooserText = document.createElement("span");
  readonly #status = part("p", "status");
  readonly #error = part("p", "error");
  readonly #captions = part("div", "captions");
  readonly #finals = part("div", "finals");
  readonly #partial = part("p", "partial");
  #shownFinals: TranscriptSnapshot["finals"] = [];
  #shownChoices = "";

  constructor(root: ShadowRoot) {
    this.#root = root;
    this.dress();
    this.button.type = "button";
    this.#status.setAttribute("role", "status");
    this.#error.setAttribute("role", "alert");
    // What is final is read out once. What may still change would be read again with each word.
    this.#finals.setAttribute("role", "log");
    this.#finals.setAttribute("aria-live", "polite");
    this.#captions.setAttribute("role", "group");
    this.#captions.tabIndex = 0;
    this.#partial.dir = "auto";
    this.#chooser.hidden = true;
    this.#chooser.append(this.#chooserText, " ", this.select);
    this.#captions.append(this.#finals, this.#partial);
    const controls = part("div", "controls");
    controls.append(this.button, this.level, this.#chooser);
    root.append(controls, this.#status, this.#error, this.#captions);
  }

  /** Gives the tree its style. A style sheet belongs to one document, and an element that moves to another leaves it behind. */
  dress(): void {
    const { CSSStyleSheet: StyleSheet } = this.#root.ownerDocument.defaultView ?? globalThis;
    const style = new StyleSheet();
    style.replaceSync(STYLE);
    // A policy against inline styles does not forbid these.
    this.#root.adoptedStyleSheets = [style];
  }

  showTexts(texts: CaptionsTexts): void {
    this.#chooserText.textContent = texts.microphone;
    this.level.setAttribute("aria-label", texts.level);
    this.#captions.setAttribute("aria-label", texts.captions);
    this.#finals.setAttribute("aria-label", texts.captions);
  }

  showState({ state, error, warning, hasLost }: ShownState, texts: CaptionsTexts): void {
    this.button.textContent = isRunning(state) ? texts.stop : texts.start;
    this.level.hidden = !isRunning(state);
    // The warning says that what is spoken is kept no longer.
    const isKept = !isAudioStreamError(warning, "audio-dropping");
    const isTold = state === "starting" || (state === "reconnecting" && isKept) || state === "interrupted";
    setText(this.#status, isTold ? texts[state] : "");
    const problem = error ?? warning;
    setText(this.#error, [...(problem ? [problem.message] : []), ...(hasLost ? [texts.lost] : [])].join(" "));
  }

  showCaptions({ finals, partials }: Pick<TranscriptSnapshot, "finals" | "partials">): void {
    const { scrollTop, scrollHeight, clientHeight } = this.#captions;
    const isAtEnd = scrollTop + clientHeight >= scrollHeight - 4;
    if (finals !== this.#shownFinals) this.#showFinals(finals);
    setText(this.#partial, partials.map(({ text }) => text).join(" "));
    // Who has scrolled back to read is left there.
    if (isAtEnd) this.#captions.scrollTop = this.#captions.scrollHeight;
  }

  /** @param chosen the `deviceId` of the microphone in use; empty for the default. */
  showMicrophones(microphones: readonly MicrophoneInfo[], chosen: string, { defaultMicrophone }: CaptionsTexts): void {
    const known = microphones.filter(({ deviceId }) => deviceId !== "");
    const choices = [{ deviceId: "", label: defaultMicrophone }, ...known];
    const shown = JSON.stringify(choices.map(({ deviceId, label }) => [deviceId, label]));
    // Rebuilding a list that somebody has opened closes it.
    if (shown !== this.#shownChoices) this.select.replaceChildren(...choices.map(choice));
    this.#shownChoices = shown;
    this.select.value = known.some(({ deviceId }) => deviceId === chosen) ? chosen : "";
    this.#chooser.hidden = known.length < 2;
  }

  /** Lines that stay are left alone, so that they are not read out again; those at the beginning are not even looked at. */
  #showFinals(finals: TranscriptSnapshot["finals"]): void {
    const shown = this.#shownFinals;
    const changed = finals.findIndex((caption, index) => caption !== shown[index]);
    const same = changed < 0 ? finals.length : changed;
    let next = this.#finals.children[same] ?? null;
    const lines = new Map<unknown, Element>();
    for (const caption of shown.slice(same)) {
      if (next === null) break;
      lines.set(caption, next);
      next = next.nextElementSibling;
    }
    const wanted = finals.slice(same).map((caption) => lines.get(caption) ?? line(caption.text));
    const kept = new Set(wanted);
    for (const old of lines.values()) if (!kept.has(old)) old.remove();
    next = this.#finals.children[same] ?? null;
    for (const element of wanted) {
      if (element === next) next = next.nextElementSibling;
      else this.#finals.insertBefore(element, next);
    }
    this.#shownFinals = finals;
  }
}

/** Whether a click ends it. */
export const isRunning = (state: RecorderSnapshot<never>["state"]): boolean =>
  !["idle", "closing", "closed"].includes(state);

function choice({ deviceId, label }: Pick<MicrophoneInfo, "deviceId" | "label">): HTMLOptionElement {
  const element = document.createElement("option");
  element.value = deviceId;
  element.textContent = label;
  return element;
}

function line(text: string): HTMLElement {
  const element = part("p", "final");
  element.dir = "auto";
  element.textContent = text;
  return element;
}

function part<Name extends keyof HTMLElementTagNameMap>(name: Name, called: string): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  element.setAttribute("part", called);
  return element;
}

/** A region that is set to what it says already would be read out again. */
function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
