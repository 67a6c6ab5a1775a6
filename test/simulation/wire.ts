import type { Rng } from "./rng.js";
import type { VirtualTime } from "./virtual-time.js";

export type Payload = string | Uint8Array<ArrayBuffer>;

/** What one end of a connection hears. */
export interface WireEnd {
  onMessage(data: Payload): void;
  onClose(code: number, reason: string): void;
}

interface Parcel {
  readonly bytes: number;
  readonly deliver: () => void;
}

export interface WireConditions {
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly bytesPerMs: number;
}

/** One direction of a connection: in order, with latency and throughput, and holes that swallow without a word. */
class Lane {
  readonly #time: VirtualTime;
  readonly #rng: Rng;
  conditions: WireConditions;
  #queue: Parcel[] = [];
  #free = 0;
  #dead = false;
  #hole = false;
  #scheduled = false;

  constructor(time: VirtualTime, rng: Rng, conditions: WireConditions) {
    this.#time = time;
    this.#rng = rng;
    this.conditions = conditions;
  }

  get queuedBytes(): number {
    return this.#queue.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  push(bytes: number, deliver: () => void): void {
    if (this.#dead) return;
    this.#queue.push({ bytes, deliver });
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
    for (const { deliver } of rest) deliver();
  }

  #pump(): void {
    if (this.#scheduled || this.#dead || this.#hole) return;
    const first = this.#queue[0];
    if (first === undefined) return;
    const { latencyMs, jitterMs, bytesPerMs } = this.conditions;
    const start = Math.max(this.#time.now, this.#free);
    const sent = start + first.bytes / bytesPerMs;
    this.#free = sent;
    this.#scheduled = true;
    // Parcels are spaced by throughput and shifted by latency; TCP keeps them in order.
    this.#time.at(Math.max(sent, this.#time.now) + latencyMs + this.#rng.next() * jitterMs, () => {
      this.#scheduled = false;
      if (this.#dead || this.#hole) return;
      this.#queue.shift();
      first.deliver();
      this.#free = Math.min(this.#free, this.#time.now);
      this.#pump();
    });
  }
}

/** A WebSocket connection between two ends, and everything that can happen to it. */
export class Wire {
  readonly up: Lane;
  readonly down: Lane;
  readonly #time: VirtualTime;
  readonly #client: WireEnd;
  readonly #server: WireEnd;
  #clientOpen = true;
  #serverOpen = true;

  constructor(options: {
    time: VirtualTime;
    rng: Rng;
    conditions: WireConditions;
    client: WireEnd;
    server: WireEnd;
  }) {
    this.#time = options.time;
    this.up = new Lane(options.time, options.rng, options.conditions);
    this.down = new Lane(options.time, options.rng, options.conditions);
    this.#client = options.client;
    this.#server = options.server;
  }

  get open(): boolean {
    return this.#clientOpen || this.#serverOpen;
  }

  sendUp(data: Payload): void {
    if (this.#clientOpen) this.up.push(data.length, () => this.#serverOpen && this.#server.onMessage(data));
  }

  sendDown(data: Payload): void {
    if (this.#serverOpen) this.down.push(data.length, () => this.#client.onMessage(data));
  }

  /** The client detaches and says goodbye; what it sent before still arrives, however late. */
  closeByClient(code: number, reason: string): void {
    if (!this.#clientOpen) return;
    this.#clientOpen = false;
    this.up.push(4, () => this.#loseServer(code, reason));
  }

  closeByServer(code: number, reason: string): void {
    if (!this.#serverOpen) return;
    this.#serverOpen = false;
    this.down.push(4, () => this.#loseClient(code, reason));
  }

  /**
   * The connection breaks. Each side may still get what was on its way, and each learns of it after its own time, or,
   * with `undefined`, never.
   */
  cut(how: {
    flushUp: boolean;
    flushDown: boolean;
    serverLearnsAfterMs: number | undefined;
    clientLearnsAfterMs: number | undefined;
  }): void {
    this.up.kill(how.flushUp);
    this.down.kill(how.flushDown);
    const { serverLearnsAfterMs, clientLearnsAfterMs } = how;
    if (serverLearnsAfterMs !== undefined) this.#time.after(serverLearnsAfterMs, () => this.#loseServer(1006, ""));
    if (clientLearnsAfterMs !== undefined) this.#time.after(clientLearnsAfterMs, () => this.#loseClient(1006, ""));
  }

  #loseServer(code: number, reason: string): void {
    if (!this.#serverOpen) return;
    this.#serverOpen = false;
    this.#server.onClose(code, reason);
  }

  #loseClient(code: number, reason: string): void {
    if (!this.#clientOpen) return;
    this.#clientOpen = false;
    this.#client.onClose(code, reason);
  }
}
