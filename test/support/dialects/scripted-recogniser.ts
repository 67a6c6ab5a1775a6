import { CYCLE_SAMPLES, LOUD_SAMPLES, stampedSample } from "../stamped-audio.js";

/** What a recogniser that knows its script has understood. Times are seconds since its audio began. */
export type Understood =
  | { readonly type: "word"; readonly text: string; readonly from: number; readonly to: number }
  /** Nobody has spoken for a while after the last word of an utterance. */
  | { readonly type: "pause"; readonly at: number };

/** Words in an utterance. */
const WORDS = 3;
/** Silence after the last word of an utterance, in samples. */
const PAUSE_SAMPLES = 4_800;
/** Words that may come: half an hour of them. */
const SCRIPT_WORDS = 1_700;

/** Word `n` of the script: what is loud in the stamped audio from position `n × CYCLE_SAMPLES`. */
export const scriptWord = (n: number): string => `w${n}`;

let beginnings: Map<string, number> | undefined;

/** The word of the script that begins with these two samples. */
function beginningOf(first: number, second: number): number | undefined {
  beginnings ??= new Map(
    Array.from({ length: SCRIPT_WORDS }, (_, n) => {
      const at = n * CYCLE_SAMPLES;
      return [`${stampedSample(at)},${stampedSample(at + 1)}`, n] as const;
    }),
  );
  return beginnings.get(`${first},${second}`);
}

/**
 * Understands the words of stamped audio, each if it has heard every sample of it in one piece, and none otherwise. So words
 * that are missing or come twice are audio that is missing or comes twice.
 */
export class ScriptedRecogniser {
  readonly #sampleRate: number;
  #heard = 0;
  #previous = 0;
  /** The word that is being heard, and how much of it has been. */
  #word: { readonly number: number; readonly from: number; samples: number } | undefined;
  #lastWordEnd: number | undefined;
  #words = 0;

  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate;
  }

  get heardSeconds(): number {
    return this.#heard / this.#sampleRate;
  }

  listen(samples: Int16Array): Understood[] {
    const understood: Understood[] = [];
    for (const sample of samples) {
      this.#hear(sample, understood);
      this.#previous = sample;
      this.#heard += 1;
    }
    return understood;
  }

  #hear(sample: number, understood: Understood[]): void {
    const word = this.#word;
    if (word !== undefined) {
      if (sample === stampedSample(word.number * CYCLE_SAMPLES + word.samples)) {
        word.samples += 1;
        if (word.samples < LOUD_SAMPLES) return;
        const to = this.#heard + 1;
        const [from, end] = [word.from / this.#sampleRate, to / this.#sampleRate];
        understood.push({ type: "word", text: scriptWord(word.number), from, to: end });
        this.#words += 1;
        this.#lastWordEnd = to;
      }
      this.#word = undefined;
      return;
    }
    const number = beginningOf(this.#previous, sample);
    if (number !== undefined && this.#heard > 0) {
      this.#word = { number, from: this.#heard - 1, samples: 2 };
      return;
    }
    const isPause = this.#lastWordEnd !== undefined && this.#heard - this.#lastWordEnd >= PAUSE_SAMPLES;
    if (!isPause || this.#words < WORDS) return;
    this.#words = 0;
    this.#lastWordEnd = undefined;
    understood.push({ type: "pause", at: this.#heard / this.#sampleRate });
  }
}

/** The samples in 16-bit little-endian audio. */
export function samplesIn(bytes: Uint8Array): Int16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Int16Array.from({ length: bytes.byteLength >> 1 }, (_, i) => view.getInt16(i * 2, true));
}
