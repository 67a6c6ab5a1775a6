/** A wake-up later than this shows that nobody could act: the machine slept, or the page was frozen or blocked. */
export const STALL_MS = 1_500;

/** Times are sums and differences of fractions; a wake-up that came a rounding error too early would ask for the same again. */
const ROUNDING_MS = 0.001;

/** Two readings of one moment, in milliseconds. */
export interface Moment {
  /** Counts everything; never goes back, whatever the clock does. */
  readonly wall: number;
  /** Leaves out what passed while nobody could act. Limits that judge a peer or a person's patience go by it. */
  readonly awake: number;
}

/**
 * Makes the session's own time from a clock that may jump. Sleep shows itself by wake-ups that come late; what they are late
 * by does not count. `performance.now()` stops during sleep in some browsers and runs on in others, and both are right here.
 */
export class SessionTime implements Moment {
  #clock: number | undefined;
  /** How far the clock has gone back, all times together. */
  #setBackMs = 0;
  /** How long nobody could act, all times together. */
  #stalledMs = 0;

  get wall(): number {
    return (this.#clock ?? 0) + this.#setBackMs;
  }

  get awake(): number {
    return this.wall - this.#stalledMs;
  }

  /**
   * Moves on to `clock`.
   * @param dueAt when a wake-up was asked for, on the same clock.
   * @returns how long nobody could act before this moment.
   */
  advance(clock: number, dueAt: number | undefined): number {
    const passedMs = clock - (this.#clock ?? clock);
    this.#clock = clock;
    if (passedMs < 0) this.#setBackMs -= passedMs;
    const lateMs = dueAt === undefined ? 0 : Math.min(passedMs, clock - dueAt);
    const stalledMs = lateMs > STALL_MS ? lateMs : 0;
    this.#stalledMs += stalledMs;
    return stalledMs;
  }

  /** When it will be so late on the clock, if nothing stalls before. */
  toClock(awake: number): number {
    const clock = awake + this.#stalledMs - this.#setBackMs;
    return clock + this.#setBackMs - this.#stalledMs >= awake ? clock : clock + ROUNDING_MS;
  }

  /** What {@link awake} will be at a moment that is known by the wall, if nothing stalls before. */
  toAwake(wall: number): number {
    return wall - this.#stalledMs;
  }
}

/** The first of several times, of which some may not be known. */
export function earliest(...times: readonly (number | undefined)[]): number | undefined {
  let first: number | undefined;
  for (const time of times) if (time !== undefined && (first === undefined || time < first)) first = time;
  return first;
}
