/**
 * What is beyond this in a line is left out, so that a program that never ends one cannot fill the memory, and so that each
 * fits into a caption, which clients refuse beyond 100,000 characters.
 */
const MAX_LINE_CHARACTERS = 65_536;

/**
 * Turns chunks of bytes into lines of text. Characters that a chunk boundary cuts in two stay whole, bytes that are not
 * UTF-8 become U+FFFD, and `\n` and `\r\n` both end a line.
 */
export class LineDecoder {
  readonly #decoder = new TextDecoder();
  #pieces: string[] = [];
  #length = 0;

  /** @returns the lines that are complete now. */
  push(chunk: Uint8Array): string[] {
    return this.#split(this.#decoder.decode(chunk, { stream: true }));
  }

  /** Nothing follows. @returns what is left, which is a line though nothing ended it. */
  end(): string[] {
    const lines = this.#split(this.#decoder.decode());
    return this.#length === 0 ? lines : [...lines, this.#takeLine()];
  }

  #split(text: string): string[] {
    const [first = "", ...more] = text.split("\n");
    this.#add(first);
    return more.map((piece) => {
      const line = this.#takeLine();
      this.#add(piece);
      return line;
    });
  }

  #add(piece: string): void {
    const room = MAX_LINE_CHARACTERS - this.#length;
    if (room <= 0 || piece === "") return;
    this.#pieces.push(piece.slice(0, room));
    this.#length += piece.length;
  }

  #takeLine(): string {
    const line = this.#pieces.join("");
    const isCut = this.#length > MAX_LINE_CHARACTERS;
    this.#pieces = [];
    this.#length = 0;
    // No line ends in the middle of a character.
    return isCut ? line.replace(/[\ud800-\udbff]$/, "") : line.replace(/\r$/, "");
  }
}
