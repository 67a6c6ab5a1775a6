import type { EngineFormat } from "./engine.js";

const FRAME_SEC = 0.02;
/** Energy of the loudest sample of 16 bits. */
const FULL_SCALE = 32_768 ** 2;
/** Speech must be this much louder than the background. */
const ABOVE_FLOOR_DB = 9;
/** Nothing below this is speech, however quiet the background. */
const LEAST_SPEECH_DB = -50;
/** What the background is taken for before any of it was heard. */
const FIRST_FLOOR_DB = -55;
/** Bounds of what the background is taken for: digital silence is no measure, and endless loud speech still counts. */
const LEAST_FLOOR_DB = -90;
const MOST_FLOOR_DB = -25;
/** How fast the background may be found to have become louder, and how much of a drop is believed at once. */
const FLOOR_RISE_DB_PER_SEC = 3;
const FLOOR_FALL_SHARE = 0.05;
/** Speech begins after this much of it, which a click does not reach, and ends after this much of anything else. */
const BEGIN_SEC = 0.1;
const HANGOVER_SEC = 0.5;

/** Where speech stands after a frame that matters. */
export interface ActivityChange {
  readonly speaking: boolean;
  /** Position at which this speech began. */
  readonly from: number;
  /** Position after the last frame heard while speaking, or after the last loud one once it is over. */
  readonly to: number;
}

/** Tells speech from silence by energy over an adaptive background level. Positions count samples. */
export class VoiceActivity {
  readonly #channels: number;
  readonly #frameSamples: number;
  /** Energy, as a whole number, and samples of the frame being filled. */
  #energy = 0;
  #filled = 0;
  #floorDb = FIRST_FLOOR_DB;
  /** Start of the speech going on or suspected. */
  #from: number | undefined;
  #speaking = false;
  #loudTo = 0;

  constructor(format: EngineFormat) {
    this.#channels = format.channels;
    this.#frameSamples = Math.round(format.sampleRate * FRAME_SEC);
  }

  /** @param position of the first sample. @returns one entry per frame of speech, and one where speech ends. */
  push(samples: Uint8Array, position: number): ActivityChange[] {
    const values = toValues(samples);
    const count = Math.floor(values.length / this.#channels);
    const changes: ActivityChange[] = [];
    for (let index = 0; index < count; ) {
      const taken = Math.min(count - index, this.#frameSamples - this.#filled);
      this.#energy += energyOf(values, index * this.#channels, (index + taken) * this.#channels);
      this.#filled += taken;
      index += taken;
      if (this.#filled < this.#frameSamples) break;
      const levelDb = 10 * Math.log10(this.#energy / (FULL_SCALE * this.#filled * this.#channels) + 1e-12);
      this.#energy = 0;
      this.#filled = 0;
      const change = this.#frame(levelDb, position + index);
      if (change !== undefined) changes.push(change);
    }
    return changes;
  }

  /** What follows does not join on: speech going on is over, and the background level stays known. */
  reset(): void {
    this.#energy = 0;
    this.#filled = 0;
    this.#from = undefined;
    this.#speaking = false;
  }

  /** Speech goes on, counted from `position`. */
  restart(position: number): void {
    this.#from = position;
  }

  #frame(levelDb: number, to: number): ActivityChange | undefined {
    const loud = levelDb > Math.max(this.#floorDb + ABOVE_FLOOR_DB, LEAST_SPEECH_DB);
    this.#followFloor(levelDb);
    if (loud) this.#from ??= to - this.#frameSamples;
    const from = this.#from;
    if (from === undefined) return undefined;
    if (loud) this.#loudTo = to;
    const sampleRate = this.#frameSamples / FRAME_SEC;
    if (!this.#speaking) {
      // Speech has short holes in it: a suspicion survives one frame of them.
      if (!loud && to - this.#loudTo > this.#frameSamples) this.#from = undefined;
      this.#speaking = loud && to - from >= BEGIN_SEC * sampleRate;
    } else if (to - this.#loudTo >= HANGOVER_SEC * sampleRate) {
      this.reset();
      return { speaking: false, from, to: this.#loudTo };
    }
    return this.#speaking ? { speaking: true, from, to } : undefined;
  }

  #followFloor(levelDb: number): void {
    const followed =
      levelDb < this.#floorDb
        ? this.#floorDb + (levelDb - this.#floorDb) * FLOOR_FALL_SHARE
        : Math.min(levelDb, this.#floorDb + FLOOR_RISE_DB_PER_SEC * FRAME_SEC);
    this.#floorDb = Math.min(Math.max(followed, LEAST_FLOOR_DB), MOST_FLOOR_DB);
  }
}

const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Signed 16-bit little-endian samples as numbers, without a copy where that is possible. */
function toValues(samples: Uint8Array): Int16Array {
  const { buffer, byteOffset, byteLength } = samples;
  const length = Math.floor(byteLength / 2);
  if (IS_LITTLE_ENDIAN && byteOffset % 2 === 0) return new Int16Array(buffer, byteOffset, length);
  const view = new DataView(buffer, byteOffset, byteLength);
  return Int16Array.from({ length }, (_, index) => view.getInt16(2 * index, true));
}

/** The sum of the squares, which stays exact: a frame has far too few samples for more than 53 bits. */
function energyOf(values: Int16Array, from: number, to: number): number {
  let energy = 0;
  for (let index = from; index < to; index += 1) {
    const value = values[index] ?? 0;
    energy += value * value;
  }
  return energy;
}
