import { processorSettings } from "../capture/graph/processor/processor-settings.js";
import type { AudioCapture, AudioFormat, AudioFrame, InterruptReason, SourceOpenOptions } from "../capture/source.js";
import { type AudioStreamError, isAudioStreamError } from "../errors.js";
import { FrameCheck } from "../frames/frame-check.js";
import { withSignal } from "../internal/abort.js";
import { attempt } from "../internal/attempt.js";
import { type Registration, Scope } from "../internal/scope.js";
import {
  needsTwoChannels,
  noDevices,
  notLive,
  type SideName,
  sideEnded,
  sideFailed,
  sideInterrupted,
} from "./mix-errors.js";
import type { MixFigures, MixSources } from "./mix-sources.js";
import { Mixer } from "./mixer.js";

const SIDES: readonly SideName[] = ["left", "right"];
/**
 * How long a side that is behind is waited for, in milliseconds. After the page was blocked, the frames of one source may all
 * come before those of the other.
 */
const LAG_PATIENCE_MS = 60;
/** A side of which nothing has come for so long, in milliseconds, while the other one goes on, is told of also if it says nothing. */
const SILENCE_MS = 5_000;

/** One of the two sources while it is open. */
interface OpenSide {
  readonly name: SideName;
  readonly check: FrameCheck;
  capture: AudioCapture | undefined;
  interruption: InterruptReason | undefined;
  hasEnded: boolean;
  /** Nothing comes, though it does not say so, and that has been told. */
  isSilent: boolean;
}

/** Two open sources that deliver as one. */
export class MixedCapture implements AudioCapture {
  readonly #scope: Scope;
  readonly #options: SourceOpenOptions;
  readonly #mixer: Mixer;
  readonly #sides: readonly OpenSide[];
  #lagging: Registration | undefined;
  #interruption: InterruptReason | undefined;
  /** Of the calls to pause and to resume; the last one decides. */
  #calls = 0;
  /** Whether the last pause was to release the devices. */
  #isReleased = false;
  /** From before the last break. */
  #lastFigures: MixFigures | undefined;

  /**
   * @param onOpening told of the capture before it is open.
   * @throws AudioStreamError, or `signal.reason` when aborted; either way nothing stays open.
   */
  static async open(
    sources: MixSources,
    options: SourceOpenOptions,
    onOpening: (capture: MixedCapture) => void,
  ): Promise<MixedCapture> {
    options.signal.throwIfAborted();
    const scope = options.scope?.child("mix") ?? new Scope({ name: "mix" });
    scope.follow(options.signal, (reason) => void scope.dispose(reason));
    try {
      const capture = new MixedCapture(scope, options);
      onOpening(capture);
      await capture.#open(sources);
      return capture;
    } catch (error) {
      await scope.dispose(error);
      throw error;
    }
  }

