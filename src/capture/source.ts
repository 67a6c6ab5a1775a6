import type { AudioStreamError } from "../errors.js";
import type { Scope } from "../internal/scope.js";
import type { Bytes } from "../protocol/bytes.js";
import type { AudioEncoding } from "../protocol/messages.js";
import type { Voice } from "../worklet/port-messages.js";
import type { StreamGate } from "./gate.js";
import type { FrameInlet } from "./inlet/frame-inlet.js";

/** What goes on the wire. */
export interface AudioFormat {
  /** How samples become bytes. */
  readonly encoding: AudioEncoding;
  /** Hz. */
  readonly sampleRate: number;
  /** 1 or 2; two are interleaved. */
  readonly channelCount: number;
}

/** One encoded frame, as it goes on the wire; owned by the receiver. */
export interface AudioFrame {
  /** The samples, encoded in the stream's format. */
  readonly payload: Bytes;
  /** Samples at the wire's rate since the stream began; a jump is a real gap in time. */
  readonly position: number;
  /** Samples of each channel in it. */
  readonly sampleCount: number;
  /** Of the first sample, in milliseconds on the `performance.now()` clock. */
  readonly timestamp: DOMHighResTimeStamp;
  /** Loudest sample of the frame before encoding, linear, 0 to 1. */
  readonly peakLevel: number;
  /** Root mean square of the frame before encoding, linear, 0 to 1. */
  readonly rmsLevel: number;
  /**
   * What a gate has heard. A frame that it withholds has no payload.
   * @internal
   */
  readonly voice?: Voice | undefined;
}

/**
 * Why a source delivers nothing for now. `device-muted`: a call, a lock screen or a hardware switch; `device-lost`: the
 * device is gone, and is being acquired again; `context-suspended`, `context-interrupted`: the browser or the system
 * stopped the audio context; `context-stalled`: it claims to run and does not; `processor-failed`: the audio thread threw.
 */
export type InterruptReason =
  | "device-muted"
  | "device-lost"
  | "context-suspended"
  | "context-interrupted"
  | "context-stalled"
  | "processor-failed";

/**
 * Why a source captures from a track that it did not begin with: it was asked to (`requested`), the one before was lost or
 * stayed muted (`device-lost`), the lost one came back and is heard (`device-returned`), the system has another default
 * (`default-changed`), the track had died and its device was opened anew (`renewed`), or a pause had released it
 * (`resumed`).
 */
export type DeviceChangeReason =
  | "requested"
  | "device-lost"
  | "device-returned"
  | "default-changed"
  | "renewed"
  | "resumed";

/** Where audio comes from. Opening prompts the user where the platform does. */
export interface AudioSource {
  /** @throws AudioStreamError, or `signal.reason` when aborted; either way nothing stays open. */
  open(options: SourceOpenOptions): Promise<AudioCapture>;
  /** Whether it obeys a stream's option `gate`, which no other source may be given. A source that wraps one that does may say so. */
  readonly canGate?: boolean | undefined;
  /** The stream has ended without opening the source, and never will: what it holds for the stream can be let go. */
  release?(reason: unknown): void;
}

/** What a source is told when it is opened, and whom it calls. */
export interface SourceOpenOptions {
  /** Aborting it releases everything inside the call, at any time until the capture is disposed. */
  readonly signal: AbortSignal;
  /** Ends together with the signal. What is registered here is listed by the stream's `resources()`; a source need not. */
  readonly scope?: Scope | undefined;
  /** What its frames have to be. */
  readonly format: AudioFormat;
  /** How much audio each of them holds, in milliseconds; the last one before a pause may hold less. */
  readonly frameDurationMs: number;
  /** Takes each frame, in order. */
  onFrame(frame: AudioFrame): void;
  /**
   * Where the SDK's own sources deliver from the audio thread, so that no frame has to wait for the page.
   * @internal
   */
  readonly inlet?: FrameInlet | undefined;
  /**
   * How speech is found, and what becomes of silence.
   * @internal
   */
  readonly gate?: StreamGate | undefined;
  /**
   * Resolves as soon as the stream can take more without losing what the server has not got. For sources that can wait;
   * where there is none, more can always be taken.
   */
  readonly whenRoom?: (() => Promise<void>) | undefined;
  /** Nothing is delivered for now, because of `reason`; `undefined`: it is delivered again. */
  onInterrupt(reason: InterruptReason | undefined): void;
  /** Audio comes from another track from now on; its time and its positions go on. */
  onDeviceChange(track: MediaStreamTrack, reason: DeviceChangeReason): void;
  /** Something went wrong that the source handles itself. */
  onWarning(error: AudioStreamError): void;
  /** The device is gone for good; the capture has released everything. */
  onEnd(error: AudioStreamError): void;
}

/** A source that is open and delivers frames. */
export interface AudioCapture {
  /** The track that is captured; `undefined` for sources that have none. */
  readonly track: MediaStreamTrack | undefined;
  /**
   * Emits the last partial frame, then nothing until {@link resume}. Ends a `resume()` or `setDevice()` that is still
   * under way: the last call decides. Resolves when what was heard before it is out, also if a `resume()` has overtaken it;
   * that the capture goes on in that case is known to whoever called both.
   * @param releaseDevice also stop the device; nothing is acquired again before {@link resume}.
   */
  pause(releaseDevice: boolean): Promise<void>;
  /**
   * Captures again, after acquiring the device again if it was released.
   * @param signal Aborting it leaves the capture as it was before the call, also if the platform delivers a device later.
   * @throws AudioStreamError, or `signal.reason`; the capture stays paused.
   */
  resume(signal?: AbortSignal): Promise<void>;
  /** Emits what the framer holds, as a short frame, without disturbing the signal. */
  flush(): Promise<void>;
  /**
   * Captures from another device (`undefined`: the browser's choice), which is acquired before the one in use is let go;
   * what is captured on the way goes on without a break if the platform allows it, and with a gap if not. Absent if a
   * source has no devices.
   * @throws AudioStreamError when the device cannot be had; the one in use goes on.
   */
  setDevice?(deviceId: ConstrainDOMString | undefined, signal?: AbortSignal): Promise<void>;
  /** Stops the device, emits what resampler and framer still hold, and releases everything. */
  stop(): Promise<void>;
}
