import { Scope, systemClock } from "loquilex/resources";
import type { AudioCapture, AudioSource, SourceOpenOptions } from "../../src/capture/source.js";
import { stampedPayload } from "./stamped-audio.js";
import { Waiting } from "./waiting.js";

export interface StampedSourceOptions {
  /** Times real time. @defaultValue 1 */
  readonly speed?: number;
  /** Falls silent after so many frames. @defaultValue Infinity */
  readonly maxFrames?: number;
  /** Length of the short frame that stopping brings out. @defaultValue 112 */
  readonly tailSamples?: number;
}

/** A source without a device: frames in real time whose every sample tells its position. */
export class StampedSource implements AudioSource {
  readonly #options: Required<StampedSourceOptions>;
  readonly #progress = new Waiting();
  #sampleRate = 0;
  #samplesCaptured = 0;

  constructor(options: StampedSourceOptions = {}) {
    this.#options = { speed: 1, maxFrames: Number.POSITIVE_INFINITY, tailSamples: 112, ...options };
  }

  /** Samples produced so far, which is also the next position. */
  get samplesCaptured(): number {
    return this.#samplesCaptured;
  }

  /** Resolves when so many milliseconds of audio have been produced since the beginning. */
  captured(durationMs: number): Promise<void> {
    return this.#progress.until(
      () => this.#sampleRate > 0 && this.#samplesCaptured >= (durationMs * this.#sampleRate) / 1_000,
    );
  }

  async open({ signal, format, frameDurationMs, onFrame }: SourceOpenOptions): Promise<AudioCapture> {
    signal.throwIfAborted();
    this.#sampleRate = format.sampleRate;
    const { speed, maxFrames, tailSamples } = this.#options;
    const frameSamples = Math.round((frameDurationMs / 1_000) * format.sampleRate);
    const scope = new Scope({ name: "stamped source" });
    scope.follow(signal, () => scope.dispose());
    scope.defer("waiters", () => this.#progress.fail(new Error("The source has been stopped.")));
    let running: Scope | undefined;
    let frames = 0;

    const emit = (sampleCount: number): void => {
      const position = this.#samplesCaptured;
      this.#samplesCaptured += sampleCount;
      const payload = stampedPayload(position, sampleCount);
      onFrame({ payload, position, sampleCount, timestamp: performance.now(), peakLevel: 0.5, rmsLevel: 0.2 });
      this.#progress.changed();
    };
    const run = (): void => {
      running = scope.child("run");
      const before = frames;
      const startedAt = systemClock.now();
      const tick = (): void => {
        const due = before + ((systemClock.now() - startedAt) * speed) / frameDurationMs;
        while (!scope.disposed && frames + 1 <= due && frames < maxFrames) {
          frames += 1;
          emit(frameSamples);
        }
        const nextAt = startedAt + ((frames + 1 - before) * frameDurationMs) / speed;
        if (frames < maxFrames) running?.timeout(Math.max(1, nextAt - systemClock.now()), tick);
      };
      tick();
    };
    const halt = (): void => {
      void running?.dispose();
      running = undefined;
    };
    run();
    return {
      track: undefined,
      async pause() {
        halt();
      },
      async resume() {
        if (running === undefined) run();
      },
      async flush() {},
      async stop() {
        const wasRunning = running !== undefined;
        halt();
        // A paused source has brought everything out already.
        if (wasRunning && !scope.disposed && tailSamples > 0) emit(tailSamples);
        void scope.dispose();
      },
    };
  }
}
