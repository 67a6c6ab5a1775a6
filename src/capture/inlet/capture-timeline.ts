/**
 * Where audio belongs that comes after a break which its own clock did not count: the page's clock says how long it was.
 * Positions never go back, and a pause takes none.
 */
export class CaptureTimeline {
  readonly #sampleRate: number;
  /** Behind the last sample. */
  #position = 0;
  /** When that was, in milliseconds on the `performance.now()` clock; `undefined` where no time passes. */
  #time: number | undefined;

  /** @param sampleRate of the positions, in Hz. */
  constructor(sampleRate: number) {
    this.#sampleRate = sampleRate;
  }

  /** @param timestamp of the first sample on the `performance.now()` clock. @returns its position. */
  positionAt(timestamp: DOMHighResTimeStamp): number {
    const elapsedMs = this.#time === undefined ? 0 : timestamp - this.#time;
    return this.#position + Math.max(0, Math.round((elapsedMs * this.#sampleRate) / 1_000));
  }

  /** What comes does not belong before this position. */
  reach(position: number): void {
    this.#position = Math.max(this.#position, position);
  }

  /** A frame went out. */
  advance(position: number, sampleCount: number, timestamp: DOMHighResTimeStamp): void {
    this.#position = position + sampleCount;
    this.#time = timestamp + (sampleCount / this.#sampleRate) * 1_000;
  }

  /**
   * No time passes until the next sample.
   * @param missingUntil until when nothing was heard although it should have been; that time is not forgotten.
   */
  pause(missingUntil?: DOMHighResTimeStamp): void {
    if (missingUntil !== undefined) this.#position = this.positionAt(missingUntil);
    this.#time = undefined;
  }
}
