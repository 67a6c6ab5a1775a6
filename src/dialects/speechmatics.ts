import type { Bytes } from "../protocol/bytes.js";
import { toJson } from "../protocol/json.js";
import type { Transport } from "../transport/transport.js";
import type { Dialect, DialectEvent, DialectSession, DialectWord, RemoteMessage, Verdict } from "./dialect.js";
import type { DialectTransportOptions } from "./dialect-transport.js";
import { checked } from "./parts/checked.js";
import { type Fields, fieldsIn, listIn, numberIn, parseFields, textIn } from "./parts/fields.js";
import { withQuery } from "./parts/query.js";
import { serviceTransport } from "./worker/service-transport.js";

/** Options of {@link speechmatics}. */
export interface SpeechmaticsOptions {
  /** Address of the service, or of a proxy of yours. @defaultValue "wss://eu.rt.speechmatics.com/v2" */
  readonly url?: string | URL | undefined;
  /** `transcription_config` of the first message, by the service's own names. @defaultValue `{ language: "en", enable_partials: true }` */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Speaks with Speechmatics' real-time service, version 2. The stream's `getToken` gives a temporary key, which the service takes
 * from a browser in the address only.
 */
export function speechmatics(options: SpeechmaticsOptions & DialectTransportOptions = {}): Transport {
  return serviceTransport("speechmatics", speechmaticsDialect(checked(options)), options, options);
}

const ENCODINGS = ["pcm_s16le", "pcm_f32le", "mulaw"];
/** It asks those it has no room for to wait so long at least, in milliseconds. */
const BUSY_MS = 10_000;

/** The dialect itself, without sockets. */
export function speechmaticsDialect({
  url = "wss://eu.rt.speechmatics.com/v2",
  config = {},
}: SpeechmaticsOptions = {}): Dialect {
  return {
    name: "Speechmatics",
    terms: {
      messageMs: { min: 0, max: 500 },
      // It reads more slowly when audio comes faster, and the socket fills.
      pace: 4,
      silenceMs: 15_000,
      sessionMs: 48 * 3_600_000,
      finishMs: 15_000,
    },
    refuse: ({ encoding, channelCount }) =>
      ENCODINGS.includes(encoding) && channelCount === 1
        ? undefined
        : 'Speechmatics gets one channel of PCM or µ-law here. Use encoding "pcm_s16le", "pcm_f32le" or "mulaw", and channelCount 1.',
    address: ({ token }) => ({ url: withQuery(url, { jwt: token }) }),
    session: ({ format: { encoding, sampleRate } }) =>
      new SpeechmaticsSession({
        message: "StartRecognition",
        audio_format: { type: "raw", encoding, sample_rate: sampleRate },
        transcription_config: { language: "en", enable_partials: true, ...config },
      }),
  };
}

class SpeechmaticsSession implements DialectSession {
  readonly #beginning: object;
  #messages = 0;
  #transcripts = 0;

  constructor(beginning: object) {
    this.#beginning = beginning;
  }

  open(): string[] {
    return [toJson(this.#beginning)];
  }

  audio(payload: Bytes): RemoteMessage {
    this.#messages += 1;
    return payload;
  }

  finish(): string[] {
    return [toJson({ message: "EndOfStream", last_seq_no: this.#messages })];
  }

  receive(message: RemoteMessage): DialectEvent[] {
    const fields = parseFields(message);
    switch (textIn(fields, "message")) {
      case "RecognitionStarted":
        return [{ type: "ready" }];
      case "AddPartialTranscript":
        return this.#transcript(fields, false);
      case "AddTranscript":
        return this.#transcript(fields, true);
      case "EndOfTranscript":
        return [{ type: "finished" }];
      case "Error":
        return [{ type: "refused", verdict: verdictOn(fields) }];
      default:
        return [];
    }
  }

  judge(code: number, reason: string): Verdict | "finished" {
    const detail = `Speechmatics has closed the connection with code ${code}${reason === "" ? "" : `: ${reason}`}.`;
    if (code === 4001) return { kind: "token", detail };
    if ([1003, 4003, 4004].includes(code)) return { kind: "final", detail };
    if ([4005, 4013, 1011].includes(code)) return { kind: "busy", detail, retryAfterMs: BUSY_MS };
    return { kind: "temporary", detail };
  }

  #transcript(fields: Fields, final: boolean): DialectEvent[] {
    const metadata = fieldsIn(fields, "metadata");
    const text = (textIn(metadata, "transcript") ?? "").trim();
    const [from, to] = [numberIn(metadata, "start_time") ?? 0, numberIn(metadata, "end_time") ?? 0];
    const segment = String(this.#transcripts);
    if (final) this.#transcripts += 1;
    const settled: DialectEvent[] = final ? [{ type: "settled", to }] : [];
    const results = listIn(fields, "results");
    const [spoken] = results.flatMap((result) => listIn(result, "alternatives").slice(0, 1));
    const [speaker, language] = [textIn(spoken ?? {}, "speaker"), textIn(spoken ?? {}, "language")];
    const words = results.flatMap(wordOf);
    return [
      {
        type: "caption",
        ...{ segment, final, text, from: words[0]?.from ?? from, to: words.at(-1)?.to ?? to, words },
        ...(speaker !== undefined && { speaker }),
        ...(language !== undefined && { language }),
      },
      ...settled,
    ];
  }
}

function wordOf(result: Fields): DialectWord[] {
  const [best = {}] = listIn(result, "alternatives");
  const [text, from, to] = [textIn(best, "content"), numberIn(result, "start_time"), numberIn(result, "end_time")];
  if (result.type === "punctuation" || text === undefined || from === undefined || to === undefined) return [];
  return [{ text, from, to }];
}

function verdictOn(fields: Fields): Verdict {
  const type = textIn(fields, "type") ?? "unknown_error";
  const detail = `Speechmatics reports ${type}: ${textIn(fields, "reason") ?? "no reason was given"}.`;
  switch (type) {
    case "not_authorised":
      return { kind: "token", detail };
    case "quota_exceeded":
    case "job_error":
      return { kind: "busy", detail, retryAfterMs: BUSY_MS };
    case "idle_timeout":
    case "session_timeout":
    case "timelimit_exceeded":
    case "unknown_error":
      return { kind: "temporary", detail };
    default:
      return { kind: "final", detail };
  }
}
