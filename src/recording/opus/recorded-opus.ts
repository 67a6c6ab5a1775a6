import type { AudioFormat } from "../../capture/source.js";
import type { AudioStreamError } from "../../errors.js";
import { type Deferred, deferred } from "../../internal/deferred.js";
import type { AudioRange } from "../../internal/range-set.js";
import { Scope } from "../../internal/scope.js";
import { afterWakingTime } from "../../internal/waking-time.js";
import type { WireAudioFrame } from "../../protocol/audio-frame.js";
import type { KeptAudio, OnIncomplete, RecordedFrame } from "../kept-audio.js";
import { broken, full, unavailable, unfinished } from "../recording-errors.js";
import { planGap } from "./gap-plan.js";
import { OggOpusFile } from "./ogg-opus-file.js";
import { PieceQueue } from "./piece-queue.js";
import { encoderRate, openSampleEncoder, type Piece, type SampleEncoder } from "./sample-encoder.js";
import { WrittenPackets } from "./written-packets.js";

/** How much audio may be in the encoder, in seconds; the rest waits before it. */
const MAX_AHEAD_SECONDS = 2;
/** What an encoder may hold for good, in seconds: it takes whole packets, and is late by a part of one. */
const HELD_SECONDS = 0.1;
/** An encoder that brings nothing out for so long is taken for broken, in milliseconds. */
const STALL_MS = 30_000;
/** An encoder that begins in the middle of audio has heard so much before what is taken of it, in seconds at least. */
const RUN_IN_SECONDS = 0.2;

export interface RecordedOpusParts {
  readonly format: AudioFormat;
  readonly maxBytes: number;
  readonly onIncomplete: OnIncomplete;
  /** Of 32 bits, for the file. */
  readonly serial: number;
  /** Takes everything instead, if the browser has no encoder. */
  readonly fallback: (() => KeptAudio) | undefined;
}

/**
 * What was captured, as Opus: encoded while it is captured. Audio before the packets that are out is forgotten, except for as
 * much as a second encoder needs that brings out, for a file in between, what the first one still holds.
 */
export class RecordedOpus implements KeptAudio {
  readonly #parts: RecordedOpusParts;
  readonly #scope = new Scope({ name: "recording encoder" });
  readonly #opened: Promise<void>;
  readonly #written: WrittenPackets;
  readonly #gaps: AudioRange[] = [];
  /** In positions that do not count what {@link planGap} leaves to no encoder. */
  readonly #pieces = new PieceQueue();
  #end = 0;
  #leapSeconds = 0;
  /** What came before it was known who takes it. */
  #early: RecordedFrame[] | undefined = [];
  #encoder: SampleEncoder | undefined;
  #instead: KeptAudio | undefined;
  /** Nothing more is taken, since there is no room. */
  #isFull = false;
  /** Why nothing more comes out. */
  #failure: AudioStreamError<"recording-incomplete"> | undefined;
  /** Settled when the encoder has all pieces. */
  #allFed: Deferred<void> | undefined;
  /** The last file that was asked for in between: one second encoder at a time is enough. */
  #asked: Promise<unknown> = Promise.resolve();
  #finished: Promise<void> | undefined;
  #isEnded = false;
  #isWatched = false;

  constructor(parts: RecordedOpusParts) {
    this.#parts = parts;
    const { format, maxBytes, serial } = parts;
    this.#written = new WrittenPackets(format, maxBytes, new OggOpusFile(format, serial));
    this.#opened = this.#open();
  }

  get end(): number {
    return this.#instead?.end ?? this.#end;
  }

  get gaps(): readonly AudioRange[] {
    return this.#instead?.gaps ?? this.#gaps;
  }

  get byteLength(): number {
    return this.#instead?.byteLength ?? this.#written.byteLength + this.#pieces.waitingBytes;
  }

