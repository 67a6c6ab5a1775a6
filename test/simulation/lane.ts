import type { Rng } from "./rng.js";
import type { VirtualTime } from "./virtual-time.js";

interface Parcel {
  readonly bytes: number;
  readonly pushedAt: number;
  readonly deliver: () => void;
}

export interface LaneConditions {
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly bytesPerMs: number;
}

/** One direction of a connection: in order, with latency and throughput, and holes that swallow without a word. */
export class Lane {
  readonly #time: VirtualTime;
  readonly #rng: Rng;
  conditions: LaneConditions;
  #queue: Parcel[] = [];
  #queuedBytes = 0;
  /** When the last byte of the latest parcel went out. */
  #sentAt = 0;
  #dead = false;
  #hole = false;
  #scheduled = false;

  constructor(time: VirtualTime, rng: Rng, conditions: LaneConditions) {
    this.#time = time;
    this.#rng = rng;
    this.conditions = conditions;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  push(bytes: number, deliver: () => void): void {
    if (this.#dead) return;
    this.#queue.push({ bytes, pushedAt: this.#time.now, deliver });
    this.#queuedBytes += bytes;
    this.#pump();
  }

  /** Swallows what is sent, as a network does that lost its route; what is held arrives when the hole closes. */
  setHole(hole: boolean): void {
    this.#hole = hole;
    this.#pump();
  }

  /** Nothing more arrives; with `flush`, what is on its way still does. */
  kill(flush: boolean): void {
    this.#dead = true;
    const rest = flush && !this.#hole ? this.#queue : [];
    this.#queue = [];
    this.#queuedBytes = 0;
    for (const { deliver } of rest) deliver();
  }

  #pump(): void {
    if (this.#scheduled || this.#dead || this.#hole) return;
    const first = this.#queue[0];
    if (first === undefined) return;
    const { latencyMs, jitterMs, bytesPerMs } = this.conditions;
    const sent = Math.max(first.pushedAt, this.#sentAt) + first.bytes / bytesPerMs;
    this.#scheduled = true;
    // Parcels are spaced by throughput and shifted by latency; TCP keeps them in order.
    this.#time.at(sent + latencyMs + this.#rng.next() * jitterMs, () => {
      this.#scheduled = false;
      if (this.#dead || this.#hole) return;
      this.#queue.shift();
      this.#queuedBytes -= first.bytes;
      this.#sentAt = sent;
      first.deliver();
      this.#pump();
    });
  }
}
