import type { AudioRange } from "../../internal/range-set.js";
import {
  AUDIO_FRAME_HEADER_BYTES,
  AudioFrameFlag,
  isWithheld,
  openAudioFrame,
  type WireAudioFrame,
} from "../../protocol/audio-frame.js";
import type { Bytes } from "../../protocol/bytes.js";
import type { SessionStats } from "../session-io.js";
import { ImpossiblePositionError } from "./impossible-position-error.js";
import { append, LossLedger } from "./loss-ledger.js";
import { Pace } from "./pace.js";
import { ReplayBuffer, type ReplayBufferLimits, type StoredFrame } from "./replay-buffer.js";
import { type Lineage, type SendTerms, samplesIn } from "./send-terms.js";
import { newSenderStats } from "./sender-stats.js";

export interface AudioSenderOptions extends ReplayBufferLimits {
  readonly sampleRate: number;
  /** Bytes of one sample of all channels; `undefined` for an encoding whose frames cannot be split. */
  readonly bytesPerSample: number | undefined;
  /** Bytes the socket may hold, the next frame counted. */
  readonly highWaterBytes: number;
}

/** How soon a full socket is looked at again, in milliseconds. */
const FULL_SOCKET_POLL_MS = 25;

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
  readonly #pace: Pace;
  #wake: number | undefined;
  #everSentTo = 0;
  #everAcknowledged = 0;
  #capturedTo = 0;
  readonly stats = newSenderStats();

  constructor(options: AudioSenderOptions) {
    this.#options = options;
    this.#buffer = new ReplayBuffer(options);
    this.#pace = new Pace(options.sampleRate);
  }

  get buffer(): Readonly<
    Pick<
      ReplayBuffer,
      "first" | "next" | "acknowledged" | "bytes" | "samplesUnacknowledged" | "framesUnacknowledged" | "framesToSend"
    >
  > {
    return this.#buffer;
  }

  /** Position up to which audio was sent at least once. */
  get everSentTo(): number {
    return this.#everSentTo;
  }

  /** Highest position that any server has acknowledged. */
  get everAcknowledged(): number {
    return this.#everAcknowledged;
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

  get started(): boolean {
    return this.#terms !== undefined;
  }

  /** Where the audio on this connection ends, if everything held was sent on it. */
  get drainedAt(): number | undefined {
    return this.started && this.#buffer.peek() === undefined ? this.#wirePosition : undefined;
  }

  /** What of the audio never was, or is known to be lost. */
  get absent(): readonly AudioRange[] {
    return this.#losses.absent;
  }

  /** When {@link pump} has something to do next, if time alone decides. */
  get nextWake(): number | undefined {
    return this.#wake;
  }

  /** Goes on for another sender, whose figures these are. @param absent what of its audio never was, or is lost. */
  restore(stats: SessionStats, absent: readonly AudioRange[]): void {
    for (const range of absent) this.#losses.skip(range);
    this.#everSentTo = stats.sentPosition;
    this.#everAcknowledged = stats.acknowledgedPosition;
    this.#capturedTo = stats.settledPosition;
    this.inherit(stats.capturedPosition, stats.settledPosition);
  }

  /** The other sender took audio up to this position. What it may have sent is lost only if the server has not got it. */
  inherit(captured: number, settled = this.#buffer.acknowledged): void {
    const [from, to] = [this.#capturedTo, Math.max(captured, this.#capturedTo)];
    this.#buffer.restore(settled, to);
    if (from < to) this.#losses.doubt({ from, to });
    this.#sentTo = to;
    this.#capturedTo = to;
  }

  /** @returns how many frames that the server may lack had to go. */
  push(frame: WireAudioFrame): number {
    const { next, acknowledged: kept } = this.#buffer;
    this.#skipTo(frame.position);
    this.#capturedTo = frame.position + frame.sampleCount;
    this.stats.framesCaptured += 1;
    this.stats.samplesCaptured += frame.sampleCount;
    if (isWithheld(frame)) {
      this.stats.samplesWithheld += frame.sampleCount;
      this.#losses.skip({ from: frame.position, to: this.#capturedTo });
      return 0;
    }
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
    const from = Math.max(range.from, this.#capturedTo);
    if (from >= range.to) return;
    this.#skipTo(from);
    this.#capturedTo = range.to;
    this.stats.samplesCaptured += range.to - from;
    this.#lose({ from, to: range.to });
  }

  /**
   * Checks where a server says it stands, before anything is changed by its answer.
   * @throws ImpossiblePositionError when the server asks for audio that never was.
   */
  verify(position: number, lineage: Lineage): void {
    if (position > (lineage === "same" ? this.#sentTo : this.#buffer.next)) {
      throw new ImpossiblePositionError(`The server stands at ${position}, beyond what was sent to it.`);
    }
  }

  /** A connection is ready for audio from a position that was verified. */
  start(terms: SendTerms, lineage: Lineage, now: number): void {
    const buffer = this.#buffer;
    if (lineage === "same" && terms.position < Math.min(buffer.acknowledged, buffer.first)) {
      this.#lose({ from: terms.position, to: Math.min(buffer.acknowledged, buffer.first) });
    }
    for (const range of this.#losses.settle(lineage === "same" ? terms.position : 0)) this.#lose(range);
    // What a new server skips was lost with the earlier one if that had acknowledged it, and is lost only now if not.
    if (lineage === "new") {
      this.#lose({ from: Math.max(this.#everAcknowledged, buffer.first), to: terms.position });
    }
    buffer.resume(terms.position, lineage === "same" ? Math.min(buffer.acknowledged, terms.position) : terms.position);
    this.#sentTo = terms.position;
    this.#wirePosition = terms.position;
    this.#terms = terms;
    this.#pace.start(terms.pace, now);
  }

  /** The connection is gone. */
  stop(): void {
    this.#terms = undefined;
    this.#wake = undefined;
  }

  /** @throws ImpossiblePositionError when the acknowledgement covers what was not sent on this connection. */
  acknowledge(position: number): void {
    const sent = this.#terms === undefined ? 0 : this.#wirePosition;
    if (position > sent || this.#terms === undefined) {
      throw new ImpossiblePositionError(`The server acknowledged ${position}, but was sent ${sent} on this one.`);
    }
    this.#everAcknowledged = Math.max(this.#everAcknowledged, position);
    this.#losses.confirm(position);
    this.#buffer.acknowledge(position);
  }

  /** @throws ImpossiblePositionError when the server asks for what it acknowledged or never got. */
  resync(position: number): void {
    const onTheWire = this.#terms !== undefined && position <= this.#wirePosition;
    if (position < this.#buffer.acknowledged || !onTheWire) {
      throw new ImpossiblePositionError(`The server asked for ${position}, which is not on the wire.`);
    }
    this.#buffer.seek(position);
    this.#wirePosition = position;
  }

  /**
   * Frames to put on the wire now. One that is too large for the server and cannot be split comes last, as it is.
   * @param bufferedBytes what the socket holds already.
   */
  pump(now: number, bufferedBytes: number): Bytes[] {
    this.#wake = undefined;
    const terms = this.#terms;
    if (terms === undefined) return [];
    const wire: Bytes[] = [];
    let buffered = bufferedBytes;
    this.#pace.refill(now);
    for (let frame = this.#buffer.peek(); frame !== undefined; frame = this.#buffer.peek()) {
      const size = AUDIO_FRAME_HEADER_BYTES + frame.byteLength;
      if (size > terms.maxMessageBytes) {
        const maxSamples = samplesIn(terms.maxMessageBytes, this.#options.bytesPerSample);
        if (maxSamples < 1) return [...wire, this.#encode(frame, frame.flags)];
        this.#buffer.splitNext(maxSamples);
        this.#buffer.seek(this.#wirePosition); // The server may have the first parts already.
        continue;
      }
      if (buffered > 0 && buffered + size > this.#options.highWaterBytes) {
        this.#wake = now + FULL_SOCKET_POLL_MS;
        break;
      }
      const inFlight = this.samplesInFlight;
      if (inFlight > 0 && inFlight + frame.sampleCount > terms.window) break;
      if (!this.#pace.allows) {
        this.#wake = this.#pace.nextAt(now);
        break;
      }
      this.#pace.spend(frame.sampleCount);
      const flags = frame.position > this.#wirePosition ? frame.flags | AudioFrameFlag.gap : frame.flags;
      wire.push(this.#encode(frame, flags));
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
    this.stop();
    this.#buffer.clear();
  }

  /** The message for the frame at the cursor. */
  #encode(frame: StoredFrame, flags: number): Bytes {
    const bytes = openAudioFrame(frame, flags, frame.byteLength);
    this.#buffer.readNext(bytes, AUDIO_FRAME_HEADER_BYTES);
    return bytes;
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
}
