import type { Engine, EngineOpenOptions, EngineRun } from "./engine.js";
import { VoiceActivity } from "./voice-activity.js";

const NAME = "segmenter";
/** How often a segment that goes on is reported. */
const PARTIAL_INTERVAL_SEC = 0.5;
/** A segment this long is ended, so that an endless noise still gives results. */
const MAX_SEGMENT_SEC = 30;

/**
 * The engine that needs nothing: tells when somebody speaks, by the energy of the sound, and never what is said. Takes
 * every rate and any number of channels.
 */
export const segmenter: Engine = {
  name: NAME,
  open(options) {
    options.onStatus({
      engine: NAME,
      words: false,
      detail: "The built-in segmenter tells when somebody speaks; it recognises no words.",
    });
    return new SegmenterRun(options);
  },
};

class SegmenterRun implements EngineRun {
  readonly #options: EngineOpenOptions;
  readonly #activity: VoiceActivity;
  /** Position of the next sample of the current uninterrupted run of audio. */
  #position: number;
  #segmentFrom: number | undefined;
  #reportedTo = 0;
  #disposed = false;

  constructor(options: EngineOpenOptions) {
    this.#options = options;
    this.#position = options.startPosition;
    this.#activity = new VoiceActivity(options.format);
  }

  write(samples: Uint8Array, position: number): undefined {
    if (this.#disposed) return;
    if (position !== this.#position) this.gap(this.#position, position);
    for (const change of this.#activity.push(samples, position)) {
      if (change.speaking) this.#report(change.from, change.to);
      else this.#finish(change.to);
    }
    this.#position = position + samples.byteLength / (2 * this.#options.format.channels);
  }

  gap(from: number, to: number): void {
    this.#finish(from);
    this.#activity.reset();
    this.#position = to;
  }

  async end(): Promise<void> {
    this.#finish(this.#position);
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
  }

  #report(from: number, to: number): void {
    const { sampleRate } = this.#options.format;
    if (this.#segmentFrom === undefined) {
      this.#segmentFrom = from;
      this.#emit(from, to, false);
    } else if (to - this.#segmentFrom >= MAX_SEGMENT_SEC * sampleRate) {
      this.#finish(to);
      this.#activity.restart(to);
    } else if (to - this.#reportedTo >= PARTIAL_INTERVAL_SEC * sampleRate) this.#emit(this.#segmentFrom, to, false);
  }

  #finish(to: number): void {
    const from = this.#segmentFrom;
    this.#segmentFrom = undefined;
    if (from !== undefined && !this.#disposed) this.#emit(from, to, true);
  }

  #emit(from: number, to: number, final: boolean): void {
    this.#reportedTo = to;
    const seconds = (position: number) => (position / this.#options.format.sampleRate).toFixed(2);
    const end = final ? seconds(to) : "…";
    this.#options.onSegment({
      text: `speech ${seconds(from)}–${end} s`,
      segmentId: `${NAME}-${from}`,
      final,
      from,
      to,
    });
  }
}
