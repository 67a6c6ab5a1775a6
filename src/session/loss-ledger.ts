/** Audio from one position up to, not including, another. */
export interface AudioRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Keeps apart what is surely lost from what may be: a frame that was sent but pushed out of the buffer before its
 * acknowledgement is only lost if the server turns out not to have it, and that is known when it tells its position.
 */
export class LossLedger {
  #doubtful: AudioRange[] = [];

  /** The frame was sent, and can no longer be sent again. */
  doubt(range: AudioRange): void {
    append(this.#doubtful, range);
  }

  /** The server has everything before `position`. */
  confirm(position: number): void {
    this.#doubtful = this.#after(position);
  }

  /** The server has everything before `position` and nothing after: returns what is lost, and forgets it. */
  settle(position: number): AudioRange[] {
    const lost = this.#after(position);
    this.#doubtful = [];
    return lost;
  }

  #after(position: number): AudioRange[] {
    return this.#doubtful
      .filter(({ to }) => to > position)
      .map(({ from, to }) => ({ from: Math.max(from, position), to }));
  }
}

/** Adds a range at the end of a list, merging it with the last where they touch. */
export function append(ranges: AudioRange[], range: AudioRange): void {
  const last = ranges.at(-1);
  if (last !== undefined && range.from <= last.to && range.to >= last.from) {
    ranges[ranges.length - 1] = { from: Math.min(last.from, range.from), to: Math.max(last.to, range.to) };
  } else ranges.push(range);
}
