import type { SessionKey } from "../../examples/server/protocol/protocol-io.js";
import type { WireAudioFrame } from "../../src/protocol/audio-frame.js";
import { AudioFrameFlag } from "../../src/protocol/audio-frame.js";
import { intersect, type Range, subtract } from "./ranges.js";
import { Foul } from "./referee.js";
import type { Rng } from "./rng.js";
import { areSamplesAt } from "./samples.js";
import type { VirtualTime } from "./virtual-time.js";

export interface RecordingOptions {
  readonly key: SessionKey;
  readonly start: number;
  readonly time: VirtualTime;
  readonly rng: Rng;
  readonly delayMs: number;
  readonly framesPerEvent: number;
  onKept(position: number): void;
  onEvent(t: string, data: unknown): void;
  onDrained(): void;
}

export interface Caption {
  readonly t: "asr.partial" | "asr.final";
  readonly segmentId: string;
  readonly audio: Range | undefined;
}

const PARTIALS_PER_FINAL = 3;

/** The store and recogniser of one lineage: keeps audio after a while, in order, and checks every sample of it. */
export class Recording {
  readonly #options: RecordingOptions;
  #takenTo: number;
  #keptTo: number;
  #everKeptTo: number;
  #pending: WireAudioFrame[] = [];
  #busy = false;
  #life = 0;
  #ending = false;
  #drained = false;
  /** A last word was said once, so only the end can follow, even if a crash makes it be said again. */
  #saidLast = false;
  #frames = 0;
  #kept: Range[] = [];
  /** Audio before this position was the subject of a final. */
  #finalisedTo: number;
  #captions = 0;
  #segments = 1;
  /** Texts of all events, in the order they were emitted. */
  readonly emitted: string[] = [];
  /** What each of them that is a caption was about. */
  readonly spoken = new Map<string, Caption>();
  /** Audio that was kept, and that the store lost afterwards. */
  readonly lostByStore: Range[] = [];

  constructor(options: RecordingOptions) {
    this.#options = options;
    this.#takenTo = options.start;
    this.#keptTo = options.start;
    this.#everKeptTo = options.start;
    this.#finalisedTo = options.start;
  }

  get key(): SessionKey {
    return this.#options.key;
  }

  get start(): number {
    return this.#options.start;
  }

  get takenTo(): number {
    return this.#takenTo;
  }

  get keptTo(): number {
    return this.#keptTo;
  }

  /** What is safe, in order, touching ranges merged. */
  get kept(): readonly Range[] {
    return this.#kept;
  }

  /** Everything taken in is kept, and the last word is said. */
  get drained(): boolean {
    return this.#drained;
  }

  /** The last word was said at least once. */
  get saidLast(): boolean {
    return this.#saidLast;
  }

  append(frame: WireAudioFrame): void {
    const { position, sampleCount, flags, payload } = frame;
    if (this.#drained) throw new Foul(`Audio at ${position} after the end.`);
    if (position < this.#takenTo) throw new Foul(`Audio came twice at ${position}.`);
    if (position > this.#takenTo && (flags & AudioFrameFlag.gap) === 0) {
      throw new Foul(`A hole from ${this.#takenTo} to ${position} that nobody declared.`);
    }
    if (!areSamplesAt(position, sampleCount, payload)) throw new Foul(`The frame at ${position} has wrong samples.`);
    this.#takenTo = position + sampleCount;
    this.#pending.push(frame);
    this.#work();
  }

  end(): void {
    this.#ending = true;
    this.#work();
  }

  /** @returns whether anything could still be said. */
  burst(messages: number): boolean {
    if (this.#saidLast) return false;
    for (let count = 0; count < messages; count += 1) this.#say("asr.partial");
    return true;
  }

  /**
   * The process died: what was taken in and not kept is gone, and of what was kept the last `lostSamples`, but nothing
   * more than `graceSamples` before what was ever kept.
   */
  loseUnkept(lostSamples: number, graceSamples: number): void {
    this.#life += 1;
    this.#pending = [];
    this.#busy = false;
    this.#ending = false;
    this.#drained = false;
    if (lostSamples > 0) {
      const floor = Math.min(this.#keptTo, this.#everKeptTo - graceSamples);
      const from = Math.max(this.start, floor, this.#keptTo - lostSamples);
      this.lostByStore.push(...intersect(this.#kept, [{ from, to: Number.POSITIVE_INFINITY }]));
      this.#kept = subtract(this.#kept, [{ from, to: Number.POSITIVE_INFINITY }]);
      this.#keptTo = this.#kept.at(-1)?.to ?? this.start;
    }
    this.#takenTo = this.#keptTo;
  }

  #work(): void {
    if (this.#busy) return;
    const batch = this.#pending;
    if (batch.length === 0 && !this.#ending) return;
    this.#busy = true;
    this.#pending = [];
    const life = this.#life;
    this.#options.time.after(this.#options.rng.between(0, this.#options.delayMs), () => {
      if (life !== this.#life) return;
      this.#busy = false;
      for (const frame of batch) this.#keep(frame);
      if (batch.length > 0) this.#options.onKept(this.#keptTo);
      if (life !== this.#life) return;
      if (this.#ending && this.#pending.length === 0) {
        this.#ending = false;
        this.#drained = true;
        this.#saidLast = true;
        this.#say("asr.final");
        this.#options.onDrained();
      } else this.#work();
    });
  }

  #keep(frame: WireAudioFrame): void {
    const range = { from: frame.position, to: frame.position + frame.sampleCount };
    const last = this.#kept.at(-1);
    if (last !== undefined && last.to === range.from) {
      this.#kept[this.#kept.length - 1] = { from: last.from, to: range.to };
    } else this.#kept.push(range);
    this.#keptTo = range.to;
    this.#everKeptTo = Math.max(this.#everKeptTo, range.to);
    this.#frames += 1;
    if (this.#frames % this.#options.framesPerEvent === 0) this.#caption();
  }

  /** Says what it heard since the last final: now and then for good. */
  #caption(): void {
    const audio = { from: this.#finalisedTo, to: this.#keptTo };
    if (audio.to <= audio.from) return;
    this.#captions += 1;
    const final = this.#captions % PARTIALS_PER_FINAL === 0;
    if (final) this.#finalisedTo = audio.to;
    this.#say(final ? "asr.final" : "asr.partial", audio);
  }

  #say(t: Caption["t"], audio?: Range): void {
    const number = this.emitted.length + 1;
    const text = `${this.key.epoch}:${number}`;
    const segmentId = `${this.key.epoch}/${this.#segments}`;
    if (t === "asr.final") this.#segments += 1;
    this.emitted.push(text);
    this.spoken.set(text, { t, segmentId, audio });
    this.#options.onEvent(t, { text, segment_id: segmentId, audio });
  }
}
