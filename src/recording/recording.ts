import type { ImportedRecording, RecordingParts } from "../host/imported-recording.js";
import { type Deferred, deferred } from "../internal/deferred.js";
import type { AudioRange } from "../internal/range-set.js";
import { Scope } from "../internal/scope.js";
import { within } from "../internal/within.js";
import type { KeptAudio, RecordedFrame } from "./kept-audio.js";
import { RecordedAudio } from "./recorded-audio.js";
import { inUse, nothingYet } from "./recording-errors.js";
import { type CheckedRecordingOptions, checkRecordingOptions, type RecordingOptions } from "./recording-options.js";

/** How long what was captured last may be on its way, in milliseconds, also when the stream has ended. */
const IN_FLIGHT_MS = 1_000;

/** A copy of what a stream captures. Made by {@link recording}, and given to a stream as its option `recording`. */
export interface Recording {
  /** How long it is by now, gaps included, in milliseconds. */
  readonly durationMs: number;
  /** What it takes by now, gaps included, in bytes. */
  readonly byteLength: number;
  /**
   * Where silence stands in it for audio that was not captured, such as while a device was lost, or that a gate left out: in samples
   * since the stream began, in order.
   */
  readonly gaps: readonly AudioRange[];
  /** Rate of its samples in Hz; `undefined` until a stream has begun. */
  readonly sampleRate: number | undefined;
  /**
   * A file of everything that was captured before the call; its `type` says what it is. A WAV file is in the stream's encoding, or in
   * 32-bit floats if that is Opus; its sample at a position is the stream's sample at that position. Of a format that
   * a decoder makes sound of again, the same is true of time. May be called while the stream runs, and after its end for as long as the
   * recording is held.
   * @throws AudioStreamError `invalid-state` if no stream has begun, `recording-incomplete` if nothing could be kept at all, and
   * `encoder-failed` if the file could not be finished while the stream goes on.
   */
  toBlob(): Promise<Blob>;
}

/**
 * Keeps a copy of what a stream captures, for a stream's option `recording`: with muted parts silenced, whatever becomes of the
 * connection. It begins anew with each stream that it is given to. Its memory is bounded: see `maxBytes`.
 * @throws TypeError or RangeError naming the option that cannot be, and AudioStreamError `unsupported` for a format that this
 * browser does not make.
 */
export function recording(options: RecordingOptions = {}): Recording {
  const checked = checkRecordingOptions(options);
  checked.format?.check();
  return new StreamRecording(checked);
}

/** A stream that is being recorded. */
interface Subject {
  /** The stream's. */
  readonly scope: Scope;
  readonly sampleRate: number;
  readonly audio: KeptAudio;
  /** To the running side; another one takes its place if that dies. */
  port: MessagePort | undefined;
  /** Of the port. */
  listening: Scope | undefined;
}

class StreamRecording implements Recording, ImportedRecording {
  readonly #options: CheckedRecordingOptions;
  /** Resolved when all is there that was captured before each was asked. */
  readonly #asked = new Map<number, Deferred<void>>();
  #asks = 0;
  #subject: Subject | undefined;

  constructor(options: CheckedRecordingOptions) {
    this.#options = options;
  }

  get durationMs(): number {
    const subject = this.#subject;
    return subject === undefined ? 0 : (subject.audio.end / subject.sampleRate) * 1_000;
  }

  get byteLength(): number {
    return this.#subject?.audio.byteLength ?? 0;
  }

  get gaps(): readonly AudioRange[] {
    return [...(this.#subject?.audio.gaps ?? [])];
  }

  get sampleRate(): number | undefined {
    return this.#subject?.sampleRate;
  }

  async toBlob(): Promise<Blob> {
    const subject = this.#subject;
    if (subject === undefined) throw nothingYet();
    await this.#caughtUp(subject);
    return subject.audio.toBlob();
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
      else subject.audio.push(data);
    });
    own.start();
    return far;
  }

  #begin({ scope, format, onWarning }: RecordingParts): Subject {
    const { format: imported, maxBytes } = this.#options;
    const audio = imported?.keep(format, maxBytes, onWarning) ?? new RecordedAudio(format, maxBytes, onWarning);
    const subject: Subject = { scope, audio, sampleRate: format.sampleRate, port: undefined, listening: undefined };
    this.#subject = subject;
    // What was captured last is still on its way. A running side that was killed will not say that all is there.
    scope.defer("recording", () => {
      const { listening } = subject;
      if (listening === undefined || listening.disposed) audio.finish();
      else listening.timeout(IN_FLIGHT_MS, () => this.#end(subject, listening), "frames in flight");
    });
    return subject;
  }

  /** Nothing more comes through the port. */
  #end(subject: Subject, listening: Scope): void {
    void listening.dispose();
    if (subject.listening !== listening) return;
    subject.port = undefined;
    if (subject.scope.disposed) subject.audio.finish();
    for (const asked of this.#asked.values()) asked.resolve();
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
