/** How long a token may be, in UTF-16 units. */
export const MAX_TOKEN_LENGTH = 4096;
/** The longest identifier, such as that of a segment or a speaker. */
export const MAX_IDENTIFIER_LENGTH = 128;
/** The longest sentence about what happened. */
export const MAX_SENTENCE_LENGTH = 4_096;
/** What a caption may hold. */
export const CAPTION_LIMITS = { text: 100_000, words: 10_000, word: 1_000, language: 64 } as const;
