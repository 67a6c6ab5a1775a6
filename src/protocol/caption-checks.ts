import { identifier, position } from "./common-checks.js";
import { CAPTION_LIMITS } from "./limits.js";
import { flag, list, optional, record, text } from "./shape.js";

const word = record({ text: text(CAPTION_LIMITS.word), from: position, to: position });

/** The data of a caption, in the language spoken or translated, final or not. */
export const transcript = record({
  text: text(CAPTION_LIMITS.text),
  segment_id: identifier,
  final: optional(flag),
  /** Positions of the segment's first sample and of the one after its last. */
  audio: optional(record({ from: position, to: position })),
  /** The words of the text in order, with the positions of each one's first sample and of the one after its last. */
  words: optional(list(word, CAPTION_LIMITS.words)),
  /** Segments whose captions this one takes the place of, once it is final. */
  replaces: optional(list(identifier, 1_000)),
  /** By a name that the recogniser gave, and a language tag of BCP 47. */
  speaker: optional(identifier),
  language: optional(text(CAPTION_LIMITS.language)),
});

/** The data of a message that takes captions back. */
export const voided = record({ segment_ids: list(identifier, 100_000) });
