import {
  AUDIO_FRAME_HEADER_BYTES,
  AUDIO_FRAME_KIND,
  AudioFrameFlag,
  type AudioOffer,
  bytesPerSample,
  decodeAudioFrame,
  ShapeError,
  type WireAudioFrame,
} from "loquilex/protocol";
import { frameTail } from "./frame-tail.js";

const TWO_16 = 65_536;
const TWO_32 = 4_294_967_296;

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
  /** Bytes of one sample of all channels; `undefined` if each frame has to be looked at as a whole. */
  readonly #sampleBytes: number | undefined;
  /** What is in and not yet kept, oldest first: a run ends where a gap begins. */
  #pending: { readonly from: number; end: number }[] = [];
  #expected: number;
  #kept: number;
  #resyncFor: number | undefined;
  #closed = false;

  constructor(options: {
    readonly offer: AudioOffer;
    /** For an encoding whose frames are not taken as they come. */
    readonly decoder?: FrameDecoder | undefined;
    readonly windowSamples: number;
    /** What is in already, and how much of it is kept. @defaultValue nothing */
    readonly taken?: { readonly storedTo: number; readonly recordedTo: number } | undefined;
  }) {
    this.#offer = options.offer;
    this.#decoder = options.decoder;
    this.#windowSamples = options.windowSamples;
    const size = bytesPerSample(options.offer.encoding);
    this.#sampleBytes = size === undefined || options.decoder !== undefined ? undefined : size * options.offer.channels;
    this.#kept = options.taken?.recordedTo ?? options.offer.first;
    // It counts against no window: the client may know that more of it is kept than the node before could still write down.
    this.#expected = options.taken?.storedTo ?? this.#kept;
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
    if (!this.#hasRoomFor(fresh.sampleCount)) {
      throw new ShapeError("A client must not send more audio than its window holds.");
    }
    if (this.#decoder?.prepare(fresh) === false) return { type: "wait" };
    const samples = this.#decoder?.decode(fresh) ?? fresh;
    this.#accept(fresh.position, end);
    return { type: "append", frame: samples };
  }

  /**
   * Takes a frame about which there is nothing to decide: not decoded, no gap, and beginning where the last one
   * ended. It reads the header by itself, because this is done more often than everything else together.
   * @returns the frame, or `undefined` if {@link take} has to decide. Nothing has happened then.
   */
  takeExpected(bytes: Uint8Array<ArrayBuffer>): WireAudioFrame | undefined {
    if (this.#sampleBytes === undefined || this.#closed) return undefined;
    const flags = bytes[1] ?? 0;
    if (bytes[0] !== AUDIO_FRAME_KIND || (flags !== 0 && flags !== AudioFrameFlag.muted)) return undefined;
    const sampleCount = uint16At(bytes, 2);
    const payloadBytes = sampleCount * this.#sampleBytes;
    if (sampleCount === 0 || bytes.byteLength !== AUDIO_FRAME_HEADER_BYTES + payloadBytes) return undefined;
    const position = this.#expected;
    if (uint32At(bytes, 8) * TWO_32 + uint32At(bytes, 4) !== position) return undefined;
    const end = position + sampleCount;
    if (!Number.isSafeInteger(end) || !this.#hasRoomFor(sampleCount)) return undefined;
    this.#accept(position, end);
    const payload = new Uint8Array(bytes.buffer, bytes.byteOffset + AUDIO_FRAME_HEADER_BYTES, payloadBytes);
    return { flags, position, sampleCount, payload };
  }

  /** A frame is let in whatever its size if nothing else waits. */
  #hasRoomFor(samples: number): boolean {
    let pending = 0;
    for (const { from, end } of this.#pending) pending += end - Math.max(from, this.#kept);
    return pending === 0 || pending + samples <= this.#windowSamples;
  }

  #accept(from: number, end: number): void {
    const last = this.#pending.at(-1);
    if (last?.end === from) last.end = end;
    else this.#pending.push({ from, end });
    this.#expected = end;
    this.#resyncFor = undefined;
  }

  /** Everything before `position` is safe now. */
  keep(position: number): void {
    this.#kept = Math.max(this.#kept, Math.min(position, this.#expected));
    while (this.#pending[0] !== undefined && this.#pending[0].end <= this.#kept) this.#pending.shift();
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
    return frameTail(frame, this.#expected, size * this.#offer.channels) ?? frame;
  }
}

/** Little-endian. A view of the bytes would have to be made for each frame. */
const uint16At = (bytes: Uint8Array, at: number): number => (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0);
const uint32At = (bytes: Uint8Array, at: number): number => uint16At(bytes, at) + TWO_16 * uint16At(bytes, at + 2);
