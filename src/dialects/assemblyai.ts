import type { Bytes } from "../protocol/bytes.js";
import { toJson } from "../protocol/json.js";
import type { Transport } from "../transport/transport.js";
import type { Dialect, DialectEvent, DialectSession, RemoteMessage, Verdict } from "./dialect.js";
import type { DialectTransportOptions } from "./dialect-transport.js";
import { checked } from "./parts/checked.js";
import { type Fields, listIn, numberIn, parseFields, textIn } from "./parts/fields.js";
import { type QueryValues, withQuery } from "./parts/query.js";
import { wordsIn } from "./parts/words.js";
import { serviceTransport } from "./worker/service-transport.js";

/** Options of {@link assemblyAI}. */
export interface AssemblyAIOptions {
  /** Address of the service, or of a proxy of yours. @defaultValue "wss://streaming.assemblyai.com/v3/ws" */
  readonly url?: string | URL | undefined;
  /** What else the address says: `speech_model`, `format_turns` and so on, by the service's own names. */
  readonly query?: QueryValues | undefined;
  /** How long a session lasts at most, in milliseconds; the token may say less. @defaultValue 10_800_000 */
  readonly sessionMs?: number | undefined;
}

/**
 * Speaks with AssemblyAI's streaming service, version 3. The stream's `getToken` gives a temporary token, which is good for one
 * session; the service takes it in the address only. Audio faster than it was spoken is refused, so after an outage the stream
 * stays late, and silence is left out until it is not.
 */
export function assemblyAI(options: AssemblyAIOptions & DialectTransportOptions = {}): Transport {
  return serviceTransport("assemblyai", assemblyAIDialect(checked(options)), options, options);
}

const ENCODINGS = { pcm_s16le: "pcm_s16le", mulaw: "pcm_mulaw" } as const;

/** The dialect itself, without sockets. */
export function assemblyAIDialect({
  url = "wss://streaming.assemblyai.com/v3/ws",
  query = {},
  sessionMs = 10_800_000,
}: AssemblyAIOptions = {}): Dialect {
  return {
    name: "AssemblyAI",
    terms: {
      // From 50 to 1 000 ms are allowed.
      messageMs: { min: 60, max: 900 },
      refusesShortMessages: true,
      pace: 1,
      // It says nothing while nobody speaks.
      silenceMs: 20_000,
      wordsWithinMs: 10_000,
      sessionMs,
      finishMs: 5_000,
    },
    refuse: ({ encoding, channelCount }) =>
      encoding in ENCODINGS && channelCount === 1
        ? undefined
        : 'AssemblyAI gets one channel of 16-bit PCM or µ-law here. Use encoding "pcm_s16le" or "mulaw", and channelCount 1.',
    address: ({ token, format }) => ({
      url: withQuery(url, {
        ...query,
        encoding: ENCODINGS[format.encoding as keyof typeof ENCODINGS],
        sample_rate: format.sampleRate,
        token,
      }),
    }),
    session: () => new AssemblyAISession(query.format_turns === true || query.format_turns === "true"),
  };
}

type Caption = Extract<DialectEvent, { readonly type: "caption" }>;

class AssemblyAISession implements DialectSession {
  readonly #formatsTurns: boolean;
  /** Turns that are over and will be said once more, with punctuation, oldest first. */
  #ended: Caption[] = [];

  constructor(formatsTurns: boolean) {
    this.#formatsTurns = formatsTurns;
  }

  open(): string[] {
    return [];
  }

  audio(payload: Bytes): RemoteMessage {
    return payload;
  }

  finish(): string[] {
    return [toJson({ type: "Terminate" })];
  }

  receive(message: RemoteMessage): DialectEvent[] {
    const fields = parseFields(message);
    switch (textIn(fields, "type")) {
      case "Begin":
        return [{ type: "ready" }];
      case "Turn":
        return this.#turn(fields);
      case "Termination":
        return [...this.settle(), { type: "finished" }];
      default:
        // An error comes before the close that tells its kind.
        return [];
    }
  }

  settle(): DialectEvent[] {
    return this.#ended.splice(0).flatMap(sayFinal);
  }

  judge(code: number, reason: string): Verdict {
    const detail = `AssemblyAI has closed the connection with code ${code}${reason === "" ? "" : `: ${reason}`}.`;
    switch (code) {
      case 1008:
      case 4001:
        return { kind: "token", detail };
      case 3006:
      case 3007:
      case 4000:
      case 4002:
      case 4003:
      case 4101:
        return { kind: "final", detail };
      case 3009:
      case 4029:
        return { kind: "busy", detail, retryAfterMs: 12_000 };
      default:
        return { kind: "temporary", detail };
    }
  }

  #turn(fields: Fields): DialectEvent[] {
    const list = listIn(fields, "words");
    const segment = String(numberIn(fields, "turn_order") ?? 0);
    const words = wordsIn(list, { text: "text", from: "start", to: "end", perSecond: 1_000 });
    const [first, last] = [words[0], words.at(-1)];
    if (first === undefined || last === undefined) return [{ type: "void", segment }];
    const isOver = fields.end_of_turn === true;
    const final = isOver && (!this.#formatsTurns || fields.turn_is_formatted === true);
    const speaker = textIn(fields, "speaker_label");
    const language = textIn(fields, "language_code");
    const said = textIn(fields, "transcript") ?? "";
    // The transcript has only the words that stand.
    const text = isOver ? said : words.map((word) => word.text).join(" ");
    const caption: Caption = {
      type: "caption",
      ...{ segment, final, text, from: first.from, to: last.to, words },
      ...(speaker !== undefined && { speaker }),
      ...(language !== undefined && { language }),
    };
    this.#ended = this.#ended.filter((turn) => turn.segment !== segment);
    // What is let go of with this turn may have others in it, which will not be said with punctuation any more.
    if (final) return [...this.settle(), ...sayFinal(caption)];
    if (isOver) this.#ended.push(caption);
    return [caption];
  }
}

const sayFinal = (caption: Caption): DialectEvent[] => [
  { ...caption, final: true },
  { type: "settled", to: caption.to ?? 0 },
];
