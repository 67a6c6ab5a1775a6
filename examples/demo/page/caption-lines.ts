import type { Caption, TranscriptSnapshot } from "loquilex";
import { clockTime } from "./format.js";
import { make, type PageElements, write } from "./page-elements.js";

/** Within this distance of its end, in pixels, a list is read at its end. */
const NEAR_PX = 48;

/** Shows a transcript: a line for each finished caption, and below them what is being said. */
export class CaptionLines {
  readonly #page: PageElements;
  #lines = new Map<Caption, HTMLElement>();

  constructor(page: PageElements) {
    this.#page = page;
  }

  /** Lines that stay are left alone, so that nothing is read out twice, and whoever has scrolled back to read is left there. */
  show({ finals, partials }: Pick<TranscriptSnapshot, "finals" | "partials">): void {
    const { words, partial, finals: list } = this.#page;
    const isFollowing = words.scrollHeight - words.scrollTop - words.clientHeight < NEAR_PX;
    const lines = new Map(finals.map((caption) => [caption, this.#lines.get(caption) ?? this.#line(caption)]));
    for (const [caption, line] of this.#lines) if (!lines.has(caption)) line.remove();
    let next = list.firstElementChild;
    for (const line of lines.values()) {
      if (line === next) next = next.nextElementSibling;
      else list.insertBefore(line, next);
    }
    this.#lines = lines;
    write(partial, partials.map(({ text }) => text).join(" "));
    if (isFollowing) words.scrollTop = words.scrollHeight;
  }

  #line({ text, from }: Caption): HTMLElement {
    const line = make(this.#page, "li");
    const said = make(this.#page, "span", text);
    said.dir = "auto";
    line.append(make(this.#page, "time", from === undefined ? "" : clockTime(from)), said);
    return line;
  }
}
