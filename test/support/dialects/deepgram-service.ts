import type { Handshake, ServiceCaller, ServiceSession, SpeechService } from "./speech-service.js";
import { type SpokenWord, textOf, UtteranceListener } from "./utterance.js";

/** It gives up if nothing comes for so long. */
const IDLE_MS = 10_000;

/**
 * Deepgram's `/v1/listen`: everything in the address, a subprotocol chosen, results of a range of audio that replace each
 * other until one is final, also where nobody speaks, time counted from bytes, `KeepAlive` and `CloseStream`.
 */
export class DeepgramService implements SpeechService {
  /** Credentials that it takes. @defaultValue all */
  valid: ReadonlySet<string> | undefined;

  admits(handshake: Handshake): boolean {
    return this.valid?.has(credentialIn(handshake)) ?? true;
  }

  choose(offered: readonly string[]): string | undefined {
    return offered.find((name) => name === "bearer" || name === "token");
  }

  accept(caller: ServiceCaller): ServiceSession {
    const { clock, query } = caller;
    const rate = Number(query.get("sample_rate"));
    let rangeFrom = 0;
    let interimAt = 0;
    const send = (words: readonly SpokenWord[], to: number, isFinal: boolean): void => {
      const alternative = {
        transcript: textOf(words),
        confidence: 1,
        words: words.map(({ text, from, to: end }) => ({ word: text, start: from, end, confidence: 1 })),
      };
      caller.send(
        JSON.stringify({
          type: "Results",
          channel_index: [0, 1],
          ...{ start: rangeFrom, duration: to - rangeFrom, is_final: isFinal, speech_final: isFinal },
          channel: { alternatives: [alternative] },
          metadata: { request_id: "request" },
        }),
      );
      if (isFinal) rangeFrom = to;
    };
    const listener = new UtteranceListener(rate, {
      onWords() {},
      onPause: (words, at) => send(words, at, true),
    });
    let cancelIdle = () => {};
    const alive = (): void => {
      cancelIdle();
      cancelIdle = clock.schedule(IDLE_MS, () => {
        caller.close(1011, "Deepgram did not receive audio data or a text message within the timeout window. NET-0001");
      });
    };
    alive();
    if (query.get("encoding") !== "linear16" || !(rate > 0)) caller.close(1008, "DATA-0000");
    return {
      receive(message) {
        alive();
        if (typeof message !== "string") {
          if (message.byteLength === 0) return caller.close(1011, "empty message");
          listener.listen(message);
          if (listener.heardSeconds - interimAt < 1) return;
          interimAt = listener.heardSeconds;
          if (query.get("interim_results") !== "true") return;
          send(listener.words, listener.heardSeconds, false);
          return;
        }
        const { type } = JSON.parse(message) as { type: string };
        if (type !== "CloseStream") return;
        send(listener.cutOff(), listener.heardSeconds, true);
        caller.send(JSON.stringify({ type: "Metadata", request_id: "request", duration: listener.heardSeconds }));
        cancelIdle();
        caller.close(1000);
      },
      gone: () => cancelIdle(),
    };
  }
}

/** The one that pages put into the subprotocols, and others into a header. */
export const credentialIn = ({ protocols, authorization = "" }: Handshake): string =>
  protocols[0] === "bearer" || protocols[0] === "token"
    ? (protocols[1] ?? "")
    : authorization.replace(/^(?:Bearer|Token) /i, "");
