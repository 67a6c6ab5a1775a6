import { scriptWord } from "../../support/dialects/scripted-recogniser.js";
import { CYCLE_SAMPLES, LOUD_SAMPLES } from "../../support/stamped-audio.js";

/** Words before the one in whose middle the connection is lost. Utterances have three, so that one is not over. */
const WORDS_BEFORE = 4;
/** Words in all. */
const WORDS = 18;

/** Position at which the connection is lost. */
export const OUTAGE_AT = WORDS_BEFORE * CYCLE_SAMPLES + LOUD_SAMPLES / 2;
/** Position at which the speaker stops, some time after the last word. */
export const END_AT = WORDS * CYCLE_SAMPLES - (CYCLE_SAMPLES - LOUD_SAMPLES) / 2;

export interface WordAccount {
  /** Words that no final text had. */
  readonly lost: number;
  /** How often words came that had come before. */
  readonly twice: number;
}

/** Compares the final texts with what was spoken. */
export function accountForWords(finals: readonly string[]): WordAccount {
  const heard = finals.flatMap((text) => text.split(" "));
  const spoken = Array.from({ length: WORDS }, (_, n) => scriptWord(n));
  return {
    lost: spoken.filter((word) => !heard.includes(word)).length,
    twice: heard.length - new Set(heard).size,
  };
}
