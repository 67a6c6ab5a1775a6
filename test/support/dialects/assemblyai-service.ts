import type { ServiceCaller, ServiceSession, SpeechService } from "./speech-service.js";
import { type SpokenWord, textOf, UtteranceListener } from "./utterance.js";

export interface AssemblyAIServiceOptions {
  /** How long a session lasts. @defaultValue 10_800_000 */
  readonly sessionMs?: number;
}

/** Audio may be so much ahead of the time, in milliseconds, which the network explains. */
const SLACK_MS = 1_500;

/**
 * AssemblyAI's streaming service, version 3: tokens that are good once; chunks of 50 to 1 000 ms, not faster than they were
 * spoken; turns, which come twice at their end if they are to be formatted; a limit of the session.
 */
export class AssemblyAIService implements SpeechService {
  readonly #used = new Set<string>();
  readonly #sessionMs: number;

  constructor({ sessionMs = 10_800_000 }: AssemblyAIServiceOptions = {}) {
    this.#sessionMs = sessionMs;
  }

  accept(caller: ServiceCaller): ServiceSession {
    const { clock, query } = caller;
    const token = query.get("token");
    if (token === null || this.#used.has(token)) {
      caller.close(1008, "Not authorized");
      return { receive() {} };
    }
    this.#used.add(token);
    const rate = Number(query.get("sample_rate"));
    const formats = query.get("format_turns") === "true";
    let turn = 0;
    const say = (words: readonly SpokenWord[], isOver: boolean, isFormatted: boolean): void =>
      caller.send(
        JSON.stringify({
          type: "Turn",
          ...{ turn_order: turn, end_of_turn: isOver, turn_is_formatted: isFormatted, transcript: textOf(words) },
          end_of_turn_confidence: isOver ? 1 : 0,
          words: words.map(({ text, from, to }) => ({
            ...{ text, start: Math.round(from * 1_000), end: Math.round(to * 1_000) },
            ...{ confidence: 1, word_is_final: true },
          })),
        }),
      );
    const endTurn = (words: readonly SpokenWord[]): void => {
      if (words.length === 0) return;
      say(words, true, false);
      // In a message of its own, so that a cut may come between the two.
      if (formats) say(words, true, true);
      turn += 1;
    };
    const listener = new UtteranceListener(rate, {
      onWords: (words) => say(words, false, false),
      onPause: endTurn,
    });
    const startedAt = clock.now();
    caller.send(JSON.stringify({ type: "Begin", id: "session", expires_at: 0 }));
    const cancelLimit = clock.schedule(this.#sessionMs, () => caller.close(3008, "Session expired"));
    return {
      receive(message) {
        if (typeof message !== "string") {
          const ms = (message.byteLength / 2 / rate) * 1_000;
          if (ms < 50 || ms > 1_000) return caller.close(3007, "Input duration violation");
          listener.listen(message);
          if (listener.heardSeconds * 1_000 > clock.now() - startedAt + SLACK_MS)
            return caller.close(3007, "Audio transmission rate exceeded");
          return;
        }
        if ((JSON.parse(message) as { type: string }).type !== "Terminate") return;
        endTurn(listener.cutOff());
        caller.send(JSON.stringify({ type: "Termination", audio_duration_seconds: listener.heardSeconds }));
        cancelLimit();
        caller.close(1000);
      },
      gone: () => cancelLimit(),
    };
  }
}
