import type { AudioStream, CaptionEvent } from "loquilex";
import { seconds } from "../page/format.js";
import { type PageElements, write } from "../page/page-elements.js";

/** Says how long the first words took to come back, from the moment when they began to be spoken. */
export class FirstWords {
  readonly #page: PageElements;
  readonly #stream: Pick<AudioStream, "toPageTime">;
  readonly #told = new Set<"first-partial" | "first-final">();

  constructor(page: PageElements, stream: Pick<AudioStream, "toPageTime">) {
    this.#page = page;
    this.#stream = stream;
  }

  hear({ final, from }: Pick<CaptionEvent, "final" | "from">, nowMs: number): void {
    const figure = final ? "first-final" : "first-partial";
    const spokenAt = from === undefined ? undefined : this.#stream.toPageTime(from);
    if (spokenAt === undefined || this.#told.has(figure)) return;
    this.#told.add(figure);
    write(this.#page.figures[figure], seconds(nowMs - spokenAt));
  }
}
