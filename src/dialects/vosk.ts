import type { Bytes } from "../protocol/bytes.js";
import { toJson } from "../protocol/json.js";
import type { Transport } from "../transport/transport.js";
import type { Dialect, DialectEvent, DialectSession, RemoteMessage, Verdict } from "./dialect.js";
import type { DialectTransportOptions } from "./dialect-transport.js";
import { refuseUnlessMono } from "./parts/audio-forms.js";
import { checked, checkedAddress } from "./parts/checked.js";
import { type Fields, listIn, parseFields, textIn } from "./parts/fields.js";
import { wordsIn } from "./parts/words.js";
import { serviceTransport } from "./worker/service-transport.js";

/** Options of {@link vosk}. */
export interface VoskOptions extends DialectTransportOptions {
  /** The server compares this text character by character, so it is sent as it is. @defaultValue '{"eof" : 1}' */
  readonly endMessage?: string | undefined;
  /** Words or sentences that the recogniser is to expect, and nothing else. @defaultValue everything in its model */
  readonly phrases?: readonly string[] | undefined;
}

/**
 * Speaks with a Vosk server (`alphacep/vosk-server`) of the kind that is written in Python; the one in C++ takes its rate from
 * its environment. It answers each message of audio, and that answer says that the audio is decoded.
 * @param url such as `ws://localhost:2700`.
 */
export function vosk(url: string | URL, options: VoskOptions = {}): Transport {
  return serviceTransport("vosk", voskDialect(checkedAddress(url), checked(options)), options, url, options);
}

/** The dialect itself, without sockets. */
export function voskDialect(
  url: string | URL,
  { endMessage = '{"eof" : 1}', phrases }: Omit<VoskOptions, keyof DialectTransportOptions> = {},
): Dialect {
  return {
    name: "Vosk",
    // It answers when it has understood a message: a server that is slow is heard more often if they are short.
    terms: { messageMs: { min: 100, max: 200 }, pace: 20, silenceMs: 15_000, finishMs: 15_000 },
    refuse: (format) => refuseUnlessMono("A Vosk server", format),
    address: () => ({ url }),
    session: ({ format }) => new VoskSession(format.sampleRate, endMessage, phrases),
  };
}

class VoskSession implements DialectSession {
  readonly #sampleRate: number;
  readonly #endMessage: string;
  readonly #phrases: readonly string[] | undefined;
  /** Samples sent up to the end of each message that is not answered, oldest first. */
  readonly #unanswered: number[] = [];
  #sent = 0;
  #decoded = 0;
  /** The same before the message that was answered last. */
  #decodedBefore = 0;
  #utterance = 0;
  #utteranceFrom = 0;

  constructor(sampleRate: number, endMessage: string, phrases: readonly string[] | undefined) {
    this.#sampleRate = sampleRate;
    this.#endMessage = endMessage;
    this.#phrases = phrases;
  }

  open(): string[] {
    const config = { sample_rate: this.#sampleRate, words: true, ...(this.#phrases && { phrase_list: this.#phrases }) };
    return [toJson({ config })];
  }

  /** It never says that it is ready. */
  readonly isReadyWhenOpen = true;

  audio(payload: Bytes): RemoteMessage {
    this.#sent += payload.byteLength / 2 / this.#sampleRate;
    this.#unanswered.push(this.#sent);
    return payload;
  }

  finish(): string[] {
    return [this.#endMessage];
  }

  receive(message: RemoteMessage): DialectEvent[] {
    const fields = parseFields(message);
    // Anything else answers nothing.
    if (textIn(fields, "partial") === undefined && textIn(fields, "text") === undefined) return [];
    const answered = this.#unanswered.shift();
    this.#decodedBefore = this.#decoded;
    this.#decoded = answered ?? this.#sent;
    // What answers no audio answers the end.
    const end: DialectEvent[] = answered === undefined ? [{ type: "finished" }] : [];
    return [...this.#captions(fields), ...end];
  }

  judge(code: number): Verdict | "finished" {
    return { kind: "temporary", detail: `The Vosk server has closed the connection with code ${code}.` };
  }

  #captions(fields: Fields): DialectEvent[] {
    const partial = textIn(fields, "partial");
    const segment = String(this.#utterance);
    if (partial !== undefined) {
      const range = { from: this.#utteranceFrom, to: this.#decoded };
      return [{ type: "caption", segment, final: false, text: partial, ...range }];
    }
    const text = textIn(fields, "text") ?? "";
    const words = wordsIn(listIn(fields, "result"), { text: "word", from: "start", to: "end" });
    this.#utterance += 1;
    const from = words[0]?.from ?? this.#utteranceFrom;
    this.#utteranceFrom = this.#decoded;
    const to = words.at(-1)?.to;
    // The message may already hold the beginning of the next word.
    const settled = { type: "settled", to: Math.max(to ?? 0, this.#decodedBefore) } as const;
    return [{ type: "caption", segment, final: true, text, from, to: to ?? this.#decoded, words }, settled];
  }
}
