import type { SessionKey } from "../../examples/server/session-registry.js";
import type { WireAudioFrame } from "../../src/protocol/audio-frame.js";
import { declaresGap, stampOf } from "./client-node.js";
import type { Rng } from "./rng.js";
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

export interface KeptRange {
  readonly from: number;
  readonly to: number;
}

/** The store and recogniser of one lineage: keeps audio after a while, in order, and checks what it is given. */
export class Recording {
  readonly #options: RecordingOptions;
  #takenTo: number;
  #keptTo: number;
  #pending: WireAudioFrame[] = [];
  #busy = false;
  #life = 0;
  #ending = false;
  #frames = 0;
  #events = 0;
  /** What is safe, in order, touching ranges merged. */
  readonly kept: KeptRange[] = [];
  /** Texts of all events, in the order they were emitted. */
  readonly emitted: string[] = [];

  constructor(options: RecordingOptions) {
    this.#options = options;
    this.#takenTo = options.start;
    this.#keptTo = options.start;
  }

  get key(): SessionKey {
    return this.#options.key;
  }

  get start(): number {
    return this.#options.start;
  }

  get keptTo(): number {
    return this.#keptTo;
  }

  append(frame: WireAudioFrame): void {
    if (frame.position < this.#takenTo) throw new Error(`Audio came twice at ${frame.position}.`);
    if (frame.position > this.#takenTo && !declaresGap(frame.flags)) {
      throw new Error(`A hole from ${this.#takenTo} to ${frame.position} that nobody declared.`);
    }
    if (stampOf(frame.payload) !== frame.position) {
      throw new Error(`The frame at ${frame.position} carries the audio of ${stampOf(frame.payload)}.`);
    }
    this.#takenTo = frame.position + frame.sampleCount;
    this.#pending.push(frame);
    this.#work();
  }

  end(): void {
    this.#ending = true;
    this.#work();
  }

  /** The process died: what was taken in and not kept is gone. */
  loseUnkept(): void {
    this.#life += 1;
    this.#pending = [];
    this.#busy = false;
    this.#ending = false;
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
        this.#say("asr.final");
        this.#options.onDrained();
      } else this.#work();
    });
  }

  #keep(frame: WireAudioFrame): void {
    const range = { from: frame.position, to: frame.position + frame.sampleCount };
    const last = this.kept.at(-1);
    if (last !== undefined && last.to === range.from)
      this.kept[this.kept.length - 1] = { from: last.from, to: range.to };
    else this.kept.push(range);
    this.#keptTo = range.to;
    this.#frames += 1;
    if (this.#frames % this.#options.framesPerEvent === 0) this.#say("asr.partial");
  }

  #say(t: "asr.partial" | "asr.final"): void {
    this.#events += 1;
    const text = `${this.key.epoch}:${this.#events}`;
    this.emitted.push(text);
    this.#options.onEvent(t, { text, segment_id: `segment ${this.#events}` });
  }
}
