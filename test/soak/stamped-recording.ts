import { GROUP_SAMPLES, groupAt, stampedSample } from "../bench/latency/stamps.js";

/** What a recording of stamped samples holds. */
export interface StampedRecording {
  /** Samples that are where they belong. */
  readonly right: number;
  /** Silence in place of samples, which are never silent themselves. */
  readonly silent: number;
  /** Neither: samples of another place, or of nobody. */
  readonly wrong: number;
}

/**
 * Compares a recording with what the audio thread was given, sample by sample. After a silence it may go on with any later
 * number, because a context that takes the place of another counts anew.
 */
export function readStamped(recorded: Int16Array): StampedRecording {
  let [right, silent] = [0, 0];
  /** From the index to the number of the sample; `undefined` until it is known. */
  let offset: number | undefined;
  let reached = -1;
  for (const [index, sample] of recorded.entries()) {
    if (sample === 0) {
      silent += 1;
      continue;
    }
    if (offset === undefined || recorded[index - 1] === 0) offset = offsetAt(recorded, index, reached) ?? offset;
    if (offset === undefined || sample !== stampedSample(index + offset) * 32_768) continue;
    right += 1;
    reached = index + offset;
  }
  return { right, silent, wrong: recorded.length - right - silent };
}

/** By the first whole group from an index on; `undefined` if its number is not beyond what was reached. */
function offsetAt(recorded: Int16Array, index: number, reached: number): number | undefined {
  for (let at = index; at < index + GROUP_SAMPLES; at += 1) {
    const group = groupAt(recorded, at);
    if (group === undefined) continue;
    const offset = group * GROUP_SAMPLES - at;
    return index + offset > reached ? offset : undefined;
  }
  return undefined;
}
