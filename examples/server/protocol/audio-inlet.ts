import {
  AudioFrameFlag,
  type AudioOffer,
  bytesPerSample,
  decodeAudioFrame,
  ShapeError,
  type WireAudioFrame,
} from "loquilex/protocol";

/** Turns the frames of an encoding that is not kept as it comes into 16-bit samples, in order. */
export interface FrameDecoder {
  /** Whether {@link decode} can take this frame now. If not, its owner hears when it can. */
  prepare(frame: WireAudioFrame): boolean;
  /** @throws ShapeError for what cannot be decoded. */
  decode(frame: WireAudioFrame): WireAudioFrame;
}

export type AudioVerdict =
  | { readonly type: "append"; readonly frame: WireAudioFrame }
  | { readonly type: "duplicate" }
  /** Something is missing before the frame; the client must go back to `position`. */
  | { readonly type: "resync"; readonly position: number }
  /** Told already. */
  | { readonly type: "await-resync" }
  /** The decoder is not ready: nothing has happened yet, and the frame is to be brought again. */
  | { readonly type: "wait" };

/**
 * Takes audio frames in order, each sample once, and knows what is in and what is kept. It asks no clock: a client may be
 * faster than real time, its device may be, and this process may have slept. The limits are counted in samples.
 */
export class AudioInlet {
  readonly #offer: AudioOffer;
  readonly #decoder: FrameDecoder | undefined;
  readonly #windowSamples: number;
  /** End position and size of what is in and not yet kept, oldest first. */
  #pending: { readonly end: number; readonly samples: number }[] = [];
  #pendingSamples = 0;
  #expected: number;
  #kept: number;
  #resyncFor: number | undefined;
  #closed = false;

  constructor(options: {
    readonly offer: AudioOffer;
    /** For an encoding whose frames are not taken as they come. */
    readonly decoder?: FrameDecoder | undefined;
    readonly windowSamples: number;
  }) {
    this.#offer = options.offer;
    this.#decoder = options.decoder;
    this.#windowSamples = options.windowSamples;
    this.#expected = options.offer.first;
    this.#kept = options.offer.first;
  }

  /** Position of the next sample to come. */
  get expected(): number {
    return this.#expected;
  }

  /** Position that was asked for and has not come. */
  get awaited(): number | undefined {
    return this.#resyncFor;
  }

  /** Everything before this position is safe. */
  get kept(): number {
    return this.#kept;
  }

  /** @throws ShapeError when the frame is not what was agreed on. */
  take(bytes: Uint8Array<ArrayBuffer>): AudioVerdict {
    const frame = decodeAudioFrame(bytes, this.#offer);
    const end = frame.position + frame.sampleCount;
    if (end <= this.#expected) return { type: "duplicate" };
    if (this.#closed) throw new ShapeError("No audio may follow client.end.");
    if (frame.position > this.#expected && (frame.flags & AudioFrameFlag.gap) === 0) {
      if (this.#resyncFor === this.#expected) return { type: "await-resync" };
      this.#resyncFor = this.#expected;
      return { type: "resync", position: this.#expected };
    }
    const fresh = frame.position < this.#expected ? this.#withoutHead(frame) : frame;
    if (this.#pendingSamples > 0 && this.#pendingSamples + fresh.sampleCount > this.#windowSamples) {
      throw new ShapeError("A client must not send more audio than its window holds.");
    }
    if (this.#decoder?.prepare(fresh) === false) return { type: "wait" };
    const samples = this.#decoder?.decode(fresh) ?? fresh;
    this.#expected = end;
    this.#resyncFor = undefined;
    this.#pending.push({ end, samples: samples.sampleCount });
    this.#pendingSamples += samples.sampleCount;
    return { type: "append", frame: samples };
  }

  /** Everything before `position` is safe now. */
  keep(position: number): void {
    this.#kept = Math.max(this.#kept, Math.min(position, this.#expected));
    while (this.#pending[0] !== undefined && this.#pending[0].end <= this.#kept) {
      this.#pendingSamples -= this.#pending.shift()?.samples ?? 0;
    }
  }

  /** A connection begins: whatever was asked for on another one may not have been heard. */
  reconnected(): void {
    this.#resyncFor = undefined;
  }

  /** What was in and not kept is gone. */
  rewind(position: number): void {
    this.#expected = position;
    this.#kept = position;
    this.#pending = [];
    this.#pendingSamples = 0;
    this.#resyncFor = undefined;
    this.#closed = false;
  }

  /** The client has said that nothing follows. */
  close(): void {
    this.#closed = true;
  }

  #withoutHead(frame: WireAudioFrame): WireAudioFrame {
    const size = bytesPerSample(this.#offer.encoding);
    if (size === undefined) throw new ShapeError("A frame of this encoding must start where the last one ended.");
    const known = this.#expected - frame.position;
    return {
      ...frame,
      position: this.#expected,
      sampleCount: frame.sampleCount - known,
      payload: frame.payload.subarray(known * size * this.#offer.channels),
    };
  }
}
