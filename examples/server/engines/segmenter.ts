import type { EngineFormat, Segment } from "./engine.js";
import { VoiceActivity } from "./voice-activity.js";

export const SEGMENTER = "segmenter";
/** How often a segment that goes on is reported. */
const PARTIAL_INTERVAL_SEC = 0.5;
/** A segment this long is ended, so that an endless noise still gives results. */
const MAX_SEGMENT_SEC = 30;

export interface SegmenterOptions {
  readonly format: EngineFormat;
  /** Position of the first sample that will be written. */
  readonly startPosition: number;
  onSegment(segment: Segment): void;
}

/**
 * Tells when somebody speaks, by the energy of the sound, and never what is said. Takes every rate and any number of
 * channels.
 */
export class Segmenter {
  readonly #options: SegmenterOptions;
  readonly #activity: VoiceActivity;
  /** Position of the next sample of the current uninterrupted run of audio. */
  #position: number;
  #segmentFrom: number | undefined;
  #reportedTo = 0;

  constructor(options: SegmenterOptions) {
    this.#options = options;
    this.#position = options.startPosition;
    this.#activity = new VoiceActivity(options.format);
  }

  write(samples: Uint8Array, position: number): void {
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

  /** No more audio: what is being said is over. */
  end(): void {
    this.#finish(this.#position);
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
    if (from !== undefined) this.#emit(from, to, true);
  }

  #emit(from: number, to: number, final: boolean): void {
    this.#reportedTo = to;
    const seconds = (position: number) => (position / this.#options.format.sampleRate).toFixed(2);
    const end = final ? seconds(to) : "…";
    this.#options.onSegment({
      text: `speech ${seconds(from)}–${end} s`,
      segmentId: `${SEGMENTER}-${from}`,
      final,
      from,
      to,
    });
  }
}
