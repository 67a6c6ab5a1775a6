import type { Bytes } from "../protocol/bytes.js";
import { toJson } from "../protocol/json.js";
import type { Transport } from "../transport/transport.js";
import type { Dialect, DialectEvent, DialectSession, RemoteMessage, Verdict } from "./dialect.js";
import type { DialectTransportOptions } from "./dialect-transport.js";
import { checked } from "./parts/checked.js";
import { fieldsIn, listIn, numberIn, parseFields, textIn } from "./parts/fields.js";
import { type QueryValues, withQuery } from "./parts/query.js";
import { wordsIn } from "./parts/words.js";
import { serviceTransport } from "./worker/service-transport.js";

/** Options of {@link deepgram}. */
export interface DeepgramOptions {
  /** Address of the service, or of a proxy of yours. @defaultValue "wss://api.deepgram.com/v1/listen" */
  readonly url?: string | URL | undefined;
  /** What else the address says: `model`, `language`, `smart_format` and so on, by the service's own names. */
  readonly query?: QueryValues | undefined;
  /** What `getToken` returns: a short-lived token (`bearer`), or a key (`token`), which does not belong into a page. @defaultValue "bearer" */
  readonly credential?: "bearer" | "token" | undefined;
}

/**
 * Speaks with Deepgram's `/v1/listen`, or with a server that does as it does, such as WhisperLiveKit. The stream's `getToken` gives
 * the token, which goes into the subprotocols.
 */
export function deepgram(options: DeepgramOptions & DialectTransportOptions = {}): Transport {
  return serviceTransport("deepgram", deepgramDialect(checked(options)), options, options);
}

const ENCODINGS = { pcm_s16le: "linear16", mulaw: "mulaw" } as const;

/** The dialect itself, without sockets. */
export function deepgramDialect({
  url = "wss://api.deepgram.com/v1/listen",
  query = {},
  credential = "bearer",
}: DeepgramOptions = {}): Dialect {
  return {
    name: "Deepgram",
    // It closes after ten seconds without a message, and takes audio at most 1.25 times as fast as it was spoken.
    terms: { messageMs: { min: 0, max: 250 }, pace: 1.25, keepaliveMs: 4_000, silenceMs: 10_000, finishMs: 5_000 },
    refuse: ({ encoding, channelCount }) =>
      encoding in ENCODINGS && channelCount === 1
        ? undefined
        : 'Deepgram gets one channel of 16-bit PCM or µ-law here. Use encoding "pcm_s16le" or "mulaw", and channelCount 1.',
    address: ({ token, format }) => ({
      url: withQuery(url, {
        interim_results: true,
        ...query,
        encoding: ENCODINGS[format.encoding as keyof typeof ENCODINGS],
        sample_rate: format.sampleRate,
        channels: 1,
      }),
      protocols: token === undefined ? [] : [credential, token],
    }),
    session: () => new DeepgramSession(),
  };
}

class DeepgramSession implements DialectSession {
  readonly isReadyWhenOpen = true;
  /** Ranges of audio that are final. */
  #ranges = 0;

  open(): string[] {
    return [];
  }

  audio(payload: Bytes): RemoteMessage {
    return payload;
  }

  keepalive(): string {
    return toJson({ type: "KeepAlive" });
  }

  finish(): string[] {
    return [toJson({ type: "CloseStream" })];
  }

  receive(message: RemoteMessage): DialectEvent[] {
    const fields = parseFields(message);
    switch (textIn(fields, "type")) {
      case "Results":
        return this.#results(fields);
      case "Metadata":
        // Means the end only after CloseStream, before which it is of no account.
        return [{ type: "finished" }];
      case "Error":
        return [{ type: "refused", verdict: { kind: "temporary", detail: "Deepgram reports an error." } }];
      default:
        return [];
    }
  }

  judge(code: number, reason: string): Verdict | "finished" {
    if (code === 1000) return "finished";
    if (code !== 1008) return { kind: "temporary", detail: `Deepgram has closed the connection with code ${code}.` };
    const detail = `Deepgram refuses the audio or the options: ${reason} Check the query of the dialect.`;
    return { kind: "final", detail };
  }

  #results(fields: ReturnType<typeof parseFields>): DialectEvent[] {
    const [start, duration] = [numberIn(fields, "start") ?? 0, numberIn(fields, "duration") ?? 0];
    const [best = {}] = listIn(fieldsIn(fields, "channel"), "alternatives");
    const text = textIn(best, "transcript") ?? "";
    const segment = String(this.#ranges);
    const list = listIn(best, "words");
    const words = wordsIn(list, { text: "word", from: "start", to: "end" });
    const speaker = numberIn(list[0] ?? {}, "speaker");
    const [from, to] = [words[0]?.from ?? start, words.at(-1)?.to ?? start + duration];
    const final = fields.is_final === true;
    const caption: DialectEvent = {
      type: "caption",
      ...{ segment, final, text, from, to, words },
      ...(speaker !== undefined && { speaker: String(speaker) }),
    };
    if (!final) return [caption];
    this.#ranges += 1;
    return [caption, { type: "settled", to: start + duration }];
  }
}
