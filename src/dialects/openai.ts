import type { Bytes } from "../protocol/bytes.js";
import { toJson } from "../protocol/json.js";
import type { Transport } from "../transport/transport.js";
import type { Dialect, DialectEvent, DialectSession, RemoteMessage, Verdict } from "./dialect.js";
import type { DialectTransportOptions } from "./dialect-transport.js";
import { refuseUnlessMono, toBase64 } from "./parts/audio-forms.js";
import { checked } from "./parts/checked.js";
import { type Fields, fieldsIn, numberIn, parseFields, textIn } from "./parts/fields.js";
import { serviceTransport } from "./worker/service-transport.js";

/** Options of {@link openAI}. */
export interface OpenAIOptions {
  /** Address of the service, or of a proxy of yours. @defaultValue "wss://api.openai.com/v1/realtime?intent=transcription" */
  readonly url?: string | URL | undefined;
  /** `audio.input` of the session, by the service's own names: `transcription`, `turn_detection` and so on. */
  readonly input?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * Speaks with OpenAI's realtime transcription. The stream's `getToken` gives a client secret, which goes into the subprotocols.
 * The service takes 24 kHz only, and gives no times of words.
 */
export function openAI(options: OpenAIOptions & DialectTransportOptions = {}): Transport {
  return serviceTransport("openai", openAIDialect(checked(options)), options, options);
}

const SAMPLE_RATE = 24_000;

/** The dialect itself, without sockets. */
export function openAIDialect({
  url = "wss://api.openai.com/v1/realtime?intent=transcription",
  input = {},
}: OpenAIOptions = {}): Dialect {
  return {
    name: "OpenAI",
    // A session lasts half an hour. What one may send how fast is not documented.
    terms: {
      messageMs: { min: 100, max: 1_000 },
      pace: 2,
      silenceMs: 20_000,
      wordsWithinMs: 10_000,
      sessionMs: 30 * 60_000,
      finishMs: 10_000,
    },
    refuse: (format) => refuseUnlessMono("OpenAI", format, SAMPLE_RATE),
    address: ({ token }) => ({
      url,
      protocols: ["realtime", ...(token === undefined ? [] : [`openai-insecure-api-key.${token}`])],
    }),
    session: () => new OpenAISession(input),
  };
}

/** Stretches of speech that are remembered when they are said, so that nobody waits for what the service says of them again. */
const MAX_SAID = 64;

/** Stretches of speech that may wait for their words. */
const MAX_ITEMS = 1_000;

/** A stretch of speech. */
interface Item {
  readonly id: string;
  from: number | undefined;
  to: number | undefined;
  text: string;
  isComplete: boolean;
}

class OpenAISession implements DialectSession {
  readonly #input: Readonly<Record<string, unknown>>;
  /** Those that are not said, in the order in which they were spoken. */
  readonly #items: Item[] = [];
  /** Names of those that are said. */
  readonly #said: string[] = [];
  #isFinishing = false;
  /** The last piece has been cut off, or there was none. */
  #isCutOff = false;
  #sentSeconds = 0;

  constructor(input: Readonly<Record<string, unknown>>) {
    this.#input = input;
  }

  open(): string[] {
    const input = {
      transcription: { model: "gpt-4o-transcribe" },
      turn_detection: { type: "server_vad" },
      ...this.#input,
      format: { type: "audio/pcm", rate: SAMPLE_RATE },
    };
    return [toJson({ type: "session.update", session: { type: "transcription", audio: { input } } })];
  }

  audio(payload: Bytes): RemoteMessage {
    this.#sentSeconds += payload.byteLength / 2 / SAMPLE_RATE;
    return toJson({ type: "input_audio_buffer.append", audio: toBase64(payload) });
  }

  finish(): string[] {
    this.#isFinishing = true;
    // The service also cuts off by itself, which looks the same. The answer to the second message comes after that to the first.
    return [toJson({ type: "input_audio_buffer.commit" }), toJson({ type: "input_audio_buffer.clear" })];
  }

