import type { WireAudioFrame } from "loquilex/protocol";
import { type BoundedQueueMetrics, type Clock, type Deferred, deferred } from "loquilex/resources";
import { presentOwner } from "../fault-owner.js";
import { AudioBacklog, type AudioBlock, type Stretch } from "./audio-backlog.js";
import type { SharedTurn } from "./disk/shared-turn.js";
import type { WavFile } from "./files/wav-file.js";
import { bytesPerFrame, type WavFormat } from "./files/wav-header.js";

/** Audio that may wait for the disk. The client's window is far below it; this is the bound in case it is not held. */
const MAX_QUEUED_SEC = 60;
const WRITE_AT_BYTES = 65_536;
/**
 * The longest silence recorded for one gap. All gaps together are recorded with this much silence and, beyond it, with no
 * more than there is sound in the recording: the size of a file follows from what a client really sent. A client may have more gaps
 * than sound; time in which the recording has really gone on is recorded as well.
 */
const MAX_GAP_SEC = 600;

export interface RecorderOptions {
  readonly format: WavFormat;
  readonly startPosition: number;
  /** The file, once its name is known; a rejection fails the recording. */
  readonly file: Promise<WavFile>;
  readonly clock: Clock;
  /** When all recordings write what has gathered. */
  readonly writeTurn: SharedTurn;
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
  readonly #backlog: AudioBacklog;
  readonly #startedAt: number;
  readonly #writeAtSamples: number;
  /** Position of the next sample. */
  #position: number;
  /** Samples of sound, and of silence that stands for gaps, in the recording. */
  #sound = 0;
  #silence = 0;
  #file: WavFile | undefined;
  /** Blames faults on this session: the disk writer and the shared turn call back on behalf of no session. */
  readonly #forOwner = presentOwner();
  #isWriting = false;
  /** Resolves when nothing is being written any more; `undefined` if nobody wants to know. */
  #idle: Deferred<void> | undefined;
  #waitsForTurn = false;
  #failure: Error | undefined;
  #ending: Promise<readonly string[]> | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#position = options.startPosition;
    this.#startedAt = options.clock.now();
    this.#writeAtSamples = WRITE_AT_BYTES / bytesPerFrame(options.format);
    this.#backlog = new AudioBacklog({
      maxSamples: MAX_QUEUED_SEC * options.format.sampleRate,
      now: () => options.clock.now(),
    });
    options.file.catch((error: unknown) => this.#fail(error));
  }

  /** Figures of the queue of audio for the disk, in frames and samples. */
  readMetrics(): BoundedQueueMetrics {
    return this.#backlog.readMetrics();
  }

  get queuedSamples(): number {
    return this.#backlog.samples;
  }

  /** Copies a frame; ignored after the end and after a failure. */
  push(frame: WireAudioFrame): void {
    if (this.#ending !== undefined || this.#failure !== undefined) return;
    const lost = this.#backlog.push(frame);
    if (lost !== undefined) this.#options.onDrop(lost.from, lost.to);
    this.#writeSoon();
  }

  /** Writes what waits and ends the file. @returns its paths. @throws the reason for which not everything is kept. */
  end(): Promise<readonly string[]> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<readonly string[]> {
    while (this.#isWriting || !this.#backlog.isEmpty) {
      if (!this.#isWriting) this.#write();
      if (!this.#isWriting) continue;
      this.#idle ??= deferred();
      await this.#idle.promise;
    }
    const file = await this.#options.file;
    const paths = await file.finalize().catch((error: unknown) => {
      this.#fail(error);
      return [];
    });
    if (this.#failure !== undefined) throw this.#failure;
    return paths;
  }

  #writeSoon(): void {
    if (this.#isWriting) return;
    const { writeTurn } = this.#options;
    if (this.#backlog.samples >= this.#writeAtSamples) this.#write();
    else if (this.#waitsForTurn) writeTurn.checkTime();
    else {
      this.#waitsForTurn = true;
      writeTurn.onNext(this.#onTurn);
    }
  }

  readonly #onTurn = (): void => {
    this.#waitsForTurn = false;
    if (!this.#backlog.isEmpty && !this.#isWriting) this.#forOwner(() => this.#write());
  };

  /** Writes what waits now. */
  #write(): void {
    this.#isWriting = true;
    if (!this.#writeAtOnce()) void this.#writeInOrder();
  }

  /** The short way of nearly everything that is ever written. @returns whether it does so; nothing has happened if not. */
  #writeAtOnce(): boolean {
    const block = this.#backlog.onlyStretch;
    const stretch = block?.stretches[0];
    if (block === undefined || stretch?.position !== this.#position || this.#file === undefined) return false;
    const { from, to } = stretch;
    const begins = this.#file.appendPlain(block.bytes.subarray(from, to), (error) =>
      this.#forOwner(() => {
        if (error === undefined) this.#wrote(block, stretch);
        // The long way knows whether it may be tried again, and for how long.
        else void this.#writeInOrder([block]);
      }),
    );
    if (begins) this.#backlog.take();
    return begins;
  }

  #wrote(block: AudioBlock, stretch: Stretch): void {
    try {
      this.#count(stretch);
      this.#backlog.reuse(block);
      this.#options.onKept(this.#position);
    } catch (reason) {
      this.#fail(reason);
    }
    this.#goOn();
  }

  /** Never rejects. @param again what was taken out and could not be written. @defaultValue nothing: all that waits */
  async #writeInOrder(again?: readonly AudioBlock[]): Promise<void> {
    try {
      // Waiting for what is there already would cost as much as the rest.
      this.#file ??= await this.#options.file;
      for (const block of again ?? this.#backlog.take()) {
        for (const stretch of block.stretches) await this.#writeStretch(this.#file, stretch, block);
        this.#backlog.reuse(block);
        // At once, since the next block may fail.
        this.#options.onKept(this.#position);
      }
    } catch (error) {
      this.#fail(error);
    }
    this.#goOn();
  }

  #goOn(): void {
    this.#isWriting = false;
    if (!this.#backlog.isEmpty) this.#writeSoon();
    if (this.#isWriting) return;
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  async #writeStretch(file: WavFile, stretch: Stretch, { bytes }: AudioBlock): Promise<void> {
    const gap = stretch.position - this.#position;
    if (gap > 0) file.skip(this.#silenceFor(gap));
    await file.append(bytes.subarray(stretch.from, stretch.to));
    this.#count(stretch);
  }

  #count({ position, sampleCount }: Stretch): void {
    this.#sound += sampleCount;
    this.#position = position + sampleCount;
  }

  /** A client could otherwise have files of any size made by naming a position. A clock that stands still makes nothing worse. */
  #silenceFor(gap: number): number {
    const { clock, format } = this.#options;
    const longest = MAX_GAP_SEC * format.sampleRate;
    const lasted = Math.floor(((clock.now() - this.#startedAt) * format.sampleRate) / 1_000);
    const allowed = longest + Math.max(this.#sound, lasted) - this.#silence;
    const oneGap = longest + Math.max(0, lasted - this.#sound - this.#silence);
    const recorded = Math.min(gap, oneGap, Math.max(allowed, 0));
    this.#silence += recorded;
    if (recorded < gap) this.#options.onShortenedGap(gap, recorded);
    return recorded;
  }

  #fail(reason: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = reason instanceof Error ? reason : new Error(String(reason));
    this.#backlog.discard("the recording failed");
    this.#options.onFailed(this.#failure);
  }
}
