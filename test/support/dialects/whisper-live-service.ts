import type { ServiceCaller, ServiceSession, SpeechService } from "./speech-service.js";
import { fromFloats, type SpokenWord, textOf, UtteranceListener } from "./utterance.js";

export interface WhisperLiveServiceOptions {
  /** How long a session lasts. @defaultValue 600_000 */
  readonly sessionMs?: number;
}

/** Segments that come again each time. */
const SENT_AGAIN = 10;

/** WhisperLive: a first message, `SERVER_READY`, the last segments each time, with times as text, and no end that is said. */
export class WhisperLiveService implements SpeechService {
  readonly #sessionMs: number;

  constructor({ sessionMs = 600_000 }: WhisperLiveServiceOptions = {}) {
    this.#sessionMs = sessionMs;
  }

  accept(caller: ServiceCaller): ServiceSession {
    let uid: string | undefined;
    /** It decodes what it has got about each second, and says what it has found: what came since then waits for more. */
    let decodedAt = 0;
    const complete: object[] = [];
    const segmentOf = (words: readonly SpokenWord[], completed: boolean): object => ({
      ...{ start: (words[0]?.from ?? 0).toFixed(3), end: (words.at(-1)?.to ?? 0).toFixed(3) },
      ...{ text: ` ${textOf(words)}`, completed },
    });
    const say = (open: readonly object[]): void =>
      caller.send(JSON.stringify({ uid, segments: [...complete.slice(-SENT_AGAIN), ...open] }));
    const listener = new UtteranceListener(16_000, {
      onWords() {},
      onPause: (words) => complete.push(segmentOf(words, true)),
    });
    const cancelLimit = caller.clock.schedule(this.#sessionMs, () => {
      caller.send(JSON.stringify({ uid, message: "DISCONNECT" }));
      caller.close(1000);
    });
    return {
      receive(message) {
        if (typeof message === "string") {
          uid = (JSON.parse(message) as { uid: string }).uid;
          caller.send(JSON.stringify({ uid, message: "SERVER_READY", backend: "faster_whisper" }));
        } else if (Buffer.from(message).toString("latin1") === "END_OF_AUDIO") caller.close(1000);
        else {
          listener.listen(fromFloats(message));
          if (listener.heardSeconds - decodedAt < 1) return;
          decodedAt = listener.heardSeconds;
          say(listener.words.length > 0 ? [segmentOf(listener.words, false)] : []);
        }
      },
      gone: () => cancelLimit(),
    };
  }
}
