import type { ServiceCaller, ServiceSession, SpeechService } from "./speech-service.js";
import { type SpokenWord, textOf, UtteranceListener } from "./utterance.js";

export interface OpenAIServiceOptions {
  /** How long a session lasts. @defaultValue 1_800_000 */
  readonly sessionMs?: number;
}

const RATE = 24_000;
/** What a transcript takes after its item is cut off, for one item and the next: the second overtakes the first. */
const TRANSCRIPT_MS = [900, 100];

/**
 * OpenAI's realtime transcription: the subprotocol `realtime`; 24 kHz in base64; items that are cut off where nobody speaks, and
 * whose transcripts come later, and not in order.
 */
export class OpenAIService implements SpeechService {
  readonly #sessionMs: number;

  constructor({ sessionMs = 1_800_000 }: OpenAIServiceOptions = {}) {
    this.#sessionMs = sessionMs;
  }

  choose(offered: readonly string[]): string | undefined {
    return offered.find((name) => name === "realtime");
  }

  accept(caller: ServiceCaller): ServiceSession {
    const { clock } = caller;
    const cancels = new Set<() => void>();
    let events = 0;
    const say = (message: object): void => caller.send(JSON.stringify({ event_id: `event_${++events}`, ...message }));
    const fail = (code: string): void =>
      say({ type: "error", error: { type: "invalid_request_error", code, message: code } });
    let [items, isTranscribing] = [0, false];
    const named = (n: number): string => `item_${n}`;
    const cutOff = (words: readonly SpokenWord[], at: number): void => {
      const id = named(items);
      items += 1;
      say({ type: "input_audio_buffer.speech_stopped", item_id: id, audio_end_ms: Math.round(at * 1_000) });
      say({ type: "input_audio_buffer.committed", item_id: id, previous_item_id: items > 1 ? named(items - 2) : null });
      const cancel = clock.schedule(TRANSCRIPT_MS[items % TRANSCRIPT_MS.length] ?? 0, () => {
        cancels.delete(cancel);
        const item = { item_id: id, content_index: 0 };
        const text = textOf(words);
        say({ type: "conversation.item.input_audio_transcription.delta", ...item, delta: text });
        say({ type: "conversation.item.input_audio_transcription.completed", ...item, transcript: text });
      });
      cancels.add(cancel);
    };
    const listener = new UtteranceListener(RATE, {
      onWords([first, ...more]) {
        if (more.length > 0 || first === undefined) return;
        const at = Math.round(first.from * 1_000);
        say({ type: "input_audio_buffer.speech_started", item_id: named(items), audio_start_ms: at });
      },
      onPause: cutOff,
    });
    say({ type: "session.created", session: {} });
    const limit = clock.schedule(this.#sessionMs, () => {
      fail("session_expired");
      caller.close(1000);
    });
    cancels.add(limit);
    return {
      receive(message) {
        if (typeof message !== "string") return fail("invalid_message");
        const said = JSON.parse(message) as {
          type: string;
          audio?: string;
          session?: { audio?: { input?: { format?: { rate?: number } } } };
        };
        if (said.type === "session.update") {
          // An address with a model begins a conversation.
          if (caller.query.has("model")) return fail("invalid_session_type");
          if (said.session?.audio?.input?.format?.rate !== RATE) return fail("invalid_format");
          isTranscribing = true;
          say({ type: "session.updated", session: said.session });
        } else if (!isTranscribing) fail("invalid_session");
        else if (said.type === "input_audio_buffer.append") listener.listen(Buffer.from(said.audio ?? "", "base64"));
        else if (said.type === "input_audio_buffer.commit") {
          const words = listener.cutOff();
          if (words.length === 0) fail("input_audio_buffer_commit_empty");
          else cutOff(words, listener.heardSeconds);
        } else if (said.type === "input_audio_buffer.clear") {
          listener.cutOff();
          say({ type: "input_audio_buffer.cleared" });
        }
      },
      gone() {
        for (const cancel of cancels) cancel();
      },
    };
  }
}
