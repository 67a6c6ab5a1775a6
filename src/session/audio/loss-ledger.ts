import { type AudioRange, RangeSet } from "../../internal/range-set.js";

/** Separate absences that are remembered. A server that falls back to before them has their loss announced again. */
const MAX_ABSENT_RANGES = 10_000;

/**
 * Keeps account of lost audio, each sample once, and keeps apart what is surely lost from what may be: a frame that was
 * sent but pushed out of the buffer before its acknowledgement is only lost if the server turns out not to have it,
 * which is known when it tells its position.
 */
export class LossLedger {
  #doubtful: AudioRange[] = [];
  /** What never was or was told as lost, so that a server which falls back over it makes nobody tell it again. */
  readonly #absent = new RangeSet(MAX_ABSENT_RANGES);

  /** Samples in doubt. */
  get samples(): number {
    return this.#doubtful.reduce((sum, { from, to }) => sum + to - from, 0);
  }

  /** The first position in doubt. */
  get doubtfulFrom(): number | undefined {
    return this.#doubtful[0]?.from;
  }

  /** What never was or was told as lost, in order. */
  get absent(): readonly AudioRange[] {
    return this.#absent.ranges;
  }

  /** The frame was sent, and can no longer be sent again. */
  doubt(range: AudioRange): void {
    append(this.#doubtful, range);
  }

  /** The server keeps everything before `position`. */
  confirm(position: number): void {
    if (this.#doubtful.length > 0) this.#doubtful = after(this.#doubtful, position);
  }

  /**
   * The server has taken in nothing from `position` on: returns what is lost there, and forgets it. What is before is
   * in the server, but stays in doubt until it is kept.
   */
  settle(position: number): AudioRange[] {
    const lost = after(this.#doubtful, position);
    this.#doubtful = this.#doubtful
      .filter(({ from }) => from < position)
      .map(({ from, to }) => ({ from, to: Math.min(to, position) }));
    return lost;
  }

  /** Nothing was captured there. */
  skip(range: AudioRange): void {
    this.#absent.add(range);
  }

  /** The range is gone: returns what of it was not known to be absent. */
  lose(range: AudioRange): AudioRange[] {
    return this.#absent.add(range);
  }
}

function after(ranges: readonly AudioRange[], position: number): AudioRange[] {
  return ranges.filter(({ to }) => to > position).map(({ from, to }) => ({ from: Math.max(from, position), to }));
}

/** Adds a range at the end of a list, merging it with the last where they touch. */
export function append(ranges: AudioRange[], range: AudioRange): void {
  const last = ranges.at(-1);
  if (last !== undefined && range.from <= last.to && range.to >= last.from) {
    ranges[ranges.length - 1] = { from: Math.min(last.from, range.from), to: Math.max(last.to, range.to) };
  } else ranges.push(range);
}
