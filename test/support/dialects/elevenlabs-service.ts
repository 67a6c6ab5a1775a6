import type { ServiceCaller, ServiceSession, SpeechService } from "./speech-service.js";
import { type SpokenWord, textOf, UtteranceListener } from "./utterance.js";

/** ElevenLabs' Scribe realtime: single-use tokens, base64, a committed transcript and then the same with times; no end. */
export class ElevenLabsService implements SpeechService {
  readonly #used = new Set<string>();

  accept(caller: ServiceCaller): ServiceSession {
    const token = caller.query.get("token");
    const say = (type: string, more: object): void => caller.send(JSON.stringify({ message_type: type, ...more }));
    if (token === null || this.#used.has(token)) {
      say("auth_error", { error: "The token is not valid." });
      caller.close(1008);
      return { receive() {} };
    }
    this.#used.add(token);
    const rate = Number(caller.query.get("audio_format")?.replace("pcm_", ""));
    const commit = (words: readonly SpokenWord[]): void => {
      const text = textOf(words);
      say("committed_transcript", { text });
      if (caller.query.get("include_timestamps") !== "true") return;
      const spoken = words.flatMap((word, n) => [
        ...(n > 0 ? [{ text: " ", start: word.from, end: word.from, type: "spacing" }] : []),
        { text: word.text, start: word.from, end: word.to, type: "word", speaker_id: "speaker_0" },
      ]);
      say("committed_transcript_with_timestamps", { text, language_code: "en", words: spoken });
    };
    /** What is not committed. */
    let open: readonly SpokenWord[] = [];
    const commitOpen = (): void => {
      if (open.length > 0) commit(open);
      open = [];
    };
    const isManual = caller.query.get("commit_strategy") !== "vad";
    let earlier: readonly SpokenWord[] = [];
    const listener = new UtteranceListener(rate, {
      onWords(words) {
        open = [...earlier, ...words];
        say("partial_transcript", { text: textOf(open) });
      },
      onPause() {
        if (!isManual) commitOpen();
        earlier = open;
      },
    });
    say("session_started", { session_id: "session", config: {} });
    return {
      receive(message) {
        if (typeof message !== "string") return say("input_error", { error: "Text was expected." });
        const said = JSON.parse(message) as { message_type: string; audio_base_64: string; commit: boolean };
        if (said.message_type !== "input_audio_chunk") return say("input_error", { error: "This is no audio." });
        listener.listen(Buffer.from(said.audio_base_64, "base64"));
        if (!said.commit) return;
        listener.cutOff();
        commitOpen();
        earlier = [];
      },
    };
  }
}
