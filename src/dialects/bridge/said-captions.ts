import type { DialectEvent } from "../dialect.js";

type Caption = Extract<DialectEvent, { readonly type: "caption" }>;

/** Final captions that are remembered, newest last: older ones are not said again. */
const MAX_SAID = 64;

/** Withholds what one session of a service says again, or too late: its final captions stand, and each is told once. */
export class SaidCaptions {
  readonly #said: Caption[] = [];

  /** Returns what the event means to those who have heard the ones before; `undefined` if it means nothing. */
  hear(event: DialectEvent): DialectEvent | undefined {
    if (event.type !== "caption") return event;
    const { segment, final, text } = event;
    const isRepeated = this.#said.some((said) => repeats(event, said));
    // What the service has shown under that name so far holds no longer.
    if (text.trim() === "" || (isRepeated && final)) return { type: "void", segment };
    if (isRepeated) return undefined;
    if (final) this.#said.push(event);
    if (this.#said.length > MAX_SAID) this.#said.shift();
    return event;
  }
}

function repeats({ segment, text, from, to }: Caption, said: Caption): boolean {
  // A service that does not name its segments has the same name for all of them.
  if (segment === said.segment) return to === undefined || said.to === undefined || to <= said.to;
  return to !== undefined && text === said.text && from === said.from && to === said.to;
}
