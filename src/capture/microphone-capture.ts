import type { AudioStreamError } from "../errors.js";
import type { Scope } from "../internal/scope.js";
import type { ProcessorFrame } from "../worklet/port-messages.js";
import { ContextClock } from "./context-clock.js";
import { monitorContext, resumeQuietly } from "./context-monitor.js";
import { acquireTrack, connectTrack } from "./device.js";
import { captureFailed, deviceLost } from "./media-errors.js";
import type { MicrophoneOptions } from "./microphone-options.js";
import { ProcessorClient } from "./processor-client.js";
import type { AudioCapture, SourceOpenOptions } from "./source.js";
import { monitorTrack } from "./track-monitor.js";

/** How long a dead audio thread may delay a pause, a flush or a stop. */
const CONFIRM_TIMEOUT_MS = 1_000;

/** What {@link MicrophoneCapture} takes over. */
export interface CaptureParts {
  /** Owns everything; ends with the capture. */
  readonly scope: Scope;
  readonly context: AudioContext;
  readonly node: AudioWorkletNode;
  /** A child of `scope` that owns the track. */
  readonly device: Scope;
  readonly track: MediaStreamTrack;
  readonly microphone: MicrophoneOptions;
}

/** An open microphone: a track, connected to the processor on the audio thread. */
export class MicrophoneCapture implements AudioCapture {
  readonly #scope: Scope;
  readonly #context: AudioContext;
  readonly #node: AudioWorkletNode;
  readonly #microphone: MicrophoneOptions;
  readonly #options: SourceOpenOptions;
  readonly #client: ProcessorClient;
  readonly #clock: ContextClock;
  #device: Scope;
  #track: MediaStreamTrack | undefined;
  /** Set while the microphone is being asked for again. */
  #acquiring: Scope | undefined;
  /** Pause, resume and flush run one after the other. */
  #turn: Promise<unknown> = Promise.resolve();
  #finishing: Promise<void> | undefined;
  /** The owner asked for the end, and need not be told of it. */
  #stopped = false;
  #muted = false;
  #standing = false;
  #interrupted = false;

  constructor(parts: CaptureParts, options: SourceOpenOptions) {
    this.#scope = parts.scope;
    this.#context = parts.context;
    this.#node = parts.node;
    this.#microphone = parts.microphone;
    this.#options = options;
    this.#device = parts.device;
    this.#clock = new ContextClock(parts.context);
    this.#client = new ProcessorClient(parts.scope, parts.node.port, (frame) => this.#onFrame(frame));
    this.#scope.listen(parts.node, "processorerror", () => {
      this.#fail(captureFailed("The audio thread failed, and with it the capture. Start again."));
    });
    this.#connect(parts.device, parts.track);
    monitorContext(this.#scope, this.#context, parts.microphone.audioContext === undefined, {
      onRunning: (running) => this.#onRunning(running),
      onClosed: () => this.#fail(captureFailed("The audio context was closed while the microphone used it.")),
    });
  }

  get track(): MediaStreamTrack | undefined {
    return this.#track;
  }

  async pause(releaseDevice: boolean): Promise<void> {
    const reason = new DOMException("Paused while the microphone was being asked for again.", "AbortError");
    void this.#acquiring?.dispose(reason);
    await this.#inTurn(async () => {
      await this.#client.command("pause", CONFIRM_TIMEOUT_MS);
      if (releaseDevice && this.#microphone.track === undefined) this.#releaseDevice();
    });
  }

  async resume(): Promise<void> {
    // At once, while the person's gesture still counts.
    if (this.#context.state === "suspended") resumeQuietly(this.#context);
    await this.#inTurn(async () => {
      if (this.#track === undefined) await this.#reacquire();
      await this.#client.command("resume", CONFIRM_TIMEOUT_MS);
    });
  }

  async flush(): Promise<void> {
    await this.#inTurn(() => this.#client.command("flush", CONFIRM_TIMEOUT_MS));
  }

  stop(): Promise<void> {
    this.#stopped = true;
    return this.#finish(new DOMException("The microphone was stopped.", "AbortError"));
  }

  #inTurn(action: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(() => {
      this.#scope.signal.throwIfAborted();
      return action();
    });
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** Lets the processor deliver what it holds, then releases everything. */
  #finish(reason: unknown): Promise<void> {
    this.#finishing ??= this.#drainAndRelease(reason);
    return this.#finishing;
  }

  async #drainAndRelease(reason: unknown): Promise<void> {
    try {
      await this.#client.command("stop", CONFIRM_TIMEOUT_MS);
    } catch {
      // The scope has ended: there is nothing left to wait for.
    }
    await this.#scope.dispose(reason);
  }

  /** The device is gone: delivers what was heard of it first. */
  async #lose(): Promise<void> {
    const error = deviceLost();
    await this.#finish(error);
    if (this.#scope.signal.reason === error) this.#tellEnd(error);
  }

  /** Nothing more can come from the audio thread. */
  #fail(error: AudioStreamError): void {
    void this.#scope.dispose(error);
    this.#tellEnd(error);
  }

  #tellEnd(error: AudioStreamError): void {
    if (!this.#stopped) this.#options.onEnd(error);
  }

  async #reacquire(): Promise<void> {
    const device = this.#scope.child("device");
    this.#acquiring = device;
    try {
      this.#connect(device, await acquireTrack(device, this.#microphone));
      this.#device = device;
    } catch (error) {
      void device.dispose(error);
      throw error;
    } finally {
      this.#acquiring = undefined;
    }
  }

  #connect(device: Scope, track: MediaStreamTrack): void {
    connectTrack(device, this.#context, track, this.#node);
    this.#track = track;
    monitorTrack(device, track, {
      onMuted: (muted) => {
        this.#muted = muted;
        this.#reportInterruption();
      },
      onEnded: () => void this.#lose(),
    });
  }

  #releaseDevice(): void {
    void this.#device.dispose();
    this.#track = undefined;
    this.#muted = false;
    this.#reportInterruption();
  }

  #onRunning(running: boolean): void {
    // While it stood still, its clock did too.
    this.#clock.reset();
    this.#standing = !running;
    this.#reportInterruption();
  }

  #reportInterruption(): void {
    const interrupted = this.#muted || this.#standing;
    if (interrupted === this.#interrupted) return;
    this.#interrupted = interrupted;
    this.#options.onInterrupt(this.#muted ? "device-muted" : interrupted ? "context-suspended" : undefined);
  }

  #onFrame(frame: ProcessorFrame): void {
    this.#options.onFrame({
      payload: new Uint8Array(frame.payload),
      position: frame.position,
      sampleCount: frame.sampleCount,
      timestamp: this.#clock.toTimestamp(frame.contextTime),
      peakLevel: frame.peak,
      rmsLevel: frame.rms,
    });
  }
}
