import type { ServiceCaller, ServiceSession, SpeechService } from "./speech-service.js";
import { type SpokenWord, textOf, UtteranceListener } from "./utterance.js";

/** Gladia's live service, version 2, after the request for a job: an address for each job, and 4403 for one that is over. */
export class GladiaService implements SpeechService {
  readonly #jobs = new Map<string, "waiting" | "over">();
  #count = 0;

  /** What the request for a job answers: the job's own part of the address. */
  createJob(): string {
    this.#count += 1;
    const job = `job-${this.#count}`;
    this.#jobs.set(job, "waiting");
    return job;
  }

  accept(caller: ServiceCaller): ServiceSession {
    const job = caller.query.get("token") ?? "";
    if (this.#jobs.get(job) !== "waiting") {
      caller.close(4403, "The job is over.");
      return { receive() {} };
    }
    let utterance = 0;
    const say = (words: readonly SpokenWord[], isFinal: boolean): void =>
      caller.send(
        JSON.stringify({
          ...{ type: "transcript", session_id: job, created_at: new Date(0).toISOString() },
          data: {
            ...{ id: `00_0000000${utterance}`, is_final: isFinal },
            utterance: {
              ...{ start: words[0]?.from, end: words.at(-1)?.to, text: textOf(words), language: "en", confidence: 1 },
              words: words.map(({ text, from, to }) => ({ word: text, start: from, end: to, confidence: 1 })),
            },
          },
        }),
      );
    const end = (words: readonly SpokenWord[]): void => {
      if (words.length === 0) return;
      say(words, true);
      utterance += 1;
    };
    const listener = new UtteranceListener(16_000, { onWords: (words) => say(words, false), onPause: end });
    return {
      receive: (message) => {
        if (typeof message !== "string") return listener.listen(message);
        if ((JSON.parse(message) as { type: string }).type !== "stop_recording") return;
        end(listener.cutOff());
        this.#jobs.set(job, "over");
        caller.send(JSON.stringify({ type: "end_session", session_id: job }));
        caller.close(1000);
      },
      // Whoever goes on with a job would be taken up again by the real one; a new connection is a new job here.
      gone: () => this.#jobs.set(job, "over"),
    };
  }
}
