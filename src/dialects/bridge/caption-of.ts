import { fitText } from "../../protocol/fit-text.js";
import { CAPTION_LIMITS, MAX_IDENTIFIER_LENGTH } from "../../protocol/limits.js";
import type { ServerData } from "../../protocol/messages.js";
import type { DialectEvent } from "../dialect.js";
import type { RemoteLeg } from "./remote-leg.js";

/** Longer names of segments are numbered instead. */
const MAX_NAME_LENGTH = MAX_IDENTIFIER_LENGTH / 2;

/** Names a segment in the stream. A service counts anew in each session, and sessions are counted anew in each worker. */
export function segmentId({ begin, number, longNames }: RemoteLeg, segment: string): string {
  const name = segment.length <= MAX_NAME_LENGTH ? segment : `long ${longNames.numberOf(segment)}`;
  return `${begin}.${number}.${name}`;
}

/**
 * The protocol's caption of what a service said, with positions in place of times. What is longer than a caption may be is cut:
 * a message that cannot be read would come again and again.
 */
export function captionOf(
  leg: RemoteLeg,
  { segment, text, final, from, to, words, speaker, language }: Extract<DialectEvent, { readonly type: "caption" }>,
): ServerData["asr.final"] {
  const { map } = leg;
  const range = (begin: number, end: number): { from: number; to: number } => {
    const start = map.positionAt(begin, "from");
    return { from: start, to: Math.max(start, map.positionAt(end, "to")) };
  };
  return {
    text: fitText(text, CAPTION_LIMITS.text),
    segment_id: segmentId(leg, segment),
    final,
    ...(from !== undefined && to !== undefined && { audio: range(from, to) }),
    ...(words !== undefined && {
      words: words
        .slice(0, CAPTION_LIMITS.words)
        .map((word) => ({ text: fitText(word.text, CAPTION_LIMITS.word), ...range(word.from, word.to) })),
    }),
    ...(speaker !== undefined && { speaker: fitText(speaker, MAX_IDENTIFIER_LENGTH) }),
    ...(language !== undefined && { language: fitText(language, CAPTION_LIMITS.language) }),
  };
}
