import type { ServiceCaller, ServiceSession, SpeechService } from "./speech-service.js";
import { fromFloats, type SpokenWord, textOf, UtteranceListener } from "./utterance.js";

/** sherpa-onnx' server in C++: floats, a result for each step with times of tokens from the segment's beginning, `Done!`. */
export class SherpaService implements SpeechService {
  /** Some versions write the list of times as text. */
  writesListsAsText = false;

  accept(caller: ServiceCaller): ServiceSession {
    let [segment, start] = [0, 0];
    const say = (words: readonly SpokenWord[], isFinal: boolean): void => {
      const times = words.map(({ from }) => Number((from - start).toFixed(2)));
      caller.send(
        JSON.stringify({
          ...{ text: textOf(words), tokens: words.map(({ text }) => text), segment, start_time: start },
          ...{ timestamps: this.writesListsAsText ? JSON.stringify(times) : times, is_final: isFinal },
        }),
      );
    };
    const listener = new UtteranceListener(16_000, {
      onWords: (words) => say(words, false),
      onPause(words, at) {
        say(words, true);
        segment += 1;
        start = at;
      },
    });
    return {
      receive(message) {
        if (typeof message !== "string") return listener.listen(fromFloats(message));
        if (message !== "Done") return;
        say(listener.cutOff(), false);
        caller.send("Done!");
      },
    };
  }
}
