import type { WireAudioFrame } from "loquilex/protocol";
import {
  BoundedQueue,
  type BoundedQueueMetrics,
  type Clock,
  type Deferred,
  deferred,
  type Scope,
} from "loquilex/resources";
import type { WavFile } from "./files/wav-file.js";
import { bytesPerFrame, type WavFormat } from "./files/wav-header.js";

/** Audio that may wait for the disk. The client's window is far below it; this is the bound in case it is not held. */
const MAX_QUEUED_SEC = 60;
/** Frames are gathered this long, because a write per frame costs ten times as much. */
const WRITE_INTERVAL_MS = 100;
const WRITE_AT_BYTES = 65_536;
/**
 * The longest silence recorded for one gap. All gaps together are recorded with this much silence and, beyond it, with no
 * more than there is sound in the recording: the size of a file follows from what a client really sent.
 */
const MAX_GAP_SEC = 600;

export interface RecorderOptions {
  readonly format: WavFormat;
  readonly startPosition: number;
  /** The file, once its name is known; a rejection fails the recording. */
  readonly file: Promise<WavFile>;
  readonly clock: Clock;
  readonly scope: Scope;
  /** Everything before this position is in the file. */
  onKept(position: number): void;
  /** The disk was too slow: silence stands for these samples. */
  onDrop(from: number, to: number): void;
  /** A gap was longer than what is recorded for it; both in samples. */
  onShortenedGap(gap: number, recorded: number): void;
  /** Nothing more can be kept. Called once. */
  onFailed(error: Error): void;
}

/** Writes frames to a file in the order they come, whatever has gathered in one go. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #queue: BoundedQueue<WireAudioFrame>;
  /** Position of the next sample. */
  #position: number;
  /** Samples of sound, and of silence that stands for gaps, in the recording. */
  #sound = 0;
  #silence = 0;
  #lastWriteAt = Number.NEGATIVE_INFINITY;
  #writing: Promise<void> | undefined;
  /** Ends the wait for more frames. */
  #hurry: Deferred<void> | undefined;
  #failure: Error | undefined;
  #ending: Promise<readonly string[]> | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#position = options.startPosition;
    this.#queue = new BoundedQueue({
      maxCost: MAX_QUEUED_SEC * options.format.sampleRate,
      costOf: (frame) => frame.sampleCount,
      now: () => options.clock.now(),
    });
    options.file.catch((error: unknown) => this.#fail(error));
  }

  /** Of the audio that waits for the disk, in frames and samples. */
  readMetrics(): BoundedQueueMetrics {
    return this.#queue.readMetrics();
  }

  /** Takes a frame; ignored after the end and after a failure. */
  push(frame: WireAudioFrame): void {
    if (this.#ending !== undefined || this.#failure !== undefined) return;
    const lost = this.#queue.push(frame);
    const [first, last] = [lost[0], lost.at(-1)];
    if (first !== undefined && last !== undefined) {
      this.#options.onDrop(first.position, last.position + last.sampleCount);
    }
    if (this.#isEnough()) this.#hurry?.resolve();
    this.#writing ??= this.#write();
  }

  /** Writes what waits and ends the file. @returns its paths. @throws the reason for which not everything is kept. */
  end(): Promise<readonly string[]> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<readonly string[]> {
    this.#hurry?.resolve();
    await this.#writing;
    const file = await this.#options.file;
    const paths = await file.finalize().catch((error: unknown) => {
      this.#fail(error);
      return [];
    });
    if (this.#failure !== undefined) throw this.#failure;
    return paths;
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    try {
      const file = await this.#options.file;
      while (this.#queue.size > 0) {
        await this.#gather();
        this.#lastWriteAt = this.#options.clock.now();
        await this.#writeBatch(file, this.#queue.drain());
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#writing = undefined;
  }

  async #writeBatch(file: WavFile, frames: readonly WireAudioFrame[]): Promise<void> {
    let run: Uint8Array[] = [];
    let position = this.#position;
    for (const frame of frames) {
      const gap = frame.position - position;
      if (gap > 0) {
        await file.append(Buffer.concat(run));
        run = [];
        file.skip(this.#silenceFor(gap));
      }
      run.push(frame.payload);
      this.#sound += frame.sampleCount;
      position = frame.position + frame.sampleCount;
    }
    await file.append(Buffer.concat(run));
    this.#position = position;
    this.#options.onKept(position);
  }

  #gather(): Promise<void> {
    const waitMs = this.#lastWriteAt + WRITE_INTERVAL_MS - this.#options.clock.now();
    const { scope } = this.#options;
    if (waitMs <= 0 || this.#ending !== undefined || this.#isEnough() || scope.disposed) return Promise.resolve();
    const hurry = deferred<void>();
    this.#hurry = hurry;
    const timer = scope.timeout(waitMs, () => hurry.resolve(), "next write");
    return hurry.promise.then(() => {
      timer.dispose();
      this.#hurry = undefined;
    });
  }

  #isEnough(): boolean {
    return this.#queue.cost * bytesPerFrame(this.#options.format) >= WRITE_AT_BYTES;
  }

  /** A client could otherwise have files of any size made by naming a position. No clock has a say: it may stand still. */
  #silenceFor(gap: number): number {
    const longest = MAX_GAP_SEC * this.#options.format.sampleRate;
    const allowed = longest + this.#sound - this.#silence;
    const recorded = Math.min(gap, longest, Math.max(allowed, 0));
    this.#silence += recorded;
    if (recorded < gap) this.#options.onShortenedGap(gap, recorded);
    return recorded;
  }

  #fail(reason: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason instanceof Error ? reason : new Error(String(reason));
    this.#queue.discard("the recording failed");
    this.#options.onFailed(this.#failure);
  }
}
