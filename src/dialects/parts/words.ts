import type { DialectWord } from "../dialect.js";
import { type Fields, numberIn, textIn } from "./fields.js";

/** What a service calls the fields of a word. */
export interface WordFields {
  readonly text: string;
  readonly from: string;
  readonly to: string;
  /** Units of its times in a second. @defaultValue 1 */
  readonly perSecond?: number;
}

/** The words that have a text and times. */
export function wordsIn(list: readonly Fields[], { text, from, to, perSecond = 1 }: WordFields): DialectWord[] {
  return list.flatMap((fields) => {
    const [word, begin, end] = [textIn(fields, text), numberIn(fields, from), numberIn(fields, to)];
    if (word === undefined || begin === undefined || end === undefined) return [];
    return [{ text: word, from: begin / perSecond, to: end / perSecond }];
  });
}
