/**
 * A line longer than this is handed out in pieces, so that a program that never ends one cannot fill the memory, and so
 * that each fits into a caption, which clients refuse beyond 100,000 characters.
 */
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
    const [first = "", ...more] = text.split("\n");
    const lines = [this.#rest + first, ...more];
    const rest = inPieces(lines.pop() ?? "");
    this.#rest = rest.pop() ?? "";
    return [...lines.flatMap((line) => inPieces(line.replace(/\r$/, ""))), ...rest];
  }
}

/** No piece ends in the middle of a character. */
function inPieces(line: string): string[] {
  const pieces: string[] = [];
  let from = 0;
  while (line.length - from > MAX_LINE_CHARACTERS) {
    const end = from + MAX_LINE_CHARACTERS;
    const to = /[\ud800-\udbff]/.test(line.charAt(end - 1)) ? end - 1 : end;
    pieces.push(line.slice(from, to));
    from = to;
  }
  return [...pieces, line.slice(from)];
}
