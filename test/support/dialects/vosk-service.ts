import { ScriptedRecogniser, samplesIn } from "./scripted-recogniser.js";
import type { ServiceCaller, ServiceSession, SpeechService, WireMessage } from "./speech-service.js";
import { type SpokenWord, textOf } from "./utterance.js";

const DEFAULT_RATE = 8_000;

/** What understands for one connection to a Vosk server. It answers in the order in which it is asked, at once or later. */
export interface VoskRecogniser {
  /** Answers with what the server says about a message of audio. */
  hear(audio: Uint8Array, answer: (json: string) => void): void;
  /** Answers with what is left. */
  finish(answer: (json: string) => void): void;
  /** Nobody wants an answer any more. */
  gone?(): void;
}

/**
 * The Vosk server in Python: one answer to each message of audio, in order; no answer to a configuration; `{"eof" : 1}` compared
 * character by character, answered with what is left, and then the connection is closed.
 */
export class VoskService implements SpeechService {
  readonly #open: (sampleRate: number) => VoskRecogniser;

  /** @param open makes what understands for a connection. @defaultValue one that knows its script */
  constructor(open: (sampleRate: number) => VoskRecogniser = (sampleRate) => new ScriptedVosk(sampleRate)) {
    this.#open = open;
  }

  accept(caller: ServiceCaller): ServiceSession {
    let rate = DEFAULT_RATE;
    let recogniser: VoskRecogniser | undefined;
    const opened = (): VoskRecogniser => {
      recogniser ??= this.#open(rate);
      return recogniser;
    };
    const answer = (json: string): void => caller.send(json);
    return {
      receive(message: WireMessage) {
        if (typeof message !== "string") opened().hear(message, answer);
        else if (message === '{"eof" : 1}') {
          opened().finish((json) => {
            answer(json);
            caller.close(1000);
          });
        } else if (message.includes("config")) {
          const { config } = JSON.parse(message) as { config: { sample_rate?: number } };
          rate = config.sample_rate ?? rate;
        }
      },
      gone: () => recogniser?.gone?.(),
    };
  }
}

class ScriptedVosk implements VoskRecogniser {
  readonly #recogniser: ScriptedRecogniser;
  #words: SpokenWord[] = [];

  constructor(sampleRate: number) {
    this.#recogniser = new ScriptedRecogniser(sampleRate);
  }

  hear(audio: Uint8Array, answer: (json: string) => void): void {
    let isFinal = false;
    for (const understood of this.#recogniser.listen(samplesIn(audio))) {
      if (understood.type === "word") this.#words.push(understood);
      else isFinal = true;
    }
    answer(isFinal ? this.#result() : JSON.stringify({ partial: textOf(this.#words) }));
  }

  finish(answer: (json: string) => void): void {
    answer(this.#result());
  }

  #result(): string {
    const words = this.#words;
    this.#words = [];
    const result = words.map(({ text, from, to }) => ({ word: text, start: from, end: to, conf: 1 }));
    return JSON.stringify({ ...(words.length > 0 && { result }), text: textOf(words) });
  }
}
