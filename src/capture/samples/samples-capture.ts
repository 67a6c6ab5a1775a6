import type { AudioStreamError } from "../../errors.js";
import { withSignal } from "../../internal/abort.js";
import { systemClock } from "../../internal/clock.js";
import { type Deferred, deferred } from "../../internal/deferred.js";
import type { Scope } from "../../internal/scope.js";
import { CapturePipeline, type Pipeline } from "../../worklet/capture-pipeline.js";
import type { ProcessorOutput, ProcessorSettings } from "../../worklet/port-messages.js";
import { captureFailed, toCaptureError } from "../media-errors.js";
import type { AudioCapture, SourceOpenOptions } from "../source.js";
import { Pacer } from "./pacer.js";
import type { SampleReader } from "./sample-reader.js";

/** How much is processed at a time, in milliseconds, where a frame is not shorter. */
const SLICE_MS = 20;
/** How far it may run ahead of the clock, in milliseconds, before the page gets a turn: a few milliseconds of work. */
const BREATH_MS = 2_000;

/** What {@link SamplesCapture} takes over. */
export interface SamplesParts {
  /** Owns everything; ends with the capture. */
  readonly scope: Scope;
  readonly reader: SampleReader;
  readonly settings: ProcessorSettings;
  /** Of the input, in Hz. */
  readonly sampleRate: number;
  /** Of the input. */
  readonly channelCount: number;
  readonly realTime: boolean;
  onDone(): void;
  onFailed(reason: unknown): void;
}

/** An input of samples that is being read. */
export class SamplesCapture implements AudioCapture {
  readonly track = undefined;
  readonly #parts: SamplesParts;
  readonly #options: SourceOpenOptions;
  readonly #pipeline: Pipeline;
  readonly #pacer = new Pacer(() => systemClock.now());
  /** Samples taken from the input. */
  #taken = 0;
  /** Resolved by the resumption. */
  #pause: { readonly since: number; readonly over: Deferred<void> } | undefined;
  /** How far it has run ahead of the clock since the page had its turn, in milliseconds, and when that was. */
  #ahead = 0;
  #breathedAt = systemClock.now();

