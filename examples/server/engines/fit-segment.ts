import { fitText } from "loquilex/protocol";
import type { Segment } from "./engine.js";
import { MAX_WORD_CHARACTERS, MAX_WORDS } from "./engine-line.js";

/** As many as a program's line may have. */
const MAX_TEXT_CHARACTERS = 65_536;

/**
 * Leaves out what is too much for one caption. Clients refuse a longer one as a violation of the protocol, and would be sent
 * it again on each connection that follows.
 */
export function fitSegment(segment: Segment): Segment {
  if (segment.words === undefined && segment.text.length <= MAX_TEXT_CHARACTERS) return segment;
  const words = segment.words?.slice(0, MAX_WORDS);
  return {
    ...segment,
    text: fitText(segment.text, MAX_TEXT_CHARACTERS),
    words: words?.map((word) => ({ ...word, text: fitText(word.text, MAX_WORD_CHARACTERS) })),
  };
}
