import type { WireAudioFrame } from "loquilex/protocol";
import type { BoundedQueueMetrics } from "loquilex/resources";
import { type GrowingBytes, pooledBytes } from "../processes/growing-bytes.js";

/** A block that has so many bytes is followed by another one. */
const BLOCK_BYTES = 65_536;

/** Samples that follow each other. */
export interface Stretch {
  readonly position: number;
  sampleCount: number;
  /** Where its bytes are in the block. */
  readonly from: number;
  to: number;
}

/** Audio in the order in which it came. */
export interface AudioBlock {
  readonly stretches: Stretch[];
  readonly bytes: GrowingBytes;
  frames: number;
  samples: number;
}

export interface AudioBacklogOptions {
  readonly maxSamples: number;
  /** Tells the time of a drop, in milliseconds. */
  readonly now: () => number;
}

/**
 * Audio that waits to be written. It is copied when it comes, so that a frame and the bytes it came in can be let go of at
 * once: kept until the next write, they would be most of what the garbage collector has to do. The oldest goes when there
 * is too much.
 */
export class AudioBacklog {
  readonly #options: AudioBacklogOptions;
  #blocks: AudioBlock[] = [];
  /** One that can be used again. */
  #spare: AudioBlock | undefined;
  #samples = 0;
  #peak = 0;
  #pushed = 0;
  #dropped = 0;
  #droppedSinceRead = 0;
  #lastDrop: { readonly at: number; readonly reason: string } | undefined;

  constructor(options: AudioBacklogOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#blocks.length === 0;
  }

  get samples(): number {
    return this.#samples;
  }

  /** In frames and samples. */
  readMetrics(): BoundedQueueMetrics {
    const droppedSinceRead = this.#droppedSinceRead;
    this.#droppedSinceRead = 0;
    return {
      ...{ pushed: this.#pushed, dropped: this.#dropped, droppedSinceRead },
      ...{ lastDropAt: this.#lastDrop?.at, lastDropReason: this.#lastDrop?.reason },
      ...{ cost: this.#samples, peakCost: this.#peak },
    };
  }

  /** Copies the frame. @returns the positions that had to go to make room for it. */
  push({ position, sampleCount, payload }: WireAudioFrame): { readonly from: number; readonly to: number } | undefined {
    const block = this.#blockWithRoom();
    const last = block.stretches.at(-1);
    const from = block.bytes.byteLength;
    block.bytes.append(payload);
    if (last !== undefined && last.position + last.sampleCount === position) {
      last.sampleCount += sampleCount;
      last.to = block.bytes.byteLength;
    } else block.stretches.push({ position, sampleCount, from, to: block.bytes.byteLength });
    block.frames += 1;
    block.samples += sampleCount;
    this.#samples += sampleCount;
    this.#pushed += 1;
    const lost = this.#samples > this.#options.maxSamples ? this.#dropOldest() : undefined;
    this.#peak = Math.max(this.#peak, this.#samples);
    return lost;
  }

  /** All that waits, if it is one block with samples that follow each other, as it nearly always is. It stays where it is. */
  get onlyStretch(): AudioBlock | undefined {
    const [block] = this.#blocks;
    return this.#blocks.length === 1 && block?.stretches.length === 1 ? block : undefined;
  }

  /** Takes everything out. Each block is to be given back by {@link reuse} when it has been written. */
  take(): readonly AudioBlock[] {
    const blocks = this.#blocks;
    this.#blocks = [];
    this.#samples = 0;
    return blocks;
  }

  reuse(block: AudioBlock): void {
    block.bytes.release();
    block.stretches.length = 0;
    block.frames = 0;
    block.samples = 0;
    this.#spare = block;
  }

  /** Drops everything that waits, for a reason that the metrics tell. */
  discard(reason: string): void {
    for (const block of this.take()) this.#count(block, reason);
    this.#spare = undefined;
  }

  #blockWithRoom(): AudioBlock {
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.bytes.byteLength < BLOCK_BYTES) return last;
    const block = this.#spare ?? { stretches: [], bytes: pooledBytes(), frames: 0, samples: 0 };
    this.#spare = undefined;
    this.#blocks.push(block);
    return block;
  }

  /** One block is kept, however large. */
  #dropOldest(): { readonly from: number; readonly to: number } | undefined {
    if (this.#blocks.length < 2) return undefined;
    const block = this.#blocks.shift();
    const [first, last] = [block?.stretches[0], block?.stretches.at(-1)];
    if (block === undefined || first === undefined || last === undefined) return undefined;
    this.#samples -= block.samples;
    this.#count(block, "full");
    return { from: first.position, to: last.position + last.sampleCount };
  }

  #count(block: AudioBlock, reason: string): void {
    this.#dropped += block.frames;
    this.#droppedSinceRead += block.frames;
    this.#lastDrop = { at: this.#options.now(), reason };
  }
}
