import { AUDIO_FRAME_HEADER_BYTES, AudioFrameFlag, encodeAudioFrame } from "../protocol/audio-frame.js";
import type { Bytes } from "../protocol/bytes.js";
import { append, LossLedger } from "./loss-ledger.js";
import type { AudioRange } from "./range-set.js";
import { ReplayBuffer, type ReplayBufferLimits } from "./replay-buffer.js";

/** A frame as capture delivers it. */
export interface CapturedFrame {
  readonly payload: Bytes;
  readonly position: number;
  readonly sampleCount: number;
  /** What capture knows of it, as {@link AudioFrameFlag} values: muted, restart. */
  readonly flags: number;
}

export interface SendTerms {
  /** Where the server wants audio to start. */
  readonly position: number;
  /** Times real time. */
  readonly pace: number;
  /** Samples that may be in flight. */
  readonly window: number;
}

export interface AudioSenderOptions extends ReplayBufferLimits {
  readonly sampleRate: number;
  /** Bytes the socket may hold, the next frame counted. */
  readonly highWaterBytes: number;
}

/** Audio that may be sent at once before the pace binds, in milliseconds. */
const BURST_MS = 200;
/** How finely the pace is kept: one wake-up for all that may go, in milliseconds. */
const PACE_STEP_MS = 10;
/** How soon a full socket is looked at again, in milliseconds. */
const FULL_SOCKET_POLL_MS = 25;

/** Thrown when the server claims something about audio that cannot be true. */
export class ImpossiblePositionError extends Error {}

/**
 * One queue for audio, from capture to wire: keeps every frame until it is acknowledged, sends in order from where the
 * server stands, within pace, window and what the socket takes, and knows exactly what is lost.
 */
export class AudioSender {
  readonly #options: AudioSenderOptions;
  readonly #buffer: ReplayBuffer;
  readonly #losses = new LossLedger();
  readonly #lost: AudioRange[] = [];
  #terms: SendTerms | undefined;
  /** Position the server expects next on this connection. */
  #wirePosition = 0;
  /** Highest position sent since the server last told where it stands: it can be no further. */
  #sentTo = 0;
  #credit = 0;
  #creditAt = 0;
  #wake: number | undefined;
  #everSentTo = 0;
  #capturedTo = 0;
  readonly stats = {
    framesCaptured: 0,
    samplesCaptured: 0,
    framesSent: 0,
    framesRetransmitted: 0,
    captureGaps: 0,
  };

  constructor(options: AudioSenderOptions) {
    this.#options = options;
    this.#buffer = new ReplayBuffer(options);
  }

  get buffer(): Readonly<
    Pick<
      ReplayBuffer,
      | "first"
      | "next"
      | "acknowledged"
      | "bytes"
      | "samples"
      | "samplesUnacknowledged"
      | "framesUnacknowledged"
      | "frameCount"
    >
  > {
    return this.#buffer;
  }

  /** Position up to which audio was sent at least once. */
  get everSentTo(): number {
    return this.#everSentTo;
  }

  /** Position after the last sample captured, discarded ones included. */
  get capturedTo(): number {
    return this.#capturedTo;
  }

  /** Position up to which every sample is acknowledged or known to be lost. */
  get settledTo(): number {
    const held = this.#buffer.unacknowledgedFrom ?? this.#capturedTo;
    return Math.min(held, this.#losses.doubtfulFrom ?? held);
  }

  /** Position of the next sample to send. */
  get cursorPosition(): number {
    return this.#buffer.cursorPosition;
  }

  /** Samples sent and not yet acknowledged, those included that had to leave the buffer since. */
  get samplesInFlight(): number {
    return this.#buffer.samplesInFlight + this.#losses.samples;
  }

  /** Everything captured was sent on this connection. */
  get drained(): boolean {
    return this.#terms !== undefined && this.#buffer.peek() === undefined;
  }

  /** When {@link pump} has something to do next, if time alone decides. */
  get nextWake(): number | undefined {
    return this.#wake;
  }

  /** @returns how many frames that the server may lack had to go. */
  push(frame: CapturedFrame): number {
    const { next, acknowledged: kept } = this.#buffer;
    this.#skipTo(frame.position);
    this.#capturedTo = frame.position + frame.sampleCount;
    this.stats.framesCaptured += 1;
    this.stats.samplesCaptured += frame.sampleCount;
    const evicted = this.#buffer.push(
      frame.position > next ? { ...frame, flags: frame.flags | AudioFrameFlag.gap } : frame,
    );
    let dropped = 0;
    for (const { from, to, acknowledged, sent } of evicted) {
      if (acknowledged) continue;
      dropped += 1;
      const range = { from: Math.max(from, kept), to };
      if (sent) this.#losses.doubt(range);
      else this.#lose(range);
    }
    return dropped;
  }

