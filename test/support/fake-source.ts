import type { AudioCapture, AudioSource, SourceOpenOptions } from "../../src/capture/source.js";
import type { AudioStreamError } from "../../src/errors.js";
import { type Deferred, deferred } from "../../src/internal/deferred.js";

/** Samples of one 20 ms frame at 16 kHz. */
export const FRAME = 320;

export type SourceStep = "open" | "pause" | "resume" | "setDevice" | "flush" | "stop";

/** A source without a device: the test speaks, and decides how long each step takes and how it ends. */
export class FakeSource implements AudioSource {
  /** Steps asked for, in order; a pause tells whether the device is to be released. */
  readonly calls: string[] = [];
  /** Steps that last until {@link finish}. */
  readonly slow = new Set<SourceStep>();
  /** Steps that fail. */
  readonly failing = new Map<SourceStep, unknown>();
  /** Signals that came with a resumption or a choice of a device, in order. */
  readonly signals: (AbortSignal | undefined)[] = [];
  /** Whether it has devices to choose from. */
  hasDevices = false;
  /** Samples that stopping, pausing and flushing bring out. */
  tail = 0;
  /** What a bad source does: it takes no notice of the signal while it opens. */
  deaf = false;
  bytesPerSample = 2;
  /** What every byte of a payload is. */
  sound = 0;
  peak = 0.5;
  readonly track = { kind: "audio" } as MediaStreamTrack;
  #options: SourceOpenOptions | undefined;
  #live = false;
  #position = 0;
  readonly #pending = new Map<SourceStep, Deferred<void>>();

  /** Whether the device is held. */
  get live(): boolean {
    return this.#live;
  }

  get options(): SourceOpenOptions {
    if (this.#options === undefined) throw new Error("The source was not opened.");
    return this.#options;
  }

  /** Position after the last sample. */
  get captured(): number {
    return this.#position;
  }

  async open(options: SourceOpenOptions): Promise<AudioCapture> {
    this.#options = options;
    this.calls.push("open");
    options.signal.throwIfAborted();
    this.#live = true;
    options.signal.addEventListener(
      "abort",
      () => {
        this.#live = false;
        if (!this.deaf) for (const step of this.#pending.values()) step.reject(options.signal.reason);
      },
      { once: true },
    );
    try {
      await this.#take("open");
    } catch (error) {
      this.#live = false;
      throw error;
    }
    if (this.deaf) this.#live = true;
    const setDevice = async (deviceId: ConstrainDOMString | undefined, signal?: AbortSignal): Promise<void> => {
      this.calls.push(`setDevice ${deviceId}`);
      this.signals.push(signal);
      await this.#take("setDevice");
    };
    return {
      ...(this.hasDevices && { setDevice }),
      track: this.track,
      pause: async (releaseDevice) => {
        this.calls.push(releaseDevice ? "pause, release" : "pause");
        await this.#take("pause");
        this.#emitTail();
      },
      resume: async (signal) => {
        this.calls.push("resume");
        this.signals.push(signal);
        await this.#take("resume");
      },
      flush: async () => {
        this.calls.push("flush");
        await this.#take("flush");
        this.#emitTail();
      },
      stop: async () => {
        this.calls.push("stop");
        await this.#take("stop");
        this.#emitTail();
        this.#live = false;
      },
    };
  }

  /** Ends a slow step. */
  finish(step: SourceStep): void {
    this.slow.delete(step);
    this.#pending.get(step)?.resolve();
  }

  /** Delivers frames of 20 ms. */
  speak(count = 1, sampleCount = FRAME): void {
    for (let n = 0; n < count; n += 1) {
      const frame = {
        payload: new Uint8Array(sampleCount * this.bytesPerSample).fill(this.sound),
        position: this.#position,
        sampleCount,
      };
      this.#position += sampleCount;
      this.options.onFrame({ ...frame, timestamp: performance.now(), peakLevel: this.peak, rmsLevel: this.peak / 2 });
    }
  }

  /** Leaves samples out, as a device that stutters does. */
  skip(samples: number): void {
    this.#position += samples;
  }

  /** The device is gone for good. */
  end(error: AudioStreamError): void {
    this.#live = false;
    this.options.onEnd(error);
  }

  #emitTail(): void {
    if (this.tail > 0 && this.#live) this.speak(1, this.tail);
  }

  async #take(step: SourceStep): Promise<void> {
    if (this.slow.has(step)) {
      const pending = deferred<void>();
      this.#pending.set(step, pending);
      await pending.promise;
    }
    if (this.failing.has(step)) throw this.failing.get(step);
  }
}
