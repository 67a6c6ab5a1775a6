import type { Bytes } from "../protocol/bytes.js";
import { toJson } from "../protocol/json.js";
import type { Transport } from "../transport/transport.js";
import type { Dialect, DialectEvent, DialectSession, RemoteMessage, Verdict } from "./dialect.js";
import type { DialectTransportOptions } from "./dialect-transport.js";
import { refuseUnlessMono } from "./parts/audio-forms.js";
import { checked } from "./parts/checked.js";
import { type Fields, listIn, numberIn, parseFields, textIn } from "./parts/fields.js";
import { type QueryValues, withQuery } from "./parts/query.js";
import { wordsIn } from "./parts/words.js";
import { serviceTransport } from "./worker/service-transport.js";

/** Options of {@link deepgramFlux}. */
export interface DeepgramFluxOptions {
  /** Address of the service, or of a proxy of yours. @defaultValue "wss://api.deepgram.com/v2/listen" */
  readonly url?: string | URL | undefined;
  /** What else the address says, by the service's own names. @defaultValue `{ model: "flux-general-en" }` */
  readonly query?: QueryValues | undefined;
  /** What `getToken` returns: a short-lived token (`bearer`), or a key (`token`), which does not belong into a page. @defaultValue "bearer" */
  readonly credential?: "bearer" | "token" | undefined;
}

/** Speaks with Deepgram's `/v2/listen` (Flux), which tells turns of a conversation apart. */
export function deepgramFlux(options: DeepgramFluxOptions & DialectTransportOptions = {}): Transport {
  return serviceTransport("deepgram-flux", deepgramFluxDialect(checked(options)), options, options);
}

/** The dialect itself, without sockets. */
export function deepgramFluxDialect({
  url = "wss://api.deepgram.com/v2/listen",
  query = {},
  credential = "bearer",
}: DeepgramFluxOptions = {}): Dialect {
  return {
    name: "Deepgram Flux",
    terms: {
      messageMs: { min: 80, max: 240 },
      pace: 1.25,
      silenceMs: 10_000,
      // It says nothing about audio in which nobody speaks.
      wordsWithinMs: 10_000,
      finishMs: 5_000,
    },
    refuse: (format) => refuseUnlessMono("Deepgram Flux", format),
    address: ({ token, format }) => ({
      url: withQuery(url, {
        model: "flux-general-en",
        ...query,
        encoding: "linear16",
        sample_rate: format.sampleRate,
      }),
      protocols: token === undefined ? [] : [credential, token],
    }),
    session: () => new FluxSession(),
  };
}

class FluxSession implements DialectSession {
  /** The latest of a turn that has not ended. */
  #turn: Extract<DialectEvent, { readonly type: "caption" }> | undefined;

  open(): string[] {
    return [];
  }

  audio(payload: Bytes): RemoteMessage {
    return payload;
  }

  finish(): string[] {
    return [toJson({ type: "CloseStream" })];
  }

  receive(message: RemoteMessage): DialectEvent[] {
    const fields = parseFields(message);
    switch (textIn(fields, "type")) {
      case "Connected":
        return [{ type: "ready" }];
      case "TurnInfo":
        return this.#turnInfo(fields);
      case "Error": {
        const detail = `Deepgram reports an error: ${textIn(fields, "code") ?? "unknown"}.`;
        return [{ type: "refused", verdict: { kind: "temporary", detail } }];
      }
      default:
        return [];
    }
  }

  /** The end of the stream ends no turn: the last update is what was said. */
  settle(isEnd: boolean): DialectEvent[] {
    const turn = this.#turn;
    return isEnd && turn !== undefined ? [{ ...turn, final: true }] : [];
  }

  judge(code: number): Verdict | "finished" {
    if (code === 1000 || code === 1005) return "finished";
    return { kind: "temporary", detail: `Deepgram has closed the connection with code ${code}.` };
  }

  #turnInfo(fields: Fields): DialectEvent[] {
    const text = textIn(fields, "transcript") ?? "";
    const list = listIn(fields, "words");
    const words = wordsIn(list, { text: "word", from: "start", to: "end" });
    const [begin, end] = [numberIn(fields, "audio_window_start"), numberIn(fields, "audio_window_end")];
    const final = textIn(fields, "event") === "EndOfTurn";
    const caption: DialectEvent = {
      type: "caption",
      ...{ segment: String(numberIn(fields, "turn_index") ?? 0), final, text },
      ...{ from: words[0]?.from ?? begin, to: words.at(-1)?.to ?? end },
      // Not every model gives times.
      ...(words.length === list.length && { words }),
    };
    this.#turn = final || text === "" ? undefined : caption;
    const progress: DialectEvent[] = end === undefined ? [] : [{ type: final ? "settled" : "listened", to: end }];
    return [caption, ...progress];
  }
}
