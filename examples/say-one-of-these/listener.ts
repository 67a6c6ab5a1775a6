import { encodeServerMessage } from "loquilex/protocol";
import type { Decoder, Endpointer } from "soundswallower";

/** Hears in a stream of sound when one of the phrases is spoken. Positions are those of the stream. */
export class Listener {
  readonly #decoder: Decoder;
  readonly #ears: Endpointer;
  readonly #say: (message: string) => void;
  readonly #frame: Float32Array;
  #filled = 0;
  #utterances = 0;
  /** Where the utterance began that is being spoken. */
  #from = 0;
  #text = "";

  constructor(decoder: Decoder, ears: Endpointer, say: (message: string) => void) {
    this.#decoder = decoder;
    this.#ears = ears;
    this.#say = say;
    this.#frame = new Float32Array(ears.get_frame_size());
  }

  /** @param position of the first sample. */
  hear(samples: Float32Array, position: number): void {
    for (const [index, sample] of samples.entries()) {
      this.#frame[this.#filled++] = sample;
      if (this.#filled < this.#frame.length) continue;
      this.#filled = 0;
      this.#listen(position + index + 1);
    }
  }

  /** The stream is over: what was spoken last is a caption now. */
  end(position: number): void {
    if (this.#ears.get_in_speech()) this.#finish(position);
  }

  #listen(position: number): void {
    const spokeBefore = this.#ears.get_in_speech();
    const speech: Float32Array | null = this.#ears.process(this.#frame);
    if (speech === null) return;
    if (!spokeBefore) {
      this.#utterances += 1;
      this.#from = Math.max(0, position - speech.length);
      this.#text = "";
      this.#decoder.start();
    }
    this.#decoder.process_audio(speech, false, false);
    if (this.#ears.get_in_speech()) this.#tellMore(position);
    else this.#finish(position);
  }

  #tellMore(position: number): void {
    const text = this.#decoder.get_text();
    if (text === "" || text === this.#text) return;
    this.#text = text;
    this.#caption("asr.partial", position);
  }

  #finish(position: number): void {
    this.#decoder.stop();
    this.#text = this.#decoder.get_text();
    this.#caption("asr.final", position);
  }

  #caption(type: "asr.partial" | "asr.final", to: number): void {
    const audio = { from: this.#from, to };
    const caption = { text: this.#text, segment_id: `utterance-${this.#utterances}`, audio };
    this.#say(encodeServerMessage(type, caption));
  }
}