  /** Begins to read. */
  constructor(parts: SamplesParts, options: SourceOpenOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#pipeline = new (options.gate?.Pipeline ?? CapturePipeline)(parts.sampleRate, parts.settings, (message) =>
      this.#onMessage(message),
    );
    // It takes silence at the very beginning for that of a context that starts: let it be this one.
    this.#pipeline.process([new Float32Array(1)], 0);
    parts.scope.defer("sample input", () => parts.reader.release(parts.scope.signal.reason));
    void this.#run();
  }

  async pause(): Promise<void> {
    this.#pause ??= { since: systemClock.now(), over: deferred() };
    this.#command("flush");
  }

  async resume(): Promise<void> {
    const pause = this.#pause;
    if (pause === undefined) return;
    this.#pause = undefined;
    this.#pacer.skip(systemClock.now() - pause.since);
    pause.over.resolve();
  }

  async flush(): Promise<void> {
    this.#command("flush");
  }

  async stop(): Promise<void> {
    this.#command("stop");
    await this.#parts.scope.dispose(new DOMException("The stream was closed before the input's end.", "AbortError"));
  }

  async #run(): Promise<void> {
    const { scope, onDone, onFailed } = this.#parts;
    try {
      await this.#readAll();
      this.#command("stop");
      onDone();
    } catch (error) {
      if (scope.disposed) onFailed(scope.signal.reason);
      else this.#fail(toCaptureError(error, "The samples were not taken"));
    }
  }

  async #readAll(): Promise<void> {
    const { reader, scope } = this.#parts;
    for (;;) {
      await this.#mayGo(this.#taken);
      const askedAt = systemClock.now();
      const piece = await withSignal(reader.read(), scope.signal);
      if (piece === undefined) break;
      this.#pacer.arrived(this.#soundMs(this.#taken), askedAt);
      await this.#takeAll(piece);
    }
    if (this.#taken === 0) {
      throw captureFailed("The input of samples() ended without a sample: there is nothing to stream.");
    }
    // What resampler and framer still hold is not to come out in a pause either.
    await this.#mayGo(this.#taken);
  }

  async #takeAll(piece: Float32Array): Promise<void> {
    const { channelCount, sampleRate, settings } = this.#parts;
    const slice = Math.max(1, Math.round((Math.min(SLICE_MS, settings.frameDurationMs) * sampleRate) / 1_000));
    const length = piece.length / channelCount;
    // An input that gives nothing, and nothing again, must not keep the page from its turn either.
    if (length === 0) this.#ahead += SLICE_MS;
    for (let from = 0; from < length; from += slice) {
      const count = Math.min(slice, length - from);
      await this.#mayGo(this.#taken + count);
      const values = piece.subarray(from * channelCount, (from + count) * channelCount);
      this.#checkFinite(values);
      this.#pipeline.process(toChannels(values, channelCount), this.#taken);
      this.#taken += count;
      this.#ahead += this.#soundMs(count);
    }
  }

  /** Waits while paused, while the input's first `end` samples have not sounded, and while the stream has no room. */
  async #mayGo(end: number): Promise<void> {
    const { scope, realTime } = this.#parts;
    for (;;) {
      scope.signal.throwIfAborted();
      const waitMs = realTime ? this.#pacer.waitMs(this.#soundMs(end)) : 0;
      if (this.#pause !== undefined) await withSignal(this.#pause.over.promise, scope.signal);
      else if (waitMs > 0 && end > this.#taken) await this.#sleep(waitMs);
      else if (this.#ahead - (systemClock.now() - this.#breathedAt) > BREATH_MS) await this.#sleep(0);
      else {
        const room = this.#options.whenRoom?.();
        if (room !== undefined) await withSignal(room, scope.signal);
        scope.signal.throwIfAborted();
        if (this.#pause === undefined) return;
      }
    }
  }

  async #sleep(durationMs: number): Promise<void> {
    const { scope } = this.#parts;
    const over = deferred<void>();
    scope.timeout(durationMs, over.resolve, "pace of samples");
    await withSignal(over.promise, scope.signal);
    this.#ahead = 0;
    this.#breathedAt = systemClock.now();
  }

  #checkFinite(values: Float32Array): void {
    const at = values.findIndex((value) => value - value !== 0);
    if (at === -1) return;
    const sample = this.#taken + Math.floor(at / this.#parts.channelCount);
    throw captureFailed(`The input of samples() gave ${values[at]} as sample ${sample}, where numbers are due.`);
  }

  #command(type: "flush" | "stop"): void {
    if (!this.#parts.scope.disposed) this.#pipeline.command({ type, id: 0 });
  }

  #onMessage(message: ProcessorOutput): void {
    // Whoever was given the last frame may have ended the stream.
    if (message.type !== "frame" || this.#parts.scope.disposed) return;
    const { position, sampleCount, contextTime, peak, rms, voice } = message;
    this.#options.onFrame({
      payload: new Uint8Array(message.payload),
      position,
      sampleCount,
      timestamp: this.#parts.realTime ? this.#pacer.timeOf(contextTime * 1_000) : systemClock.now(),
      peakLevel: peak,
      rmsLevel: rms,
      voice,
    });
  }

  /** Delivers what was read before. */
  #fail(error: AudioStreamError): void {
    this.#command("stop");
    // Whoever was given the last of it may have ended the stream.
    if (this.#parts.scope.disposed) {
      this.#parts.onFailed(this.#parts.scope.signal.reason);
      return;
    }
    void this.#parts.scope.dispose(error);
    this.#parts.onFailed(error);
    this.#options.onEnd(error);
  }

  #soundMs(sampleCount: number): number {
    return (sampleCount / this.#parts.sampleRate) * 1_000;
  }
}

function toChannels(values: Float32Array, channelCount: number): Float32Array[] {
  if (channelCount === 1) return [values];
  return Array.from({ length: channelCount }, (_, channel) =>
    Float32Array.from(
      { length: values.length / channelCount },
      (_, index) => values[index * channelCount + channel] ?? 0,
    ),
  );
}
