import type { AudioFrame } from "../capture/source.js";
import { ENCODERS } from "../worklet/encoder.js";
import { Framer, samplesPerFrame } from "../worklet/framer.js";
import type { ProcessorSettings } from "../worklet/port-messages.js";
import { FractionalDelay } from "./fractional-delay.js";
import type { SideName } from "./mix-errors.js";
import { MixSide, type SideFrame } from "./mix-side.js";

/** How far one side may fall behind the other, in milliseconds, before the other goes on without it. */
const LAG_MS = 300;
/** How much both sides must have delivered before the output begins, in milliseconds, so that their clocks are known. */
const BEGIN_MS = 200;

/** What a {@link Mixer} makes. */
export interface MixerOptions {
  readonly settings: Pick<ProcessorSettings, "encoding" | "sampleRate" | "frameDurationMs">;
  onFrame(frame: AudioFrame): void;
}

/** Makes one stream of two channels of two that each have a clock. Has no clock or timer itself. */
export class Mixer {
  readonly left: MixSide;
  readonly right: MixSide;
  readonly #options: MixerOptions;
  readonly #frameSamples: number;
  readonly #lagMs: number;
  readonly #beginning: number;
  readonly #framer: Framer;
  /** What each side is read into. */
  readonly #channels: readonly [Float32Array, Float32Array];
  readonly #gone = new Set<SideName>();
  /** Of the run: the samples since the last break, and when its first one was, by the page's clock. */
  #run: { readonly position: number; readonly time: number } | undefined;

  constructor(options: MixerOptions) {
    const { sampleRate, frameDurationMs } = options.settings;
    const filter = new FractionalDelay();
    this.#options = options;
    this.left = new MixSide(sampleRate, filter);
    this.right = new MixSide(sampleRate, filter);
    this.#frameSamples = samplesPerFrame(frameDurationMs, sampleRate);
    this.#lagMs = LAG_MS + frameDurationMs;
    this.#beginning = (BEGIN_MS * sampleRate) / 1_000;
    this.#channels = [new Float32Array(this.#frameSamples), new Float32Array(this.#frameSamples)];
    this.#framer = new Framer(this.#frameSamples, 2, 0, (values, count, position) =>
      this.#deliver(values, count, position),
    );
  }

  /** Whether one side is so far behind that the other should not wait for it. */
  get isLagging(): boolean {
    return this.#gone.size === 0 && this.#heardTo - (this.#dueTime ?? this.#firstTime) > this.#lagMs;
  }

  take(side: SideName, frame: SideFrame): void {
    this[side].take(frame, this.#dueTime);
    if (this.#run !== undefined || this.#common >= this.#beginning) this.#emitTo(this.#common);
  }

  /** Goes on without a side that is behind. */
  overtake(): void {
    if (!this.isLagging) return;
    if (this.#run === undefined) this.#begin();
    const ms = this.#heardTo - this.#lagMs - (this.#dueTime ?? 0);
    this.#emitTo((ms * this.#options.settings.sampleRate) / 1_000);
  }

  /** How far one side is behind the other, in milliseconds. */
  silentMs(side: SideName): number {
    return this.#heardTo - Math.max(this[side].heardTo, this.#run?.time ?? Infinity);
  }

  /** Nothing more comes of a side: it is not waited for. */
  end(side: SideName): void {
    this.#gone.add(side);
    this.#emitTo(this.#common);
  }

  /**
   * Emits what has been delivered, the last frame of it as short as it is.
   * @param byBoth only what both sides have delivered.
   */
  flush(byBoth: boolean): void {
    const due = (): number => (byBoth ? this.#common : this.#furthest);
    this.#emitTo(due());
    const rest = Math.floor(due());
    if (rest > 0 && rest < this.#frameSamples) this.#emit(rest);
  }

  /** Emits all that there is. Time passes until the next frame that has no place in the stream. */
  pause(): void {
    const rest = (): number => Math.max(this.left.rest, this.right.rest);
    this.#emitTo(rest());
    const last = Math.min(rest(), this.#frameSamples);
    if (last > 0) this.#emit(last);
    this.#run = undefined;
    this.left.reset();
    this.right.reset();
  }

  /** Samples that both sides have; one that is gone has silence for ever. */
  get #common(): number {
    if (this.#gone.size === 2) return this.#furthest;
    const left = this.#gone.has("left") ? Infinity : this.left.ready;
    const right = this.#gone.has("right") ? Infinity : this.right.ready;
    return Math.min(left, right);
  }

  get #furthest(): number {
    return Math.max(this.left.ready, this.right.ready);
  }

  /** Until when one of the sides was heard, by the page's clock. */
  get #heardTo(): number {
    return Math.max(this.left.heardTo, this.right.heardTo);
  }

  get #firstTime(): number {
    return Math.min(this.left.firstTime, this.right.firstTime);
  }

  get #dueTime(): number | undefined {
    return this.#timeOf(this.#framer.position);
  }

  #timeOf(position: number): number | undefined {
    if (this.#run === undefined) return undefined;
    return this.#run.time + ((position - this.#run.position) * 1_000) / this.#options.settings.sampleRate;
  }

  /** The output begins with the first sample of the side that was heard first. */
  #begin(): void {
    const time = this.#firstTime;
    this.#run = { position: this.#framer.position, time };
    this.left.begin(time);
    this.right.begin(time);
  }

  #emitTo(count: number): void {
    if (this.#run === undefined && this.#furthest > 0) this.#begin();
    let left = count;
    while (left >= this.#frameSamples) {
      const silence = Math.min(this.left.silence, this.right.silence);
      // Neither side has heard anything: that time is a gap.
      const gap = silence > this.#frameSamples ? Math.min(silence, Math.floor(left)) : 0;
      if (gap > 0) this.#skip(gap);
      else this.#emit(this.#frameSamples);
      left -= gap > 0 ? gap : this.#frameSamples;
    }
  }

  #skip(count: number): void {
    this.left.skip(count);
    this.right.skip(count);
    this.#framer.skipTo(this.#framer.position + count);
  }

  #emit(sampleCount: number): void {
    const [left, right] = this.#channels;
    this.left.read(left, sampleCount);
    this.right.read(right, sampleCount);
    this.#framer.push(this.#channels, sampleCount);
    this.#framer.flush();
  }

  #deliver(values: Float32Array, sampleCount: number, position: number): void {
    const timestamp = this.#timeOf(position) ?? 0;
    const count = 2 * sampleCount;
    let peakLevel = 0;
    let power = 0;
    for (let index = 0; index < count; index += 1) {
      const level = Math.abs(values[index] ?? 0);
      peakLevel = Math.max(peakLevel, level);
      power += level * level;
    }
    const payload = new Uint8Array(ENCODERS[this.#options.settings.encoding](values, count));
    this.#options.onFrame({ payload, position, sampleCount, timestamp, peakLevel, rmsLevel: Math.sqrt(power / count) });
  }
}
