import type { Bytes } from "../protocol/bytes.js";
import type { Transport } from "../transport/transport.js";
import type { Dialect, DialectEvent, DialectSession, RemoteMessage, Verdict } from "./dialect.js";
import type { DialectTransportOptions } from "./dialect-transport.js";
import { refuseUnlessMono, toFloats } from "./parts/audio-forms.js";
import { checked, checkedAddress } from "./parts/checked.js";
import { type Fields, numberIn, parseFields, textIn } from "./parts/fields.js";
import { serviceTransport } from "./worker/service-transport.js";

/** Options of {@link sherpaOnnx}. */
export interface SherpaOnnxOptions {
  /** Rate of the server's model in Hz, which is the stream's `sampleRate` too. @defaultValue 16_000 */
  readonly sampleRate?: number | undefined;
}

/**
 * Speaks with `sherpa-onnx-online-websocket-server`, the one in C++; the one in Python says no times.
 * @param url such as `ws://localhost:6006`.
 */
export function sherpaOnnx(url: string | URL, options: SherpaOnnxOptions & DialectTransportOptions = {}): Transport {
  return serviceTransport(
    "sherpa-onnx",
    sherpaOnnxDialect(checkedAddress(url), checked(options)),
    options,
    url,
    options,
  );
}

/** The dialect itself, without sockets. */
export function sherpaOnnxDialect(url: string | URL, { sampleRate = 16_000 }: SherpaOnnxOptions = {}): Dialect {
  return {
    name: "sherpa-onnx",
    terms: { messageMs: { min: 100, max: 1_000 }, pace: 20, silenceMs: 20_000, wordsWithinMs: 10_000, finishMs: 5_000 },
    refuse: (format) => refuseUnlessMono("sherpa-onnx", format, sampleRate),
    address: () => ({ url }),
    session: () => new SherpaSession(sampleRate),
  };
}

/** A token's time is its beginning. An endpoint comes after a second of silence or more, so that the word is over by then. */
const LAST_TOKEN_SEC = 0.5;

class SherpaSession implements DialectSession {
  readonly isReadyWhenOpen = true;
  readonly #sampleRate: number;
  #sentSeconds = 0;
  #open: Extract<DialectEvent, { readonly type: "caption" }> | undefined;

  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate;
  }

  open(): string[] {
    return [];
  }

  audio(payload: Bytes): RemoteMessage {
    this.#sentSeconds += payload.byteLength / 2 / this.#sampleRate;
    return toFloats(payload);
  }

  finish(): string[] {
    return ["Done"];
  }

  receive(message: RemoteMessage): DialectEvent[] {
    if (message === "Done!") return [...this.#endOpen(), { type: "finished" }];
    const fields = parseFields(message);
    const text = (textIn(fields, "text") ?? "").trim();
    const times = timesOf(fields);
    const [first, last] = [times[0], times.at(-1)];
    const segment = String(numberIn(fields, "segment") ?? 0);
    if (text === "" && this.#open?.segment === segment) this.#open = undefined;
    if (text === "" || first === undefined || last === undefined) return [{ type: "void", segment }];
    // Some versions count from the beginning of the segment. A result is about audio that was sent just before.
    const start = numberIn(fields, "start_time") ?? 0;
    const base = start + last <= this.#sentSeconds ? start : 0;
    const final = fields.is_final === true;
    const to = base + last + LAST_TOKEN_SEC;
    const caption = { type: "caption", segment, final, text, from: base + first, to } as const;
    this.#open = final ? undefined : caption;
    return final ? [caption, { type: "settled", to }] : [caption];
  }

  judge(code: number): Verdict {
    return { kind: "temporary", detail: `sherpa-onnx has closed the connection with code ${code}.` };
  }

  /** The last words are not always called final. */
  #endOpen(): DialectEvent[] {
    const open = this.#open;
    this.#open = undefined;
    return open === undefined ? [] : [{ ...open, final: true }];
  }
}

/** Times of the tokens as the server writes them: some versions write a list as text. */
function timesOf(fields: Fields): number[] {
  const given = fields.timestamps;
  const list: unknown = typeof given === "string" ? JSON.parse(given) : given;
  return Array.isArray(list) ? list.filter((time) => typeof time === "number") : [];
}
