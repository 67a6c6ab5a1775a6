import type { PlayerActivity, PlayerSettings, PlayerState } from "../port-messages.js";

const FULL_SCALE = 32_768;

/**
 * The player's memory: takes samples as they come and gives them out as they are due. It waits for a cushion before it begins,
 * and again after it ran empty in the middle of something. It allocates nothing after its creation.
 */
export class VoiceRing {
  readonly #channels: number;
  readonly #capacity: number;
  readonly #cushion: number;
  /** The channels interleaved. A sample is at its position modulo the capacity. */
  readonly #ring: Float32Array;
  #heard = 0;
  #next = 0;
  #interrupts = 0;
  #answered = 0;
  /** Position at which what is being said ends, if that has come already. */
  #endsAt = 0;
  #activity: PlayerActivity = "idle";
  #underruns = 0;

  constructor({ channels, capacity, cushion }: PlayerSettings) {
    this.#channels = channels;
    this.#capacity = capacity;
    this.#cushion = Math.min(cushion, capacity);
    this.#ring = new Float32Array(channels * capacity);
  }

  get state(): PlayerState {
    return { heard: this.#heard, next: this.#next, interrupts: this.#interrupts, answered: this.#answered };
  }

  /** Position of the next sample to be heard. */
  get heard(): number {
    return this.#heard;
  }

  get buffered(): number {
    return this.#next - this.#heard;
  }

  get activity(): PlayerActivity {
    return this.#activity;
  }

  get underruns(): number {
    return this.#underruns;
  }

  /** The server goes on from this position. */
  start(position: number, interrupts: number): void {
    if (interrupts !== this.#interrupts) return;
    if (this.#answered !== interrupts) {
      this.#answered = interrupts;
      this.#heard = position;
      this.#next = position;
      this.#endsAt = position;
    }
  }

  /** Takes samples that follow those before. What was sent before an interruption was answered is left out. */
  take(samples: Int16Array): void {
    if (this.#answered !== this.#interrupts) return;
    const count = samples.length / this.#channels;
    // The running side lets nothing pass for which there is no room.
    if (this.buffered + count > this.#capacity) return;
    const size = this.#ring.length;
    let at = (this.#next % this.#capacity) * this.#channels;
    for (let index = 0; index < samples.length; index += 1) {
      this.#ring[at] = (samples[index] as number) / FULL_SCALE;
      at += 1;
      if (at === size) at = 0;
    }
    this.#next += count;
  }

  /** What is being said ends with what has come so far. */
  end(): void {
    if (this.#answered !== this.#interrupts) return;
    this.#endsAt = this.#next;
    if (this.buffered === 0) this.#activity = "idle";
  }

  /** Gives up what was not heard. @returns position of the first sample that was not heard. */
  interrupt(): number {
    this.#interrupts += 1;
    this.#next = this.#heard;
    this.#activity = "idle";
    return this.#heard;
  }

  /** Fills one quantum. @param outputs by channel. */
  render(outputs: readonly Float32Array[]): void {
    const length = outputs[0]?.length ?? 0;
    if (this.#activity !== "playing" && this.#mayPlay) this.#activity = "playing";
    const count = this.#activity === "playing" ? Math.min(length, this.buffered) : 0;
    let at = (this.#heard % this.#capacity) * this.#channels;
    const size = this.#ring.length;
    for (let index = 0; index < count; index += 1) {
      for (let channel = 0; channel < outputs.length; channel += 1) {
        (outputs[channel] as Float32Array)[index] = this.#ring[at + Math.min(channel, this.#channels - 1)] as number;
      }
      at += this.#channels;
      if (at === size) at = 0;
    }
    for (let channel = 0; channel < outputs.length; channel += 1) (outputs[channel] as Float32Array).fill(0, count);
    this.#heard += count;
    if (this.#activity === "playing" && this.buffered === 0) this.#runEmpty();
  }

  get #mayPlay(): boolean {
    return this.buffered > 0 && (this.buffered >= this.#cushion || this.#endsAt === this.#next);
  }

  #runEmpty(): void {
    const isOver = this.#endsAt === this.#next;
    this.#activity = isOver ? "idle" : "waiting";
    if (!isOver) this.#underruns += 1;
  }
}
