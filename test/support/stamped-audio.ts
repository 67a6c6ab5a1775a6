import { readFile } from "node:fs/promises";
import { stampedSamples } from "../../examples/conformance/client/stamped-sound.js";
import { parseWav } from "./wav.js";

export {
  CYCLE_SAMPLES,
  LOUD_SAMPLES,
  stampedPayload,
  stampedSample,
  stampedSamples,
} from "../../examples/conformance/client/stamped-sound.js";

/** Samples from which a place in the signal is told. */
const KEY_SAMPLES = 8;

export async function readSamples(path: string): Promise<Int16Array> {
  const { samples } = parseWav(await readFile(path));
  return Int16Array.from(samples, (sample) => Math.round(sample * 32_768));
}

export interface Account {
  /** Samples of the source that are not in the recording. */
  readonly lost: number;
  /** Samples that are in it more often than once. */
  readonly repeated: number;
  /** Samples that are not of the source. */
  readonly foreign: number;
  /** Samples that are not where they belong: the recording differs there from the source. */
  readonly misplaced: number;
}

export const NOTHING_WRONG: Account = { lost: 0, repeated: 0, foreign: 0, misplaced: 0 };

/** Compares a recording sample by sample with what the source produced from position `from` up to `to`. */
export function accountFor(recorded: Int16Array, from: number, to: number): Account {
  const source = stampedSamples(from, to);
  let misplaced = 0;
  for (let i = 0; i < source.length; i++) if (recorded[i] !== source[i]) misplaced += 1;
  if (misplaced === 0 && recorded.length === source.length) return NOTHING_WRONG;
  const places = new Map<string, number>();
  for (let i = 0; i + KEY_SAMPLES <= source.length; i++) places.set(keyAt(source, i), i);
  const counts = new Uint16Array(source.length);
  let foreign = 0;
  let expected: number | undefined;
  for (let i = 0; i < recorded.length; i++) {
    if (expected === undefined || source[expected] !== recorded[i]) expected = places.get(keyAt(recorded, i));
    if (expected === undefined) foreign += 1;
    else {
      counts[expected] = (counts[expected] ?? 0) + 1;
      expected += 1;
    }
  }
  const lost = counts.reduce((sum, count) => sum + (count === 0 ? 1 : 0), 0);
  const repeated = counts.reduce((sum, count) => sum + Math.max(0, count - 1), 0);
  return { lost, repeated, foreign, misplaced };
}

const keyAt = (samples: Int16Array, index: number): string => samples.subarray(index, index + KEY_SAMPLES).join(",");
