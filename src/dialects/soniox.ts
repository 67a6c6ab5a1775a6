import type { Bytes } from "../protocol/bytes.js";
import { toJson } from "../protocol/json.js";
import type { Transport } from "../transport/transport.js";
import type { Dialect, DialectEvent, DialectSession, DialectWord, RemoteMessage, Verdict } from "./dialect.js";
import type { DialectTransportOptions } from "./dialect-transport.js";
import { checked } from "./parts/checked.js";
import { type Fields, listIn, numberIn, parseFields, textIn } from "./parts/fields.js";
import { serviceTransport } from "./worker/service-transport.js";

/** Options of {@link soniox}. */
export interface SonioxOptions {
  /** Address of the service, or of a proxy of yours. @defaultValue "wss://stt-rt.soniox.com/transcribe-websocket" */
  readonly url?: string | URL | undefined;
  /** The first message's other fields, by the service's own names. @defaultValue `{ model: "stt-rt-v5" }` */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /** How long a session lasts at most, in milliseconds; the key may say less. @defaultValue 18_000_000 */
  readonly sessionMs?: number | undefined;
}

/** Speaks with Soniox' real-time service. The stream's `getToken` gives a temporary key, which goes into the first message. */
export function soniox(options: SonioxOptions & DialectTransportOptions = {}): Transport {
  return serviceTransport("soniox", sonioxDialect(checked(options)), options, options);
}

const ENCODINGS = ["pcm_s16le", "pcm_f32le", "mulaw"];

/** The dialect itself, without sockets. */
export function sonioxDialect({
  url = "wss://stt-rt.soniox.com/transcribe-websocket",
  config = {},
  sessionMs = 18_000_000,
}: SonioxOptions = {}): Dialect {
  return {
    name: "Soniox",
    terms: {
      messageMs: { min: 0, max: 500 },
      // It wants audio at about the pace at which it was spoken.
      pace: 1.2,
      keepaliveMs: 8_000,
      silenceMs: 10_000,
      sessionMs,
      finishMs: 5_000,
    },
    refuse: ({ encoding }) =>
      ENCODINGS.includes(encoding) ? undefined : 'Soniox gets raw audio here. Use encoding "pcm_s16le".',
    address: () => ({ url }),
    session: ({ token, format: { encoding, sampleRate, channelCount } }) =>
      new SonioxSession({
        model: "stt-rt-v5",
        enable_endpoint_detection: true,
        ...config,
        ...{ api_key: token, audio_format: encoding, sample_rate: sampleRate, num_channels: channelCount },
      }),
  };
}

/** Marks among the tokens: nobody speaks any more, and the answer to `finalize`. */
const MARKS: readonly unknown[] = ["<end>", "<fin>"];

/** Times are rounded, and not a sample of a word may be missing that is to be understood anew. */
const ROUNDING_SEC = 0.02;

/** Tokens that stand and are remembered: older ones do not come again. */
const MAX_STOOD = 64;

/** A segment ends after so many seconds, or so many tokens, even if nobody pauses: its audio is kept until it does. */
const LONGEST_SEC = 15;
const MAX_TOKENS = 500;

class SonioxSession implements DialectSession {
  readonly isReadyWhenOpen = true;
  readonly #beginning: object;
  #segments = 0;
  /** The tokens that stand of the segment that is not over. */
  #final: Fields[] = [];
  /** Tokens that stand, with their times, newest last. */
  readonly #stood: string[] = [];

  constructor(beginning: object) {
    this.#beginning = beginning;
  }

