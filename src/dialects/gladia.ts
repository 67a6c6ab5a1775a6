import type { Bytes } from "../protocol/bytes.js";
import { toJson } from "../protocol/json.js";
import type { Transport } from "../transport/transport.js";
import type { Dialect, DialectEvent, DialectSession, RemoteMessage, Verdict } from "./dialect.js";
import type { DialectTransportOptions } from "./dialect-transport.js";
import { checked } from "./parts/checked.js";
import { fieldsIn, listIn, numberIn, parseFields, textIn } from "./parts/fields.js";
import { wordsIn } from "./parts/words.js";
import { serviceTransport } from "./worker/service-transport.js";

/**
 * Speaks with Gladia's live service, version 2. Your server asks Gladia for a job with the key, and the stream's `getToken` returns
 * the address that Gladia answers with; it holds the job's own token. Each connection is a job of its own.
 */
export function gladia(options: DialectTransportOptions = {}): Transport {
  return serviceTransport("gladia", gladiaDialect(), checked(options));
}

/** The dialect itself, without sockets. */
export function gladiaDialect(): Dialect {
  return {
    name: "Gladia",
    terms: {
      messageMs: { min: 100, max: 1_000 },
      pace: 4,
      // It says nothing while nobody speaks, unless the job was made with acknowledgements.
      silenceMs: 20_000,
      wordsWithinMs: 10_000,
      finishMs: 10_000,
    },
    // It understands each channel by itself, so that nobody knows up to where both have become words.
    refuse: ({ encoding, channelCount }) =>
      (encoding === "pcm_s16le" || encoding === "mulaw") && channelCount === 1
        ? undefined
        : 'Gladia gets one channel of 16-bit PCM or µ-law here. Use encoding "pcm_s16le" and channelCount 1, and say the same when your server asks for the job.',
    address: ({ token }) => {
      if (token === undefined)
        throw new TypeError(
          "Gladia's address is made for each job: getToken must return the url that POST /v2/live answered.",
        );
      return { url: token };
    },
    session: () => new GladiaSession(),
  };
}

class GladiaSession implements DialectSession {
  readonly isReadyWhenOpen = true;
  #hasPartials = false;

  open(): string[] {
    return [];
  }

  audio(payload: Bytes): RemoteMessage {
    return payload;
  }

  finish(): string[] {
    return [toJson({ type: "stop_recording" })];
  }

  receive(message: RemoteMessage): DialectEvent[] {
    const fields = parseFields(message);
    const data = fieldsIn(fields, "data");
    switch (textIn(fields, "type")) {
      case "transcript": {
        const utterance = fieldsIn(data, "utterance");
        const words = wordsIn(listIn(utterance, "words"), { text: "word", from: "start", to: "end" });
        const [from, to] = [numberIn(utterance, "start"), numberIn(utterance, "end")];
        const language = textIn(utterance, "language");
        const speaker = numberIn(utterance, "speaker");
        const final = data.is_final === true;
        this.#hasPartials ||= !final;
        const caption: DialectEvent = {
          type: "caption",
          ...{ segment: textIn(data, "id") ?? "", final, text: textIn(utterance, "text") ?? "", words },
          ...{ from: words[0]?.from ?? from, to: words.at(-1)?.to ?? to },
          ...(language !== undefined && { language }),
          ...(speaker !== undefined && { speaker: String(speaker) }),
        };
        return final && to !== undefined ? [caption, { type: "settled", to }] : [caption];
      }
      case "end_session":
        return [{ type: "finished" }];
      default:
        // A job that was made without partial captions says nothing of somebody who goes on speaking.
        return this.#hasPartials ? [] : [{ type: "listened", to: 0 }];
    }
  }

  judge(code: number): Verdict | "finished" {
    if (code === 1000) return "finished";
    const detail = `Gladia has closed the connection with code ${code}.`;
    // The job is over or was never there: the next token is another job.
    return { kind: code >= 4400 && code < 4500 ? "token" : "temporary", detail };
  }
}
