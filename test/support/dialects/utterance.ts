import { ScriptedRecogniser, samplesIn, type Understood } from "./scripted-recogniser.js";

export type SpokenWord = Extract<Understood, { readonly type: "word" }>;

/** Whom a listener tells. */
export interface UtteranceObserver {
  /** One more word was understood; all of the utterance so far. */
  onWords(words: readonly SpokenWord[]): void;
  /** Nobody speaks any more. */
  onPause(words: readonly SpokenWord[], at: number): void;
}

/** Collects the words of one utterance after the other. */
export class UtteranceListener {
  readonly #recogniser: ScriptedRecogniser;
  readonly #observer: UtteranceObserver;
  #words: SpokenWord[] = [];

  constructor(sampleRate: number, observer: UtteranceObserver) {
    this.#recogniser = new ScriptedRecogniser(sampleRate);
    this.#observer = observer;
  }

  get heardSeconds(): number {
    return this.#recogniser.heardSeconds;
  }

  get words(): readonly SpokenWord[] {
    return this.#words;
  }

  /** Gets 16-bit little-endian audio. */
  listen(audio: Uint8Array): void {
    for (const understood of this.#recogniser.listen(samplesIn(audio))) {
      if (understood.type === "word") {
        this.#words = [...this.#words, understood];
        this.#observer.onWords(this.#words);
      } else this.#end(understood.at);
    }
  }

  /** Ends the utterance, whether or not there was a pause. Returns its words. */
  cutOff(): readonly SpokenWord[] {
    const words = this.#words;
    this.#words = [];
    return words;
  }

  #end(at: number): void {
    const words = this.cutOff();
    this.#observer.onPause(words, at);
  }
}

export const textOf = (words: readonly SpokenWord[]): string => words.map(({ text }) => text).join(" ");

/** 16-bit samples of floats from −1 to 1, both little-endian. */
export function fromFloats(bytes: Uint8Array): Uint8Array {
  const from = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const samples = new DataView(new ArrayBuffer(bytes.byteLength / 2));
  for (let at = 0; at + 3 < bytes.byteLength; at += 4)
    samples.setInt16(at / 2, Math.round(from.getFloat32(at, true) * 32_768), true);
  return new Uint8Array(samples.buffer);
}
