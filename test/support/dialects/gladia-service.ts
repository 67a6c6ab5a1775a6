import type { ServiceCaller, ServiceRequest, ServiceSession, SpeechService, WireMessage } from "./speech-service.js";
import { type SpokenWord, textOf, UtteranceListener } from "./utterance.js";

/** What a job was asked to tell. */
interface Telling {
  readonly partials: boolean;
  readonly acknowledgements: boolean;
}

/**
 * Gladia's live service, version 2: a job for each request; an address for each job, which is good for one connection after the
 * other until the job is over, and then closes with 4403; bytes are counted and times are told over all connections of a job.
 */
export class GladiaService implements SpeechService {
  /** Keys that it takes. @defaultValue all */
  valid: ReadonlySet<string> | undefined;
  readonly #jobs = new Map<string, Job>();

  /** Makes a job. @returns what its address says. */
  createJob(telling: Telling = { partials: true, acknowledgements: false }, sampleRate = 16_000): string {
    const id = `job-${this.#jobs.size + 1}`;
    this.#jobs.set(id, new Job(id, telling, sampleRate));
    return id;
  }

  answer({ method, path, headers, body, webSocketUrl }: ServiceRequest): readonly [number, object] {
    if (method !== "POST" || !path.startsWith("/v2/live")) return [404, { message: "There is nothing here." }];
    if (this.valid?.has(String(headers["x-gladia-key"])) === false)
      return [401, { statusCode: 401, message: "Gladia key not found." }];
    const { sample_rate = 16_000, messages_config: wanted = {} } = JSON.parse(body) as {
      sample_rate?: number;
      messages_config?: { receive_partial_transcripts?: boolean; receive_acknowledgments?: boolean };
    };
    const { receive_partial_transcripts: partials = false, receive_acknowledgments: acknowledgements = true } = wanted;
    const id = this.createJob({ partials, acknowledgements }, sample_rate);
    return [201, { id, created_at: CREATED_AT, url: `${webSocketUrl}/v2/live?token=${id}` }];
  }

  accept(caller: ServiceCaller): ServiceSession {
    const job = this.#jobs.get(caller.query.get("token") ?? "");
    if (job !== undefined && !job.isOver) return job.attach(caller);
    caller.close(4403, "The job is over.");
    return { receive() {} };
  }
}

const CREATED_AT = new Date(0).toISOString();

/** What one request began, over all connections that are made for it. */
class Job {
  isOver = false;
  readonly #id: string;
  readonly #telling: Telling;
  readonly #sampleRate: number;
  readonly #listener: UtteranceListener;
  #caller: ServiceCaller | undefined;
  #utterance = 0;
  #bytes = 0;

  constructor(id: string, telling: Telling, sampleRate: number) {
    this.#id = id;
    this.#telling = telling;
    this.#sampleRate = sampleRate;
    this.#listener = new UtteranceListener(sampleRate, {
      onWords: (words) => telling.partials && this.#transcript(words, false),
      onPause: (words) => this.#endUtterance(words),
    });
  }

  /** Goes on with this caller. */
  attach(caller: ServiceCaller): ServiceSession {
    this.#caller = caller;
    return {
      receive: (message) => this.#receive(message),
      gone: () => {
        if (this.#caller === caller) this.#caller = undefined;
      },
    };
  }

  #receive(message: WireMessage): void {
    if (typeof message === "string") {
      if ((JSON.parse(message) as { type: string }).type === "stop_recording") this.#end();
      return;
    }
    this.#listener.listen(message);
    const from = this.#bytes;
    this.#bytes += message.byteLength;
    if (!this.#telling.acknowledgements) return;
    const range = [from, this.#bytes];
    const data = { byte_range: range, time_range: range.map((at) => at / 2 / this.#sampleRate) };
    this.#say("audio_chunk", { acknowledged: true, error: null, data });
  }

  #end(): void {
    this.#endUtterance(this.#listener.cutOff());
    this.isOver = true;
    this.#say("end_session", {});
    this.#caller?.close(1000);
  }

  #endUtterance(words: readonly SpokenWord[]): void {
    if (words.length === 0) return;
    this.#transcript(words, true);
    this.#utterance += 1;
  }

  #transcript(words: readonly SpokenWord[], isFinal: boolean): void {
    this.#say("transcript", {
      data: {
        ...{ id: `00_0000000${this.#utterance}`, is_final: isFinal },
        utterance: {
          ...{ start: words[0]?.from, end: words.at(-1)?.to, text: textOf(words), language: "en", confidence: 1 },
          words: words.map(({ text, from, to }) => ({ word: text, start: from, end: to, confidence: 1 })),
        },
      },
    });
  }

  #say(type: string, more: object): void {
    this.#caller?.send(JSON.stringify({ type, session_id: this.#id, created_at: CREATED_AT, ...more }));
  }
}
