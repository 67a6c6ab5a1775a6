/** A line longer than this is handed out in pieces, so that a program that never ends one cannot fill the memory. */
const MAX_LINE_CHARACTERS = 65_536;

/**
 * Turns chunks of bytes into lines of text. Characters that a chunk boundary cuts in two stay whole, bytes that are not
 * UTF-8 become U+FFFD, and `\n` and `\r\n` both end a line.
 */
export class LineDecoder {
  readonly #decoder = new TextDecoder();
  #rest = "";

  /** @returns the lines that are complete now. */
  push(chunk: Uint8Array): string[] {
    return this.#split(this.#decoder.decode(chunk, { stream: true }));
  }

  /** Nothing follows. @returns what is left, which is a line though nothing ended it. */
  end(): string[] {
    const lines = this.#split(this.#decoder.decode());
    const last = this.#rest;
    this.#rest = "";
    return last === "" ? lines : [...lines, last.replace(/\r$/, "")];
  }

  #split(text: string): string[] {
    const pieces = (this.#rest + text).split("\n");
    this.#rest = pieces.pop() ?? "";
    const lines = pieces.map((line) => line.replace(/\r$/, ""));
    while (this.#rest.length > MAX_LINE_CHARACTERS) {
      lines.push(this.#rest.slice(0, MAX_LINE_CHARACTERS));
      this.#rest = this.#rest.slice(MAX_LINE_CHARACTERS);
    }
    return lines;
  }
}
