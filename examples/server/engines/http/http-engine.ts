import { type Clock, type Deferred, deferred, type Random } from "loquilex/resources";
import type { Log } from "../../logging/log.js";
import { encodeWavHeader } from "../../recording/files/wav-header.js";
import type { Engine, EngineOpenOptions, EngineRun } from "../engine.js";
import { type SpokenSegment, SpokenSegments } from "./spoken-segments.js";
import { requestTranscription, type Transcription, TranscriptionError } from "./transcription-request.js";

/** Segments that may wait for the service before the writer has to. */
const MAX_WAITING = 3;
/** How often one segment is tried. */
const MAX_TRIES = 3;
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 10_000;
/** Segments in a row without an answer after which the service is given up. */
const MAX_LOST = 3;

export interface HttpEngineOptions {
  readonly name: string;
  readonly url: string;
  readonly key: string | undefined;
  /** What the form has beside the sound. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** How long one answer may take. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Log;
}

/** An engine that is a service with an OpenAI-compatible `/v1/audio/transcriptions`: each segment is asked for when it is over. */
export function httpEngine(options: HttpEngineOptions): Engine {
  return {
    name: options.name,
    open(openOptions) {
      openOptions.onStatus({ engine: options.name, words: true, detail: "" });
      return new HttpRun(options, openOptions);
    },
  };
}

class HttpRun implements EngineRun {
  readonly #engine: HttpEngineOptions;
  readonly #options: EngineOpenOptions;
  readonly #spoken: SpokenSegments;
  readonly #waiting: SpokenSegment[] = [];
  readonly #over = new AbortController();
  /** What goes on; never rejects. */
  #work: Promise<void> = Promise.resolve();
  #working = false;
  /** Waits until fewer segments wait. */
  #room: Deferred<void> | undefined;
  #lost = 0;

  constructor(engine: HttpEngineOptions, options: EngineOpenOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#spoken = new SpokenSegments(options.format, options.startPosition, (segment) => this.#ask(segment));
  }

  write(samples: Uint8Array, position: number): Promise<void> | undefined {
    this.#spoken.write(samples, position);
    if (this.#waiting.length < MAX_WAITING) return undefined;
    this.#room ??= deferred();
    return this.#room.promise;
  }

  gap(from: number, to: number): void {
    this.#spoken.gap(from, to);
  }

  async end(): Promise<void> {
    this.#spoken.end();
    await this.#work;
  }

  async dispose(): Promise<void> {
    this.#over.abort();
    this.#waiting.length = 0;
    this.#letWriterGo();
    await this.#work;
  }

  #ask(segment: SpokenSegment): void {
    if (this.#over.signal.aborted) return;
    this.#waiting.push(segment);
    if (!this.#working) this.#work = this.#askForAll();
  }

  async #askForAll(): Promise<void> {
    this.#working = true;
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      const answer = await this.#recognise(next);
      if (this.#over.signal.aborted) break;
      this.#waiting.shift();
      if (this.#waiting.length < MAX_WAITING) this.#letWriterGo();
      if (answer instanceof TranscriptionError) this.#lose(answer);
      else this.#report(next, answer);
    }
    this.#working = false;
  }

  /** @returns the answer, or why there is none. */
  async #recognise({ samples }: SpokenSegment): Promise<Transcription | TranscriptionError> {
    const { url, key, fields, timeoutMs, random } = this.#engine;
    const bytes = samples.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const wav = [encodeWavHeader(this.#options.format, bytes), ...samples];
    for (let tries = 1; ; tries += 1) {
      const deadline = this.#deadline(timeoutMs);
      try {
        return await requestTranscription({ url, key, fields, wav, signal: deadline.signal });
      } catch (error) {
        if (!(error instanceof TranscriptionError)) throw error;
        if (error.kind !== "later" || tries === MAX_TRIES || this.#over.signal.aborted) return error;
        const delayMs = FIRST_DELAY_MS * 2 ** (tries - 1) * (0.5 + random() / 2);
        await this.#pause(Math.min(MAX_DELAY_MS, Math.max(delayMs, (error.retryAfterSec ?? 0) * 1_000)));
      } finally {
        deadline.cancel();
      }
    }
  }

  /** A signal that aborts then, or when the run is over. */
  #deadline(durationMs: number): { readonly signal: AbortSignal; cancel(): void } {
    const late = new AbortController();
    const cancel = this.#engine.clock.schedule(durationMs, () => late.abort());
    return { signal: AbortSignal.any([late.signal, this.#over.signal]), cancel };
  }

  async #pause(durationMs: number): Promise<void> {
    const { promise, resolve } = deferred<void>();
    const { signal, cancel } = this.#deadline(durationMs);
    const onAbort = this.#options.scope.listen(signal, "abort", () => resolve());
    if (signal.aborted) resolve();
    await promise;
    onAbort.dispose();
    cancel();
  }

  #report({ from, to, soundFrom }: SpokenSegment, { text, words }: Transcription): void {
    this.#lost = 0;
    if (text === "") return;
    const position = (seconds: number): number => soundFrom + Math.round(seconds * this.#options.format.sampleRate);
    const within = (seconds: number): number => Math.min(to, Math.max(from, position(seconds)));
    const timed = words?.map((word) => ({ text: word.text, from: within(word.from), to: within(word.to) }));
    const segmentId = `${this.#engine.name}-${from}`;
    this.#options.onSegment({ text, segmentId, final: true, from, to, words: timed });
  }

  #lose(error: TranscriptionError): void {
    const { name, logger } = this.#engine;
    this.#lost += 1;
    logger.warn({ engine: name, reason: error.message }, "A segment was not recognised.");
    const detail = `The service of the engine ${name} ${error.message}`;
    if (error.kind === "never" || this.#lost >= MAX_LOST) {
      this.#over.abort();
      this.#letWriterGo();
      this.#options.onError(new Error(`${detail}.`));
    } else {
      this.#options.onStatus({ engine: name, words: true, detail: `${detail}; one segment has no words.` });
    }
  }

  #letWriterGo(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }
}