  constructor(scope: Scope, options: SourceOpenOptions) {
    const { format, onFrame } = options;
    if (format.channelCount !== 2) throw needsTwoChannels(format.channelCount);
    this.#scope = scope;
    this.#options = options;
    this.#mixer = new Mixer({
      settings: processorSettings("stereo", options),
      // Whoever was given the last frame may have ended the stream.
      onFrame: (frame) => (scope.disposed ? undefined : onFrame(frame)),
    });
    this.#sides = SIDES.map((name) => ({
      name,
      check: new FrameCheck(sideFormat(options)),
      capture: undefined,
      interruption: undefined,
      hasEnded: false,
      isSilent: false,
    }));
  }

  get track(): MediaStreamTrack | undefined {
    return this.#sides.find(({ capture }) => capture?.track !== undefined)?.capture?.track;
  }

  /** What was last measured; `undefined` until both sources have delivered. */
  get figures(): MixFigures | undefined {
    const { left, right } = this.#mixer;
    if (!left.hasBegun || !right.hasBegun) return this.#lastFigures;
    return { driftPpm: (right.drift - left.drift) * 1e6, skewMs: left.errorMs - right.errorMs };
  }

  async pause(releaseDevice: boolean): Promise<void> {
    this.#calls += 1;
    const call = this.#calls;
    this.#isReleased = releaseDevice;
    await this.#each((capture) => capture.pause(releaseDevice));
    // Unless it goes on again by now.
    if (call === this.#calls) this.#pauseMixer();
  }

  async resume(signal?: AbortSignal): Promise<void> {
    this.#calls += 1;
    const call = this.#calls;
    try {
      // Both inside the call, while the person's gesture counts.
      await this.#each((capture) => capture.resume(signal));
    } catch (error) {
      // One may have resumed, and holds its device again.
      if (call === this.#calls) await this.#each((capture) => capture.pause(this.#isReleased)).catch(() => {});
      throw error;
    }
  }

  async flush(): Promise<void> {
    await this.#each((capture) => capture.flush());
    // A side that delivers nothing does not keep back what the other one has.
    this.#mixer.flush(this.#silent.length === 0);
  }

  /** Chooses the device of the left source, or of the right one if the left one has none. */
  async setDevice(deviceId: ConstrainDOMString | undefined, signal?: AbortSignal): Promise<void> {
    for (const { capture } of this.#sides) {
      if (capture?.setDevice === undefined) continue;
      try {
        await capture.setDevice(deviceId, signal);
        return;
      } catch (error) {
        if (!isAudioStreamError(error, "unsupported")) throw error;
      }
    }
    throw noDevices();
  }

  async stop(): Promise<void> {
    try {
      await this.#each((capture) => capture.stop());
    } finally {
      await this.#drain(new DOMException("The sources were stopped.", "AbortError"));
    }
  }

  async #open(sources: MixSources): Promise<void> {
    const opening = this.#sides.map(async (side) => {
      const capture = await attempt(() => sources[side.name].open(this.#optionsOf(side)));
      side.capture = capture;
      // One that took no notice of the end.
      if (this.#scope.disposed) await attempt(() => capture.stop());
    });
    await withSignal(Promise.all(opening), this.#scope.signal);
  }

  #optionsOf(side: OpenSide): SourceOpenOptions {
    const { frameDurationMs, whenRoom, onDeviceChange, onWarning } = this.#options;
    return {
      signal: this.#scope.signal,
      scope: this.#scope.child(side.name),
      format: sideFormat(this.#options),
      frameDurationMs,
      whenRoom,
      onFrame: (frame) => this.#take(side, frame),
      onInterrupt: (reason) => this.#onInterrupt(side, reason),
      onDeviceChange,
      onWarning,
      onEnd: (error) => this.#onEnd(side, error),
    };
  }

  /** Does something with both sources at once, but for those that have ended. @throws what the first one threw, after both. */
  async #each(call: (capture: AudioCapture) => Promise<void>): Promise<void> {
    const captures = this.#sides.flatMap(({ capture, hasEnded }) => (capture && !hasEnded ? [capture] : []));
    const results = await Promise.allSettled(captures.map((capture) => attempt(() => call(capture))));
    for (const result of results) if (result.status === "rejected") throw result.reason;
  }

  #take(side: OpenSide, frame: AudioFrame): void {
    if (this.#scope.disposed || side.hasEnded) return;
    const fault = side.check.faultOf(frame);
    if (fault !== undefined) {
      this.#fail(sideFailed(side.name, fault));
      return;
    }
    const { payload, position, timestamp } = frame;
    side.isSilent = false;
    this.#mixer.take(side.name, { samples: toFloats(payload), position, timestamp });
    if (this.#scope.disposed) return;
    if (this.#mixer[side.name].isLost) this.#fail(notLive(side.name));
    this.#watchLag();
  }

  #watchLag(): void {
    if (this.#lagging !== undefined || !this.#mixer.isLagging || this.#scope.disposed) return;
    const overtake = (): void => {
      this.#lagging = undefined;
      this.#mixer.overtake();
      for (const side of this.#sides) this.#tellOfSilence(side);
    };
    this.#lagging = this.#scope.timeout(LAG_PATIENCE_MS, overtake, "patience with a side");
  }

  /** The sides that have ended or said that they are interrupted. */
  get #silent(): readonly OpenSide[] {
    return this.#sides.filter(({ hasEnded, interruption }) => hasEnded || interruption !== undefined);
  }

  #tellOfSilence(side: OpenSide): void {
    if (side.isSilent || this.#silent.length > 0 || this.#mixer.silentMs(side.name) < SILENCE_MS) return;
    side.isSilent = true;
    this.#options.onWarning(sideInterrupted(side.name, "context-stalled"));
  }

  #onInterrupt(side: OpenSide, reason: InterruptReason | undefined): void {
    if (this.#scope.disposed || side.hasEnded) return;
    side.interruption = reason;
    const isInterrupted = this.#silent.length === this.#sides.length;
    if (reason !== undefined && !isInterrupted) this.#options.onWarning(sideInterrupted(side.name, reason));
    this.#interrupt(isInterrupted ? (reason ?? this.#interruption) : undefined);
  }

  #interrupt(reason: InterruptReason | undefined): void {
    if (reason === this.#interruption) return;
    this.#interruption = reason;
    this.#options.onInterrupt(reason);
  }

  #onEnd(side: OpenSide, error: AudioStreamError): void {
    if (this.#scope.disposed || side.hasEnded) return;
    side.hasEnded = true;
    this.#mixer.end(side.name);
    const other = this.#sides.find(({ hasEnded }) => !hasEnded);
    if (other === undefined) {
      void this.#drain(error);
      this.#options.onEnd(error);
      return;
    }
    this.#options.onWarning(sideEnded(side.name, error));
    this.#interrupt(other.interruption);
  }

  #fail(error: AudioStreamError): void {
    void this.#drain(error);
    this.#options.onEnd(error);
  }

  #pauseMixer(): void {
    this.#lastFigures = this.figures;
    this.#mixer.pause();
  }

  /** Emits what is there, then releases everything. */
  async #drain(reason: unknown): Promise<void> {
    if (!this.#scope.disposed) this.#pauseMixer();
    await this.#scope.dispose(reason);
  }
}

function sideFormat({ format }: SourceOpenOptions): AudioFormat {
  return { encoding: "pcm_f32le", sampleRate: format.sampleRate, channelCount: 1 };
}

function toFloats(payload: Uint8Array): Float32Array {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  return Float32Array.from({ length: payload.byteLength / 4 }, (_, index) => {
    const sample = view.getFloat32(4 * index, true);
    // One that is no number must not reach every sample that the filter makes of it, nor the level.
    return Number.isFinite(sample) ? Math.min(Math.max(sample, -1), 1) : 0;
  });
}
