/**
 * Samples that number themselves. Each group of four begins with a negative one; the three that follow hold the number of
 * the group, eight bits each, far enough apart that a converter between float and 16 bits may be off by one.
 */
export const GROUP_SAMPLES = 4;
const STEP = 64;

/** JavaScript that defines `stampedSample(position)`, for a place that can import nothing. */
export const STAMPED_SAMPLE = `
  const stampedSample = (position) => {
    const place = position % ${GROUP_SAMPLES};
    if (place === 0) return -0.5;
    const group = (position - place) / ${GROUP_SAMPLES};
    return ((group >>> (8 * (place - 1))) & 255) * ${STEP / 32_768} + ${STEP / 2 / 32_768};
  };`;

/** The same on this side. */
export const stampedSample = new Function(`${STAMPED_SAMPLE} return stampedSample;`)() as (position: number) => number;

/** Reads what one connection brings, of which no message need begin with a group. */
export class StampReader {
  /** Groups that have come whole, and how often. */
  readonly groups = new Map<number, number>();
  /** Samples at the end of what came before that do not make a whole group. */
  #rest: readonly number[] = [];

  /** @returns the position after the last sample of the message, or `undefined` if there is no whole group in it. */
  push(message: Uint8Array): number | undefined {
    const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
    const samples = [...this.#rest];
    for (let at = 0; at + 2 <= message.byteLength; at += 2) samples.push(view.getInt16(at, true));
    let end: number | undefined;
    let at = 0;
    while (at + GROUP_SAMPLES <= samples.length) {
      const group = groupAt(samples, at);
      if (group === undefined) {
        at += 1;
        continue;
      }
      this.groups.set(group, (this.groups.get(group) ?? 0) + 1);
      at += GROUP_SAMPLES;
      end = (group + 1) * GROUP_SAMPLES;
    }
    this.#rest = samples.slice(at);
    return end === undefined ? undefined : end + this.#rest.length;
  }
}

/** @returns the number of the group that begins there, or `undefined` if none does. */
export function groupAt(samples: ArrayLike<number>, at: number): number | undefined {
  const [mark = 0, low = -1, middle = -1, high = -1] = [samples[at], samples[at + 1], samples[at + 2], samples[at + 3]];
  if (mark >= 0 || low < 0 || middle < 0 || high < 0) return undefined;
  return Math.floor(low / STEP) + Math.floor(middle / STEP) * 2 ** 8 + Math.floor(high / STEP) * 2 ** 16;
}