  /** Audio after the last frame was captured, but no frame will bring it. What came as a frame is left alone. */
  discard(range: AudioRange): void {
    const lost = { from: Math.max(range.from, this.#capturedTo), to: range.to };
    if (lost.from >= lost.to) return;
    this.#skipTo(lost.from);
    this.#capturedTo = lost.to;
    this.stats.samplesCaptured += lost.to - lost.from;
    this.#lose(lost);
  }

  /**
   * A connection is ready for audio.
   * @param lineage whether the server still is what acknowledged the audio so far, or has started anew.
   * @throws ImpossiblePositionError when the server asks for audio that never was.
   */
  start(terms: SendTerms, lineage: "same" | "new", now: number): void {
    const buffer = this.#buffer;
    if (terms.position > (lineage === "same" ? this.#sentTo : buffer.next)) {
      throw new ImpossiblePositionError(`The server stands at ${terms.position}, beyond what was sent to it.`);
    }
    if (lineage === "same" && terms.position < Math.min(buffer.acknowledged, buffer.first)) {
      this.#lose({ from: terms.position, to: Math.min(buffer.acknowledged, buffer.first) });
    }
    for (const range of this.#losses.settle(lineage === "same" ? terms.position : 0)) this.#lose(range);
    buffer.resume(terms.position, lineage === "same" ? Math.min(buffer.acknowledged, terms.position) : terms.position);
    this.#sentTo = terms.position;
    this.#wirePosition = terms.position;
    this.#terms = terms;
    this.#credit = this.#toSamples(BURST_MS);
    this.#creditAt = now;
  }

  /** The connection is gone. */
  stop(): void {
    this.#terms = undefined;
    this.#wake = undefined;
  }

  /** @throws ImpossiblePositionError when the acknowledgement covers what was not sent on this connection. */
  acknowledge(position: number): void {
    if (position > this.#wirePosition) {
      throw new ImpossiblePositionError(
        `The server acknowledged ${position}, but only ${this.#wirePosition} was sent.`,
      );
    }
    this.#losses.confirm(position);
    this.#buffer.acknowledge(position);
  }

  /** @throws ImpossiblePositionError when the server asks for what it acknowledged or never got. */
  resync(position: number): void {
    if (position < this.#buffer.acknowledged || position > this.#wirePosition) {
      throw new ImpossiblePositionError(`The server asked for ${position}, which is not on the wire.`);
    }
    this.#buffer.seek(position);
    this.#wirePosition = position;
  }

  /**
   * Frames to put on the wire now.
   * @param bufferedBytes what the socket holds already.
   */
  pump(now: number, bufferedBytes: number): Bytes[] {
    this.#wake = undefined;
    const terms = this.#terms;
    if (terms === undefined) return [];
    const wire: Bytes[] = [];
    let buffered = bufferedBytes;
    this.#refill(terms, now);
    for (let frame = this.#buffer.peek(); frame !== undefined; frame = this.#buffer.peek()) {
      const size = AUDIO_FRAME_HEADER_BYTES + frame.payload.byteLength;
      if (buffered > 0 && buffered + size > this.#options.highWaterBytes) {
        this.#wake = now + FULL_SOCKET_POLL_MS;
        break;
      }
      const inFlight = this.samplesInFlight;
      if (inFlight > 0 && inFlight + frame.sampleCount > terms.window) break;
      if (this.#credit <= 0) {
        this.#wake = now + Math.max(PACE_STEP_MS, (-this.#credit / (terms.pace * this.#options.sampleRate)) * 1_000);
        break;
      }
      this.#credit -= frame.sampleCount;
      const flags = frame.position > this.#wirePosition ? frame.flags | AudioFrameFlag.gap : frame.flags;
      wire.push(encodeAudioFrame({ ...frame, flags }));
      buffered += size;
      const end = frame.position + frame.sampleCount;
      if (end <= this.#everSentTo) this.stats.framesRetransmitted += 1;
      this.stats.framesSent += 1;
      this.#everSentTo = Math.max(this.#everSentTo, end);
      this.#wirePosition = end;
      this.#sentTo = Math.max(this.#sentTo, end);
      this.#buffer.advance();
    }
    return wire;
  }

  /** The ranges lost since the last call. */
  takeLosses(): AudioRange[] {
    return this.#lost.splice(0);
  }

  /** The server will never get what is doubtful or still held: counts it as lost. */
  giveUp(): void {
    for (const range of this.#losses.settle(0)) this.#lose(range);
    const from = Math.max(this.#buffer.acknowledged, this.#buffer.first);
    if (from < this.#buffer.next) this.#lose({ from, to: this.#buffer.next });
    this.clear();
  }

  clear(): void {
    this.stop();
    this.#buffer.clear();
  }

  #lose(range: AudioRange): void {
    for (const part of this.#losses.lose(range)) append(this.#lost, part);
  }

  /** Nothing was captured between the last sample and `position`. */
  #skipTo(position: number): void {
    if (position <= this.#capturedTo) return;
    this.#losses.skip({ from: this.#capturedTo, to: position });
    if (this.stats.framesCaptured > 0) this.stats.captureGaps += 1;
  }

  #refill(terms: SendTerms, now: number): void {
    const burst = this.#toSamples(BURST_MS);
    const earned = this.#toSamples(now - this.#creditAt) * terms.pace;
    this.#credit = Math.min(burst, this.#credit + earned);
    this.#creditAt = now;
  }

  #toSamples(durationMs: number): number {
    return (durationMs / 1_000) * this.#options.sampleRate;
  }
}
