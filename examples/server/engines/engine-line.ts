import { fitText } from "loquilex/protocol";

/** What one line of a program says. Times are seconds since the beginning of its input. */
export interface EngineLine {
  readonly text: string;
  /** `false` while it may still change. */
  readonly final: boolean;
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly words: readonly TimedWord[] | undefined;
}

export interface TimedWord {
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

/** As the protocol has it. */
export const MAX_WORDS = 10_000;
export const MAX_WORD_CHARACTERS = 1_000;
/** More of this in a line, as a share, and it is no text. */
const MOST_NOISE = 0.25;

/** Colours and movements of the cursor, as programs print them on terminals. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const TERMINAL = /\u001b\[[\d;?]*[ -/]*[@-~]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const NOISE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffd]/g;

/**
 * Reads a line of a program: an object of JSON, or else the text of a segment that is over.
 * @returns nothing for a line that says nothing, such as an empty one, binary data, half an object, or one without a text.
 */
export function parseEngineLine(line: string): EngineLine | undefined {
  if (/^\s*\{\s*["}]/.test(line)) return readObject(line);
  const text = plainText(line);
  if (text === undefined || text === "") return undefined;
  return { text, final: true, from: undefined, to: undefined, words: undefined };
}

function readObject(line: string): EngineLine | undefined {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  const { text, final, from, to, words } = value;
  const plain = typeof text === "string" ? plainText(text) : undefined;
  if (plain === undefined) return undefined;
  return {
    text: plain,
    final: final !== false,
    from: readTime(from),
    to: readTime(to),
    words: Array.isArray(words) ? words.slice(0, MAX_WORDS).flatMap(readWord) : undefined,
  };
}

function readWord(value: unknown): TimedWord[] {
  const { text, from, to } = (value ?? {}) as Readonly<Record<string, unknown>>;
  return timedWord(text, from, to);
}

/** A word from anywhere. @returns nothing for what is none. */
export function timedWord(text: unknown, from: unknown, to: unknown): TimedWord[] {
  const plain = typeof text === "string" ? fitText(plainText(text) ?? "", MAX_WORD_CHARACTERS) : "";
  const [begin, end] = [readTime(from), readTime(to)];
  if (plain === "" || begin === undefined || end === undefined || end < begin) return [];
  return [{ text: plain, from: begin, to: end }];
}

const readTime = (value: unknown): number | undefined =>
  typeof value === "number" && value >= 0 && value < Number.POSITIVE_INFINITY ? value : undefined;

/** What may be shown of a text from anywhere. @returns nothing for what is no text. */
export function plainText(text: string): string | undefined {
  const visible = text.replaceAll(TERMINAL, "");
  const noise = visible.match(NOISE)?.length ?? 0;
  if (noise > MOST_NOISE * visible.length) return undefined;
  return visible.replaceAll(NOISE, (character) => (character === "\ufffd" ? character : " ")).trim();
}