  receive(message: RemoteMessage): DialectEvent[] {
    const events = this.#read(message);
    const [unsaid] = this.#items;
    // Words come when a stretch of speech is over, however long it is.
    return unsaid === undefined ? events : [...events, { type: "listened", to: unsaid.from ?? 0 }];
  }

  #read(message: RemoteMessage): DialectEvent[] {
    const fields = parseFields(message);
    const id = textIn(fields, "item_id") ?? "";
    if (id !== "" && this.#said.includes(id)) return [];
    switch (textIn(fields, "type")) {
      case "session.updated":
        return [{ type: "ready" }];
      case "input_audio_buffer.speech_started":
        this.#item(id).from = secondsIn(fields, "audio_start_ms");
        return [];
      case "input_audio_buffer.speech_stopped":
        this.#item(id).to = secondsIn(fields, "audio_end_ms");
        return [];
      case "input_audio_buffer.committed":
        this.#item(id).to ??= this.#sentSeconds;
        return [];
      case "input_audio_buffer.cleared":
        this.#isCutOff = this.#isFinishing;
        return this.#finishedIfSaid();
      case "conversation.item.input_audio_transcription.delta": {
        const item = this.#item(id);
        item.text += textIn(fields, "delta") ?? "";
        return [captionOf(item, false)];
      }
      case "conversation.item.input_audio_transcription.completed": {
        const item = this.#item(id);
        item.text = textIn(fields, "transcript") ?? item.text;
        item.isComplete = true;
        return this.#sayComplete();
      }
      case "conversation.item.input_audio_transcription.failed":
        return [{ type: "refused", verdict: verdictOn(fieldsIn(fields, "error")) }];
      case "error":
        return this.#error(fieldsIn(fields, "error"));
      default:
        return [];
    }
  }

  judge(code: number): Verdict | "finished" {
    return { kind: "temporary", detail: `OpenAI has closed the connection with code ${code}.` };
  }

  #item(id: string): Item {
    const found = this.#items.find((item) => item.id === id);
    if (found !== undefined) return found;
    if (this.#items.length >= MAX_ITEMS) throw new RangeError(`More than ${MAX_ITEMS} stretches of speech have no end`);
    const item = { id, from: undefined, to: undefined, text: "", isComplete: false };
    this.#items.push(item);
    return item;
  }

  /** Transcripts may come in another order than the speech. */
  #sayComplete(): DialectEvent[] {
    const events: DialectEvent[] = [];
    for (let [item] = this.#items; item?.isComplete === true; [item] = this.#items) {
      this.#items.shift();
      if (this.#said.push(item.id) > MAX_SAID) this.#said.shift();
      events.push(captionOf(item, true));
      if (item.to !== undefined) events.push({ type: "settled", to: item.to });
    }
    return [...events, ...this.#finishedIfSaid()];
  }

  #finishedIfSaid(): DialectEvent[] {
    return this.#isCutOff && this.#items.length === 0 ? [{ type: "finished" }] : [];
  }

  #error(error: Fields): DialectEvent[] {
    // Nothing was left to cut off, since the service had done it by itself.
    if (this.#isFinishing && textIn(error, "code") === "input_audio_buffer_commit_empty") return [];
    return [{ type: "refused", verdict: verdictOn(error) }];
  }
}

const secondsIn = (fields: Fields, name: string): number | undefined => {
  const ms = numberIn(fields, name);
  return ms === undefined ? undefined : ms / 1_000;
};

const captionOf = ({ id, text, from, to }: Item, final: boolean): DialectEvent => ({
  type: "caption",
  ...{ segment: id, final, text, from, to: to ?? from },
});

function verdictOn(error: Fields): Verdict {
  const code = textIn(error, "code") ?? textIn(error, "type") ?? "unknown";
  const detail = `OpenAI reports ${code}: ${textIn(error, "message") ?? "no reason was given"}`;
  if (/api_key|token|auth/.test(code)) return { kind: "token", detail };
  if (/rate_limit/.test(code)) return { kind: "busy", detail };
  if (/quota|billing|invalid|model_not_found/.test(code)) return { kind: "final", detail };
  return { kind: "temporary", detail };
}
