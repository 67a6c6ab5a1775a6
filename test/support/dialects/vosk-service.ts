import { ScriptedRecogniser, samplesIn, type Understood } from "./scripted-recogniser.js";
import type { ServiceCaller, ServiceSession, SpeechService, WireMessage } from "./speech-service.js";

const DEFAULT_RATE = 8_000;

/**
 * The Vosk server in Python: one answer to each message of audio, in order; no answer to a configuration; `{"eof" : 1}` compared
 * character by character, answered with what is left, and then the connection is closed.
 */
export class VoskService implements SpeechService {
  accept(caller: ServiceCaller): ServiceSession {
    let rate = DEFAULT_RATE;
    let recogniser: ScriptedRecogniser | undefined;
    let words: Extract<Understood, { readonly type: "word" }>[] = [];
    const result = (): string => {
      const final = {
        ...(words.length > 0 && {
          result: words.map(({ text, from, to }) => ({ word: text, start: from, end: to, conf: 1 })),
        }),
        text: words.map(({ text }) => text).join(" "),
      };
      words = [];
      return JSON.stringify(final);
    };
    return {
      receive(message: WireMessage) {
        if (typeof message === "string") {
          if (message === '{"eof" : 1}') {
            caller.send(result());
            caller.close(1000);
          } else if (message.includes("config")) {
            const { config } = JSON.parse(message) as { config: { sample_rate?: number } };
            rate = config.sample_rate ?? rate;
          }
          return;
        }
        recogniser ??= new ScriptedRecogniser(rate);
        let isFinal = false;
        for (const understood of recogniser.listen(samplesIn(message))) {
          if (understood.type === "word") words.push(understood);
          else isFinal = true;
        }
        caller.send(isFinal ? result() : JSON.stringify({ partial: words.map(({ text }) => text).join(" ") }));
      },
    };
  }
}
