import { randomId } from "../internal/random.js";
import type { Bytes } from "../protocol/bytes.js";
import { toJson } from "../protocol/json.js";
import type { Transport } from "../transport/transport.js";
import type { Dialect, DialectEvent, DialectSession, RemoteMessage, Verdict } from "./dialect.js";
import type { DialectTransportOptions } from "./dialect-transport.js";
import { refuseUnlessMono, toFloats } from "./parts/audio-forms.js";
import { checked, checkedAddress } from "./parts/checked.js";
import { type Fields, listIn, parseFields, textIn } from "./parts/fields.js";
import { withQuery } from "./parts/query.js";
import { serviceTransport } from "./worker/service-transport.js";

/** Options of {@link whisperLive}. */
export interface WhisperLiveOptions {
  /** The first message's other fields, by the server's own names: `language`, `model`, `use_vad` and so on. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /** How long the server lets a session last, in milliseconds. @defaultValue 600_000 */
  readonly sessionMs?: number | undefined;
}

/**
 * Speaks with a WhisperLive server (`collabora/WhisperLive`), which takes 16 kHz only and gives no times of words. At the end it
 * says nothing more, so it gets silence instead, and what it has said after three seconds is what was said.
 * @param url such as `ws://localhost:9090`.
 */
export function whisperLive(url: string | URL, options: WhisperLiveOptions & DialectTransportOptions = {}): Transport {
  return serviceTransport(
    "whisper-live",
    whisperLiveDialect(checkedAddress(url), checked(options)),
    options,
    url,
    options,
  );
}

const SAMPLE_RATE = 16_000;
/** Silence in which the server comes to an end with the last words, in seconds. */
const LAST_SILENCE_SEC = 3;

/** The dialect itself, without sockets. */
export function whisperLiveDialect(
  url: string | URL,
  { config = {}, sessionMs = 600_000 }: WhisperLiveOptions = {},
): Dialect {
  return {
    name: "WhisperLive",
    terms: {
      messageMs: { min: 100, max: 1_000 },
      // It forgets the oldest of what it has not decoded, so that a backlog must not come faster than it decodes.
      pace: 1.5,
      silenceMs: 20_000,
      wordsWithinMs: 15_000,
      sessionMs,
      finishMs: 3_000,
      endsSilently: true,
    },
    refuse: (format) => refuseUnlessMono("WhisperLive", format, SAMPLE_RATE),
    address: ({ token }) => ({ url: token === undefined ? url : withQuery(url, { token }) }),
    session: () => new WhisperLiveSession(config),
  };
}

class WhisperLiveSession implements DialectSession {
  readonly #config: Readonly<Record<string, unknown>>;
  #completed = 0;
  /** End of the last segment that is complete, in seconds. */
  #completedTo = 0;
  #sentSeconds = 0;
  /** A segment that may change. */
  #open: Extract<DialectEvent, { readonly type: "caption" }> | undefined;

  constructor(config: Readonly<Record<string, unknown>>) {
    this.#config = config;
  }

  open(): string[] {
    // Not crypto.randomUUID(), which pages without TLS do not have.
    const uid = randomId();
    const byDefault = { language: null, task: "transcribe", model: "small", use_vad: true };
    return [toJson({ ...byDefault, ...this.#config, uid })];
  }

  audio(payload: Bytes): RemoteMessage {
    this.#sentSeconds += payload.byteLength / 2 / SAMPLE_RATE;
    return toFloats(payload);
  }

  finish(): RemoteMessage[] {
    return [new Uint8Array(LAST_SILENCE_SEC * SAMPLE_RATE * 4)];
  }

  receive(message: RemoteMessage): DialectEvent[] {
    const fields = parseFields(message);
    if (fields.message === "SERVER_READY") return [{ type: "ready" }];
    if (fields.message === "DISCONNECT")
      return refused("temporary", "WhisperLive has ended the session: its time is over.");
    if (fields.status === "WAIT") return refused("busy", "WhisperLive has no room for another client.");
    if (fields.status === "ERROR")
      return refused("final", `WhisperLive reports an error: ${textIn(fields, "message") ?? ""}`);
    return listIn(fields, "segments").flatMap((segment) => this.#segment(segment));
  }

  /** What it has understood last stands at the end, since it says nothing more. */
  settle(isEnd: boolean): DialectEvent[] {
    const open = this.#open;
    return isEnd && open !== undefined ? [{ ...open, final: true }] : [];
  }

  judge(code: number): Verdict | "finished" {
    return { kind: "temporary", detail: `WhisperLive has closed the connection with code ${code}.` };
  }

  #segment(segment: Fields): DialectEvent[] {
    const [from, to] = [Number(segment.start), Number(segment.end)];
    const text = (textIn(segment, "text") ?? "").trim();
    // The last ones come again each time.
    if (!Number.isFinite(from) || !Number.isFinite(to) || from < this.#completedTo) return [];
    const final = segment.completed === true;
    const name = String(this.#completed);
    const caption = { type: "caption", segment: name, final, text, from, to } as const;
    this.#open = final ? undefined : caption;
    if (!final) return [caption];
    this.#completed += 1;
    // If a time in the future were believed, every caption until then would be ignored.
    this.#completedTo = Math.max(this.#completedTo, Math.min(to, this.#sentSeconds));
    return [caption, { type: "settled", to }];
  }
}

const refused = (kind: Verdict["kind"], detail: string): DialectEvent[] => [
  { type: "refused", verdict: { kind, detail } },
];
