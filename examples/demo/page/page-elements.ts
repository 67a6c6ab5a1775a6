/** The parts of the page that scripts work with. */
export interface PageElements {
  readonly body: HTMLElement;
  readonly server: HTMLElement;
  readonly state: HTMLElement;
  readonly advice: HTMLElement;
  readonly waiting: HTMLElement;
  readonly notice: HTMLElement;
  readonly error: HTMLElement;
  readonly left: HTMLElement;
  readonly leftWords: HTMLElement;
  readonly leftSend: HTMLButtonElement;
  readonly leftDiscard: HTMLButtonElement;
  readonly words: HTMLElement;
  readonly finals: HTMLElement;
  readonly partial: HTMLElement;
  readonly engine: HTMLElement;
  readonly start: HTMLButtonElement;
  readonly mute: HTMLButtonElement;
  readonly microphone: HTMLSelectElement;
  readonly more: HTMLButtonElement;
  readonly sample: HTMLButtonElement;
  readonly level: HTMLElement;
  readonly panel: HTMLElement;
  readonly pause: HTMLButtonElement;
  readonly release: HTMLInputElement;
  readonly settings: HTMLFieldSetElement;
  readonly encoding: HTMLSelectElement;
  readonly token: HTMLInputElement;
  readonly faults: HTMLElement;
  readonly faultHelp: HTMLElement;
  readonly faultLeft: HTMLElement;
  readonly plot: SVGElement;
  readonly plotFrom: HTMLElement;
  readonly plotTo: HTMLElement;
  readonly after: HTMLElement;
  readonly kept: HTMLElement;
  readonly recordings: HTMLElement;
  readonly downloads: HTMLElement;
  readonly figures: Readonly<Record<Figure, HTMLElement>>;
  readonly history: HTMLElement;
}

const FIGURES = [
  "captured",
  "sent",
  "acknowledged",
  "buffered",
  "rate",
  "first-partial",
  "first-final",
  "reconnects",
  "lost",
] as const;
export type Figure = (typeof FIGURES)[number];

/** @throws Error when the document is not the demo page. */
export function findPage(document: Document): PageElements {
  const find = <Kind extends Element = HTMLElement>(id: string): Kind => {
    const found = document.querySelector<Kind>(`#${id}`);
    if (found === null) throw new Error(`The page has no #${id}.`);
    return found;
  };
  return {
    body: document.body,
    server: find("server"),
    state: find("state"),
    advice: find("advice"),
    waiting: find("waiting"),
    notice: find("notice"),
    error: find("error"),
    left: find("left"),
    leftWords: find("left-words"),
    leftSend: find<HTMLButtonElement>("left-send"),
    leftDiscard: find<HTMLButtonElement>("left-discard"),
    words: find("words"),
    finals: find("finals"),
    partial: find("partial"),
    engine: find("engine"),
    start: find<HTMLButtonElement>("start"),
    mute: find<HTMLButtonElement>("mute"),
    microphone: find<HTMLSelectElement>("microphone"),
    more: find<HTMLButtonElement>("more"),
    sample: find<HTMLButtonElement>("sample"),
    level: find("level"),
    panel: find("panel"),
    pause: find<HTMLButtonElement>("pause"),
    release: find<HTMLInputElement>("release"),
    settings: find<HTMLFieldSetElement>("settings"),
    encoding: find<HTMLSelectElement>("encoding"),
    token: find<HTMLInputElement>("token"),
    faults: find("faults"),
    faultHelp: find("fault-help"),
    faultLeft: find("fault-left"),
    plot: find<SVGElement>("plot"),
    plotFrom: find("plot-from"),
    plotTo: find("plot-to"),
    after: find("after"),
    kept: find("kept"),
    recordings: find("recordings"),
    downloads: find("downloads"),
    figures: Object.fromEntries(FIGURES.map((id) => [id, find(id)])) as Record<Figure, HTMLElement>,
    history: find("history"),
  };
}

/** Touches the page only for a change, so that live regions stay quiet otherwise. */
export function write(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** Makes an element with a text in it. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  page: PageElements,
  name: Name,
  text = "",
): HTMLElementTagNameMap[Name] {
  const element = page.body.ownerDocument.createElement(name);
  element.textContent = text;
  return element;
}