  push(frame: RecordedFrame): void {
    if (this.#early !== undefined) this.#early.push(frame);
    else if (this.#instead !== undefined) this.#instead.push(frame);
    else this.#record(frame);
  }

  async toBlob(): Promise<Blob> {
    await this.#opened;
    if (this.#instead !== undefined) return this.#instead.toBlob();
    const file = this.#asked.then(() => this.#file());
    this.#asked = file.catch(() => {});
    return file;
  }

  async #file(): Promise<Blob> {
    await this.#caughtUp();
    await this.#finished;
    if (this.#failure !== undefined) {
      if (this.#end === 0) throw this.#failure;
      return this.#written.toBlob();
    }
    return this.#finished === undefined ? this.#unfinished() : this.#written.toBlob(this.#end);
  }

  finish(): void {
    this.#finished ??= this.#finish();
  }

  async #open(): Promise<void> {
    const { format, fallback } = this.#parts;
    try {
      this.#encoder = await openSampleEncoder(this.#scope, format, 0, {
        onFrame: (frame) => this.#take(frame),
        onError: (error) => this.#break(error),
      });
    } catch (error) {
      if (fallback === undefined) this.#stop(unavailable(error));
      else this.#instead = fallback();
      void this.#scope.dispose();
    }
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const frame of early) this.push(frame);
  }

  async #finish(): Promise<void> {
    await this.#opened;
    if (this.#instead !== undefined) return this.#instead.finish();
    this.#isEnded = true;
    await this.#caughtUp();
    try {
      await this.#encoder?.flush();
    } catch (error) {
      this.#break(error);
    }
    this.#forget();
  }

  #record({ position, sampleCount, payload }: RecordedFrame): void {
    const to = position + sampleCount;
    if (this.#isFull || this.#failure !== undefined || this.#isEnded) return;
    if (payload.byteLength === 0 || to <= this.#end) return;
    if (this.byteLength + payload.byteLength > this.#parts.maxBytes) {
      this.#isFull = true;
      this.#parts.onIncomplete(full(this.#parts.maxBytes));
      return;
    }
    if (position > this.#end) this.#skip({ from: this.#end, to: position });
    const known = this.#end - position;
    const fresh = payload.subarray((known * payload.byteLength) / sampleCount);
    this.#add({ sampleCount: sampleCount - known, payload: fresh });
    this.#feed();
  }

  #skip(gap: AudioRange): void {
    const { sampleRate } = this.#parts.format;
    this.#gaps.push(gap);
    const { before, after, leapSeconds } = planGap(gap.to - gap.from, sampleRate);
    this.#add({ sampleCount: before });
    if (leapSeconds === 0) return;
    // In the middle of the silence before, and well behind its beginning.
    this.#written.leapAt(this.#place - before / 2, leapSeconds);
    this.#leapSeconds += leapSeconds;
    this.#end += leapSeconds * sampleRate;
    this.#add({ sampleCount: after });
  }

  /** Where the next piece is, leaps not counted. */
  get #place(): number {
    return this.#end - this.#leapSeconds * this.#parts.format.sampleRate;
  }

  #add(piece: Omit<Piece, "position">): void {
    this.#pieces.push({ position: this.#place, ...piece });
    this.#end += piece.sampleCount;
  }

  /** Gives the encoder what it can take. */
  #feed(): void {
    const encoder = this.#encoder;
    if (encoder === undefined || this.#failure !== undefined) return;
    for (let { next } = this.#pieces; next !== undefined; next = this.#pieces.next) {
      if (this.#aheadSeconds(next.position) > MAX_AHEAD_SECONDS) break;
      this.#pieces.advance();
      encoder.push(next);
    }
    if (this.#pieces.next === undefined) this.#settle();
    this.#watch();
  }

  /** A packet has come out. */
  #take(frame: WireAudioFrame): void {
    if (this.#failure !== undefined) return;
    if (!this.#written.push(frame)) {
      this.#stop(full(this.#parts.maxBytes));
      return;
    }
    this.#pieces.forgetBefore(this.#runInStart());
    this.#feed();
  }

  /** A whole second by which an encoder has to begin to have the packets that come next. */
  #runInStart(): number {
    const { sampleRate } = this.#parts.format;
    return Math.max(0, Math.floor(this.#written.to / encoderRate(sampleRate) - RUN_IN_SECONDS)) * sampleRate;
  }

  /** A file of what there is, while more comes: another encoder brings out what this one holds. */
  async #unfinished(): Promise<Blob> {
    const { to } = this.#written;
    const written = this.#written.copy();
    const [end, start] = [this.#end, this.#runInStart()];
    const pieces = this.#pieces.from(start);
    const scope = new Scope({ name: "recording's file" });
    let failure: unknown;
    try {
      const encoder = await openSampleEncoder(scope, this.#parts.format, start, {
        onFrame: (frame) => {
          if (frame.position + frame.sampleCount <= to) return;
          if (frame.position !== written.to) failure = "It cuts packets elsewhere than the first one.";
          else written.push(frame);
        },
        onError: (error) => {
          failure = error;
        },
      });
      for (const piece of pieces) encoder.push(piece);
      await encoder.flush();
    } catch (error) {
      failure = error;
    } finally {
      await scope.dispose();
    }
    if (failure !== undefined) throw unfinished(failure);
    return written.toBlob(end);
  }

  /** Resolves when the encoder has everything that was pushed before the call, or nothing more is kept. */
  async #caughtUp(): Promise<void> {
    if (this.#failure !== undefined || this.#pieces.next === undefined) return;
    this.#allFed ??= deferred();
    await this.#allFed.promise;
  }

  #settle(): void {
    this.#allFed?.resolve();
    this.#allFed = undefined;
  }

  #break(cause: unknown): void {
    this.#stop(broken(cause, this.#written.seconds));
  }

  /** Nothing more is kept than the packets that are out. */
  #stop(failure: AudioStreamError<"recording-incomplete">): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#end = Math.floor(this.#written.seconds * this.#parts.format.sampleRate);
    const gaps = this.#gaps.splice(0).filter(({ from }) => from < this.#end);
    this.#gaps.push(...gaps.map(({ from, to }) => ({ from, to: Math.min(to, this.#end) })));
    this.#forget();
    if (!this.#isFull) this.#parts.onIncomplete(failure);
  }

  #forget(): void {
    this.#pieces.clear();
    this.#settle();
    void this.#scope.dispose();
  }

  /** Sees to it that an encoder that hangs is noticed. */
  #watch(): void {
    if (this.#isWatched || !this.#isOwing) return;
    this.#isWatched = true;
    const { to } = this.#written;
    const look = (): void => {
      this.#isWatched = false;
      if (this.#written.to === to && this.#isOwing)
        this.#break(`It brought nothing out for ${STALL_MS / 1_000} seconds.`);
      else this.#watch();
    };
    afterWakingTime(this.#scope, STALL_MS, look, { resource: "encoder's next packet" });
  }

  /** Whether the encoder has what it should bring out. */
  get #isOwing(): boolean {
    return this.#aheadSeconds(this.#pieces.takenTo ?? 0) > HELD_SECONDS;
  }

  /** How far a position is beyond the packets that are out, in seconds. */
  #aheadSeconds(position: number): number {
    const { sampleRate } = this.#parts.format;
    return position / sampleRate - this.#written.to / encoderRate(sampleRate);
  }
}
