import type { Bytes } from "../protocol/bytes.js";
import { toJson } from "../protocol/json.js";
import type { Transport } from "../transport/transport.js";
import type { Dialect, DialectEvent, DialectSession, RemoteMessage, Verdict } from "./dialect.js";
import type { DialectTransportOptions } from "./dialect-transport.js";
import { toBase64 } from "./parts/audio-forms.js";
import { checked } from "./parts/checked.js";
import { type Fields, listIn, parseFields, textIn } from "./parts/fields.js";
import { type QueryValues, withQuery } from "./parts/query.js";
import { wordsIn } from "./parts/words.js";
import { serviceTransport } from "./worker/service-transport.js";

/** Options of {@link elevenLabs}. */
export interface ElevenLabsOptions {
  /** Address of the service, or of a proxy of yours. @defaultValue "wss://api.elevenlabs.io/v1/speech-to-text/realtime" */
  readonly url?: string | URL | undefined;
  /** What else the address says, by the service's own names. @defaultValue `{ model_id: "scribe_v2_realtime" }` */
  readonly query?: QueryValues | undefined;
}

/**
 * Speaks with ElevenLabs' Scribe realtime. The stream's `getToken` gives a single-use token, which the service takes in the
 * address only. It has no message for the end: the last words are those of the last commit.
 */
export function elevenLabs(options: ElevenLabsOptions & DialectTransportOptions = {}): Transport {
  return serviceTransport("elevenlabs", elevenLabsDialect(checked(options)), options, options);
}

const PCM_RATES = [8_000, 16_000, 22_050, 24_000, 44_100, 48_000];

/** The dialect itself, without sockets. */
export function elevenLabsDialect({
  url = "wss://api.elevenlabs.io/v1/speech-to-text/realtime",
  query = {},
}: ElevenLabsOptions = {}): Dialect {
  return {
    name: "ElevenLabs",
    terms: {
      messageMs: { min: 100, max: 1_000 },
      pace: 1.2,
      silenceMs: 20_000,
      wordsWithinMs: 10_000,
      finishMs: 3_000,
      endsSilently: true,
    },
    refuse: ({ encoding, channelCount, sampleRate }) =>
      encoding === "pcm_s16le" && channelCount === 1 && PCM_RATES.includes(sampleRate)
        ? undefined
        : `ElevenLabs gets one channel of 16-bit PCM here. Use encoding "pcm_s16le", channelCount 1, and a sampleRate of ${PCM_RATES.join(", ")}.`,
    address: ({ token, format }) => ({
      url: withQuery(url, {
        model_id: "scribe_v2_realtime",
        commit_strategy: "vad",
        ...query,
        include_timestamps: true,
        audio_format: `pcm_${format.sampleRate}`,
        token,
      }),
    }),
    session: ({ format }) => new ElevenLabsSession(format.sampleRate),
  };
}

class ElevenLabsSession implements DialectSession {
  readonly #sampleRate: number;
  #commits = 0;

  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate;
  }

  open(): string[] {
    return [];
  }

  audio(payload: Bytes): RemoteMessage {
    return this.#chunk(toBase64(payload), false);
  }

  finish(): string[] {
    return [this.#chunk("", true)];
  }

  receive(message: RemoteMessage): DialectEvent[] {
    const fields = parseFields(message);
    const type = textIn(fields, "message_type") ?? "";
    switch (type) {
      case "session_started":
        return [{ type: "ready" }];
      case "partial_transcript":
      case "final_transcript":
        return this.#partial(textIn(fields, "text") ?? "");
      case "committed_transcript_with_timestamps":
        return this.#committed(fields);
      default:
        return textIn(fields, "error") === undefined ? [] : [{ type: "refused", verdict: verdictOn(type, fields) }];
    }
  }

  judge(code: number): Verdict {
    return { kind: "temporary", detail: `ElevenLabs has closed the connection with code ${code}.` };
  }

  #chunk(audio: string, commit: boolean): string {
    const rate = { sample_rate: this.#sampleRate };
    return toJson({ message_type: "input_audio_chunk", audio_base_64: audio, commit, ...rate });
  }

  #partial(text: string): DialectEvent[] {
    return [{ type: "caption", segment: String(this.#commits), final: false, text }];
  }

  #committed(fields: Fields): DialectEvent[] {
    const segment = String(this.#commits);
    this.#commits += 1;
    const spoken = listIn(fields, "words").filter(({ type }) => type === undefined || type === "word");
    const words = wordsIn(spoken, { text: "text", from: "start", to: "end" });
    const [first, last] = [words[0], words.at(-1)];
    if (first === undefined || last === undefined) return [{ type: "void", segment }];
    const [language, speaker] = [textIn(fields, "language_code"), textIn(spoken[0] ?? {}, "speaker_id")];
    return [
      {
        type: "caption",
        ...{ segment, final: true, text: textIn(fields, "text") ?? "", from: first.from, to: last.to, words },
        ...(language !== undefined && { language }),
        ...(speaker !== undefined && { speaker }),
      },
      { type: "settled", to: last.to },
    ];
  }
}

function verdictOn(type: string, fields: Fields): Verdict {
  const detail = `ElevenLabs reports ${type}: ${textIn(fields, "error") ?? ""}`;
  if (type === "auth_error") return { kind: "token", detail };
  if (["rate_limited", "queue_overflow", "resource_exhausted"].includes(type)) return { kind: "busy", detail };
  if (["quota_exceeded", "unaccepted_terms", "input_error", "invalid_request", "chunk_size_exceeded"].includes(type))
    return { kind: "final", detail };
  return { kind: "temporary", detail };
}
