import { credentialIn } from "./deepgram-service.js";
import type { Handshake, ServiceCaller, ServiceSession, SpeechService } from "./speech-service.js";
import { type SpokenWord, textOf, UtteranceListener } from "./utterance.js";

/** Deepgram's `/v2/listen`: `Connected` first, numbered messages, turns; the end ends no turn, and closes without a code. */
export class FluxService implements SpeechService {
  /** Credentials that it takes. @defaultValue all */
  valid: ReadonlySet<string> | undefined;
  readonly #hasTimes: boolean;

  /** @param hasTimes whether its model says when words were spoken. */
  constructor(hasTimes = true) {
    this.#hasTimes = hasTimes;
  }

  admits(handshake: Handshake): boolean {
    return this.valid?.has(credentialIn(handshake)) ?? true;
  }

  choose(offered: readonly string[]): string | undefined {
    return offered.find((name) => name === "bearer" || name === "token");
  }

  accept(caller: ServiceCaller): ServiceSession {
    const hasTimes = this.#hasTimes;
    let [turn, from, sequence] = [0, 0, 0];
    const say = (message: object): void => {
      caller.send(JSON.stringify({ ...message, request_id: "request", sequence_id: sequence++ }));
    };
    const update = (event: string, words: readonly SpokenWord[], to: number): void => {
      say({
        type: "TurnInfo",
        ...{ event, turn_index: turn, audio_window_start: from, audio_window_end: to },
        transcript: textOf(words),
        words: words.map(({ text: word, from: start, to: end }) => ({
          ...{ word, confidence: 1 },
          ...(hasTimes && { start, end }),
        })),
        end_of_turn_confidence: 0.5,
      });
    };
    const listener = new UtteranceListener(Number(caller.query.get("sample_rate")), {
      onWords: (words) => update(words.length === 1 ? "StartOfTurn" : "Update", words, words.at(-1)?.to ?? 0),
      onPause(words, at) {
        update("EndOfTurn", words, at);
        turn += 1;
        from = at;
      },
    });
    say({ type: "Connected" });
    return {
      receive(message) {
        if (typeof message !== "string") {
          listener.listen(message);
          if (listener.words.length === 0) update("Update", [], listener.heardSeconds);
          return;
        }
        if ((JSON.parse(message) as { type: string }).type !== "CloseStream") return;
        if (listener.words.length > 0) update("Update", listener.words, listener.heardSeconds);
        caller.close(1005);
      },
    };
  }
}