  open(): string[] {
    return [toJson(this.#beginning)];
  }

  audio(payload: Bytes): RemoteMessage {
    return payload;
  }

  keepalive(): string {
    return toJson({ type: "keepalive" });
  }

  finish(): string[] {
    return [""];
  }

  receive(message: RemoteMessage): DialectEvent[] {
    const fields = parseFields(message);
    if (fields.error_code !== undefined && fields.error_code !== null)
      return [{ type: "refused", verdict: verdictOn(fields) }];
    const events: DialectEvent[] = [];
    const guessed: Fields[] = [];
    for (const token of listIn(fields, "tokens")) {
      if (token.translation_status === "translation") continue;
      if (MARKS.includes(token.text)) events.push(...this.#endSegment());
      else if (this.#stood.includes(keyOf(token))) continue;
      else if (token.is_final === true) this.#stand(token);
      else guessed.push(token);
    }
    if (fields.finished === true) return [...events, ...this.#endSegment(), { type: "finished" }];
    events.push(...this.#endLongSegment(), this.#caption([...this.#final, ...guessed], false));
    const processedMs = numberIn(fields, "final_audio_proc_ms") ?? 0;
    // What stands is said when its segment ends. Until then its audio may be all that is left of it.
    const unsaid = (wordsOf(this.#final)[0]?.from ?? Number.POSITIVE_INFINITY) - ROUNDING_SEC;
    events.push({ type: "settled", to: Math.min(processedMs / 1_000, unsaid) });
    return events;
  }

  judge(code: number): Verdict | "finished" {
    return { kind: "temporary", detail: `Soniox has closed the connection with code ${code}.` };
  }

  #stand(token: Fields): void {
    if (this.#stood.push(keyOf(token)) > MAX_STOOD) this.#stood.shift();
    this.#final.push(token);
  }

  /** Ends a segment that is long, before its last word, which may not be whole. */
  #endLongSegment(): DialectEvent[] {
    const tokens = this.#final;
    const [from, to] = [numberIn(tokens[0] ?? {}, "start_ms"), numberIn(tokens.at(-1) ?? {}, "end_ms")];
    if (tokens.length < MAX_TOKENS && (to ?? 0) - (from ?? 0) < LONGEST_SEC * 1_000) return [];
    const lastWordAt = tokens.findLastIndex(isBeginning);
    // Not every language has spaces.
    return this.#endSegment(tokens.splice(lastWordAt > 0 ? lastWordAt : -1));
  }

  /** @param rest tokens that stand and belong to the next segment. */
  #endSegment(rest: Fields[] = []): DialectEvent[] {
    const tokens = this.#final;
    this.#final = rest;
    const caption = this.#caption(tokens, true);
    this.#segments += 1;
    return [caption];
  }

  #caption(tokens: readonly Fields[], final: boolean): DialectEvent {
    const words = wordsOf(tokens);
    const [speaker, language] = [textIn(tokens[0] ?? {}, "speaker"), textIn(tokens[0] ?? {}, "language")];
    return {
      type: "caption",
      ...{ segment: String(this.#segments), final, text: textOf(tokens).trim(), words },
      ...{ from: words[0]?.from, to: words.at(-1)?.to },
      ...(speaker !== undefined && { speaker }),
      ...(language !== undefined && { language }),
    };
  }
}

/** No token comes twice with the same times. */
const keyOf = ({ text, start_ms, end_ms }: Fields): string => JSON.stringify([text, start_ms, end_ms]);

const textOf = (tokens: readonly Fields[]): string => tokens.map((token) => textIn(token, "text") ?? "").join("");

/** Tokens are parts of words; the first of a word begins with a space. */
const isBeginning = (token: Fields): boolean => textIn(token, "text")?.startsWith(" ") === true;

function wordsOf(tokens: readonly Fields[]): DialectWord[] {
  const words: DialectWord[] = [];
  for (const token of tokens) {
    const [text, from, to] = [textIn(token, "text"), numberIn(token, "start_ms"), numberIn(token, "end_ms")];
    if (text === undefined || from === undefined || to === undefined) continue;
    const last = words.at(-1);
    if (last === undefined || isBeginning(token)) words.push({ text: text.trim(), from: from / 1_000, to: to / 1_000 });
    else words[words.length - 1] = { ...last, text: last.text + text, to: to / 1_000 };
  }
  return words;
}

function verdictOn(fields: Fields): Verdict {
  const code = numberIn(fields, "error_code") ?? 0;
  const detail = `Soniox reports error ${code}: ${textIn(fields, "error_message") ?? "no reason was given"}`;
  if (code === 401) return { kind: "token", detail };
  if (code === 429) return { kind: "busy", detail };
  if (code === 408 || code >= 500) return { kind: "temporary", detail };
  return { kind: "final", detail };
}
