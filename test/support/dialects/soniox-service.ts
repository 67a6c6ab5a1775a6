import type { ServiceCaller, ServiceSession, SpeechService } from "./speech-service.js";
import { type SpokenWord, UtteranceListener } from "./utterance.js";

/** It gives up if nothing comes for so long. */
const IDLE_MS = 20_000;

/**
 * Soniox' real-time service: a configuration first and no answer to it; tokens of which the final ones come once and the others
 * replace each other; an end mark; `finished` after an empty message. A word is two tokens here, of which the second becomes
 * final later. Without audio and without a keepalive it gives up.
 */
export class SonioxService implements SpeechService {
  /** Keys that it takes. @defaultValue all */
  valid: ReadonlySet<string> | undefined;

  accept(caller: ServiceCaller): ServiceSession {
    let listener: UtteranceListener | undefined;
    /** Words of the utterance whose tokens were said to be final. */
    let said = 0;
    let processedMs = 0;
    const tokensOf = ({ text, from, to }: SpokenWord, isFinal: boolean): object[] => {
      const [start, end] = [Math.round(from * 1_000), Math.round(to * 1_000)];
      const middle = Math.round((start + end) / 2);
      return [
        { text: ` ${text.slice(0, 1)}`, start_ms: start, end_ms: middle, confidence: 1, is_final: isFinal },
        { text: text.slice(1), start_ms: middle, end_ms: end, confidence: 1, is_final: isFinal },
      ];
    };
    const say = (tokens: readonly object[], more: object = {}): void =>
      caller.send(
        JSON.stringify({
          tokens,
          ...{ final_audio_proc_ms: processedMs, total_audio_proc_ms: (listener?.heardSeconds ?? 0) * 1_000, ...more },
        }),
      );
    let cancelIdle = () => {};
    const fail = (code: number): void => {
      cancelIdle();
      caller.send(JSON.stringify({ tokens: [], error_code: code, error_message: "It went wrong." }));
      caller.close(1000);
    };
    const alive = (): void => {
      cancelIdle();
      cancelIdle = caller.clock.schedule(IDLE_MS, () => fail(408));
    };
    alive();
    const finals = (words: readonly SpokenWord[]): object[] => {
      const tokens = words.slice(said).flatMap((word) => tokensOf(word, true));
      said = words.length;
      return tokens;
    };
    return {
      receive: (message) => {
        alive();
        if (listener === undefined) {
          if (typeof message !== "string") return fail(400);
          const config = JSON.parse(message) as { api_key?: string; sample_rate: number };
          if (this.valid?.has(config.api_key ?? "") === false) return fail(401);
          listener = new UtteranceListener(config.sample_rate, {
            // All but the last word are certain.
            onWords(words) {
              const certain = words.slice(0, -1);
              processedMs = Math.round((certain.at(-1)?.to ?? processedMs / 1_000) * 1_000);
              const last = words.at(-1);
              say([...finals(certain), ...(last === undefined ? [] : tokensOf(last, false))]);
            },
            onPause(words, at) {
              processedMs = Math.round(at * 1_000);
              const end = { text: "<end>", start_ms: processedMs, end_ms: processedMs, confidence: 1, is_final: true };
              say([...finals(words), end]);
              said = 0;
            },
          });
          return;
        }
        if (typeof message !== "string") listener.listen(message);
        if (message !== "") return;
        const words = listener.words;
        say(finals(words));
        listener.cutOff();
        say([], { finished: true });
        cancelIdle();
        caller.close(1000);
      },
      gone: () => cancelIdle(),
    };
  }
}
