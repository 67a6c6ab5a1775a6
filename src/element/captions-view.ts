import type { MicrophoneInfo } from "../capture/microphone/microphones.js";
import type { RecorderSnapshot } from "../recorder/recorder.js";
import type { TranscriptSnapshot } from "../transcript/transcript.js";
import { STYLE } from "./captions-style.js";
import type { CaptionsTexts } from "./captions-texts.js";

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

  constructor(root: ShadowRoot) {
    this.#root = root;
    const style = new CSSStyleSheet();
    style.replaceSync(STYLE);
    // A policy against inline styles does not forbid these.
    root.adoptedStyleSheets = [style];
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

  showTexts(texts: CaptionsTexts): void {
    this.#chooserText.textContent = texts.microphone;
    this.level.setAttribute("aria-label", texts.level);
    this.#captions.setAttribute("aria-label", texts.captions);
    this.#finals.setAttribute("aria-label", texts.captions);
  }

  showState(snapshot: Pick<RecorderSnapshot<never>, "state" | "error" | "warning">, texts: CaptionsTexts): void {
    const { state, error, warning } = snapshot;
    this.button.textContent = isRunning(state) ? texts.stop : texts.start;
    this.level.hidden = !isRunning(state);
    const isTold = state === "starting" || state === "reconnecting" || state === "interrupted";
    setText(this.#status, isTold ? texts[state] : "");
    setText(this.#error, (error ?? warning)?.message ?? "");
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
    // Rebuilding a list that somebody has opened would close it.
    if (this.#root.activeElement !== this.select || known.length !== this.select.options.length - 1) {
      const choices = [{ deviceId: "", label: defaultMicrophone }, ...known];
      this.select.replaceChildren(...choices.map(choice));
    }
    this.select.value = known.some(({ deviceId }) => deviceId === chosen) ? chosen : "";
    this.#chooser.hidden = known.length < 2;
  }

  /** Lines that stay are left alone, so that they are not read out again. */
  #showFinals(finals: TranscriptSnapshot["finals"]): void {
    const lines = new Map(this.#shownFinals.map((caption, index) => [caption, this.#finals.children[index]]));
    const wanted = finals.map((caption) => lines.get(caption) ?? line(caption.text));
    for (const shown of [...this.#finals.children]) if (!wanted.includes(shown)) shown.remove();
    wanted.forEach((element, index) => {
      const there = this.#finals.children[index] ?? null;
      if (there !== element) this.#finals.insertBefore(element, there);
    });
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
