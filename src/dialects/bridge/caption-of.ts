import type { ServerData } from "../../protocol/messages.js";
import type { DialectEvent } from "../dialect.js";
import type { RemoteLeg } from "./remote-leg.js";

/** Names a segment in the stream. A service counts anew in each session. */
export const segmentId = ({ number }: RemoteLeg, segment: string): string => `${number}.${segment}`;

/** The protocol's caption of what a service said, with positions in place of times. */
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
    text,
    segment_id: segmentId(leg, segment),
    final,
    ...(from !== undefined && to !== undefined && { audio: range(from, to) }),
    ...(words !== undefined && { words: words.map((word) => ({ text: word.text, ...range(word.from, word.to) })) }),
    ...(speaker !== undefined && { speaker }),
    ...(language !== undefined && { language }),
  };
}
