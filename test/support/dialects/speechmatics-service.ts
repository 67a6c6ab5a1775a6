import type { ServiceCaller, ServiceSession, SpeechService } from "./speech-service.js";
import { type SpokenWord, textOf, UtteranceListener } from "./utterance.js";

/** Silence after which an empty transcript says that nobody spoke, in seconds. */
const EMPTY_AFTER_SEC = 4;

export interface SpeechmaticsServiceOptions {
  /** Whether the end may name a message before the last one, as that of the service's own client does. @defaultValue false */
  readonly takesEarlierEnd?: boolean;
}

/**
 * Speechmatics' real-time service, version 2: no audio before `StartRecognition`; one `AudioAdded` for each message; partial
 * transcripts that replace each other and final ones that follow each other; after `EndOfTranscript` the caller closes.
 */
export class SpeechmaticsService implements SpeechService {
  /** Keys that it takes. @defaultValue all */
  valid: ReadonlySet<string> | undefined;
  readonly #takesEarlierEnd: boolean;

  constructor({ takesEarlierEnd = false }: SpeechmaticsServiceOptions = {}) {
    this.#takesEarlierEnd = takesEarlierEnd;
  }

  accept(caller: ServiceCaller): ServiceSession {
    const takesEarlierEnd = this.#takesEarlierEnd;
    let listener: UtteranceListener | undefined;
    let [messages, settledTo] = [0, 0];
    const fail = (type: string, code: number): void => {
      caller.send(JSON.stringify({ message: "Error", type, reason: `It is ${type}` }));
      caller.close(code, type);
    };
    if (this.valid?.has(caller.query.get("jwt") ?? "") === false) fail("not_authorised", 4001);
    const transcript = (message: string, words: readonly SpokenWord[], from: number, to: number): void =>
      caller.send(
        JSON.stringify({
          message,
          metadata: { start_time: from, end_time: to, transcript: `${textOf(words)} ` },
          results: words.map((word) => ({
            ...{ type: "word", start_time: word.from, end_time: word.to },
            alternatives: [{ content: word.text, confidence: 1, language: "en", speaker: "S1" }],
          })),
        }),
      );
    return {
      receive(message) {
        if (typeof message !== "string") {
          if (listener === undefined) return fail("protocol_error", 1003);
          listener.listen(message);
          messages += 1;
          caller.send(JSON.stringify({ message: "AudioAdded", seq_no: messages }));
          if (listener.words.length > 0 || listener.heardSeconds - settledTo < EMPTY_AFTER_SEC) return;
          // Some of a word may be there already.
          const to = listener.heardSeconds - 1;
          transcript("AddTranscript", [], settledTo, to);
          settledTo = to;
          return;
        }
        const said = JSON.parse(message) as {
          message: string;
          audio_format?: { sample_rate: number };
          last_seq_no?: number;
        };
        if (said.message === "StartRecognition") {
          listener = new UtteranceListener(said.audio_format?.sample_rate ?? 0, {
            onWords: (words) => transcript("AddPartialTranscript", words, settledTo, words.at(-1)?.to ?? 0),
            onPause(words, at) {
              transcript("AddTranscript", words, settledTo, at);
              settledTo = at;
            },
          });
          caller.send(JSON.stringify({ message: "Info", type: "recognition_quality", quality: "broadcast" }));
          caller.send(JSON.stringify({ message: "RecognitionStarted", id: "session" }));
        }
        if (said.message !== "EndOfStream" || listener === undefined) return;
        const missing = messages - (said.last_seq_no ?? 0);
        if (missing < 0 || (missing > 0 && !takesEarlierEnd)) return fail("protocol_error", 1003);
        transcript("AddTranscript", listener.cutOff(), settledTo, listener.heardSeconds);
        caller.send(JSON.stringify({ message: "EndOfTranscript" }));
      },
    };
  }
}
