import { AudioStreamError } from "../errors.js";
import type { ImportedRecording, RecordingParts } from "../host/imported-recording.js";
import { type Deferred, deferred } from "../internal/deferred.js";
import type { AudioRange } from "../internal/range-set.js";
import { Scope } from "../internal/scope.js";
import { within } from "../internal/within.js";
import { RecordedAudio, type RecordedFrame } from "./recorded-audio.js";
import { checkRecordingOptions, type RecordingOptions } from "./recording-options.js";

/** How long what was captured last may be on its way, in milliseconds, also when the stream has ended. */
const IN_FLIGHT_MS = 1_000;

/** A copy of what a stream captures. Made by {@link recording}, and given to a stream as its option `recording`. */
export interface Recording {
  /** How long it is by now, gaps included, in milliseconds. */
  readonly durationMs: number;
  /** What its samples take by now, gaps included, in bytes. */
  readonly byteLength: number;
  /**
   * Where silence stands in it for audio that was not captured, such as while a device was lost, or that a gate left out: in samples
   * since the stream began, in order.
   */
  readonly gaps: readonly AudioRange[];
  /** Rate of its samples in Hz; `undefined` until a stream has begun. */
  readonly sampleRate: number | undefined;
  /**
   * A WAV file of everything that was captured before the call, in the stream's encoding, or in 32-bit floats if that is Opus. Its
   * sample at a position is the stream's sample at that position. May be called while the stream runs, and after its end for as long
   * as the recording is held.
   * @throws AudioStreamError `invalid-state` if no stream has begun.
   */
  toWav(): Promise<Blob>;
}

/**
 * Keeps a copy of what a stream captures, for a stream's option `recording`: with muted parts silenced, whatever becomes of the
 * connection. It begins anew with each stream that it is given to. Its memory is bounded: see `maxBytes`.
 * @throws TypeError or RangeError naming the option that cannot be.
 */
export function recording(options: RecordingOptions = {}): Recording {
  return new StreamRecording(checkRecordingOptions(options).maxBytes);
}

/** A stream that is being recorded. */
interface Subject extends Pick<RecordingParts, "scope" | "onWarning"> {
  readonly audio: RecordedAudio;
  /** To the running side; another one takes its place if that dies. */
  port: MessagePort | undefined;
  /** Of the port. */
  listening: Scope | undefined;
  isWarned: boolean;
}

class StreamRecording implements Recording, ImportedRecording {
  readonly #maxBytes: number;
  /** Resolved when all is there that was captured before each was asked. */
  readonly #asked = new Map<number, Deferred<void>>();
  #asks = 0;
  #subject: Subject | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get durationMs(): number {
    const audio = this.#subject?.audio;
    return audio === undefined ? 0 : (audio.end / audio.format.sampleRate) * 1_000;
  }

  get byteLength(): number {
    return this.#subject?.audio.byteLength ?? 0;
  }

  get gaps(): readonly AudioRange[] {
    return [...(this.#subject?.audio.gaps ?? [])];
  }

  get sampleRate(): number | undefined {
    return this.#subject?.audio.format.sampleRate;
  }

  async toWav(): Promise<Blob> {
    const subject = this.#subject;
    if (subject === undefined) throw nothingYet();
    await this.#caughtUp(subject);
    return subject.audio.toWav();
  }

  record({ scope, format, onWarning }: RecordingParts): MessagePort | undefined {
    const before = this.#subject;
    if (before !== undefined && before.scope !== scope && !before.scope.disposed) {
      onWarning(inUse());
      return undefined;
    }
    const subject = before?.scope === scope ? before : this.#begin({ scope, format, onWarning });
    const { port1: own, port2: far } = new MessageChannel();
    const listening = new Scope({ name: "recording" });
    void subject.listening?.dispose();
    subject.listening = listening;
    subject.port = own;
    listening.defer("recording port", () => own.close());
    listening.listen(own, "message", ({ data }: MessageEvent<RecordedFrame | number | "end">) => {
      if (data === "end") this.#end(subject, listening);
      else if (typeof data === "number") this.#asked.get(data)?.resolve();
      else this.#take(subject, data);
    });
    own.start();
    return far;
  }

  #begin({ scope, format, onWarning }: RecordingParts): Subject {
    const audio = new RecordedAudio(format, this.#maxBytes);
    const subject: Subject = { scope, onWarning, audio, port: undefined, listening: undefined, isWarned: false };
    this.#subject = subject;
    // What was captured last is still on its way. A running side that was killed will not say that all is there.
    scope.defer("recording", () => {
      const { listening } = subject;
      listening?.timeout(IN_FLIGHT_MS, () => this.#end(subject, listening), "frames in flight");
    });
    return subject;
  }

  /** Nothing more comes through the port. */
  #end(subject: Subject, listening: Scope): void {
    void listening.dispose();
    if (subject.listening !== listening) return;
    subject.port = undefined;
    for (const asked of this.#asked.values()) asked.resolve();
  }

  #take(subject: Subject, frame: RecordedFrame): void {
    subject.audio.push(frame);
    if (!subject.audio.isFull || subject.isWarned) return;
    subject.isWarned = true;
    subject.onWarning(full(this.#maxBytes));
  }

  /** Resolves when all is there that was captured before the call, or when it has had its time. */
  async #caughtUp({ port, listening }: Subject): Promise<void> {
    if (port === undefined || listening === undefined || listening.disposed) return;
    const id = this.#asks++;
    const asked = deferred<void>();
    this.#asked.set(id, asked);
    port.postMessage(id);
    const waiting = new Scope({ name: "recording question" });
    // A running side that dies or hangs does not answer.
    await within(waiting, IN_FLIGHT_MS, asked.promise, undefined);
    this.#asked.delete(id);
    await waiting.dispose();
  }
}

const full = (maxBytes: number): AudioStreamError<"recording-incomplete"> =>
  new AudioStreamError(
    "recording-incomplete",
    `The recording has reached its limit of ${maxBytes} bytes, so that nothing more is kept. The stream goes on. Allow more with maxBytes, or begin another stream from time to time.`,
    { details: { reason: "full" } },
  );

const inUse = (): AudioStreamError<"recording-incomplete"> =>
  new AudioStreamError(
    "recording-incomplete",
    "The recording belongs to another stream that has not ended, so that this one is not kept. Make one for each stream with recording().",
    { details: { reason: "in-use" } },
  );

const nothingYet = (): AudioStreamError<"invalid-state"> =>
  new AudioStreamError(
    "invalid-state",
    "There is nothing in the recording yet. Give it to a stream as the option recording, and start that first.",
    { details: { state: "idle" } },
  );
