/** A sample and when it was captured: a point of the tie between the sample clock and the page's. */
export interface TimelinePoint {
  readonly position: number;
  /** On the `performance.now()` clock. */
  readonly timestamp: DOMHighResTimeStamp;
  /** What comes from here on was not captured right after what came before. */
  readonly begins: boolean;
}

/** How far apart the points of a run are, in milliseconds. */
const POINT_INTERVAL_MS = 1_000;
/** A sample that comes so much later or earlier than the last one promised was not captured right after it. */
const BREAK_MS = 100;

/** Picks the few frames that a {@link Timeline} has to know. */
export class TimelinePoints {
  readonly #samplesPerMs: number;
  #last: TimelinePoint | undefined;
  /** Position after the last frame. */
  #end = 0;

  constructor(sampleRate: number) {
    this.#samplesPerMs = sampleRate / 1_000;
  }

  /**
   * @param timestamp of the first sample, on the `performance.now()` clock.
   * @returns the point that the frame makes, if it makes one.
   */
  note(position: number, sampleCount: number, timestamp: DOMHighResTimeStamp): TimelinePoint | undefined {
    const last = this.#last;
    const begins = last === undefined || position !== this.#end || this.#breaks(last, position, timestamp);
    this.#end = position + sampleCount;
    if (!begins && timestamp - last.timestamp < POINT_INTERVAL_MS) return undefined;
    this.#last = { position, timestamp, begins };
    return this.#last;
  }

  #breaks(last: TimelinePoint, position: number, timestamp: DOMHighResTimeStamp): boolean {
    const expected = last.timestamp + (position - last.position) / this.#samplesPerMs;
    return Math.abs(timestamp - expected) > BREAK_MS;
  }
}
