import { encodeServerMessage } from "../../src/protocol/messages.js";
import type { ClientNode } from "./client-node.js";
import type { LaneConditions } from "./lane.js";
import type { Rng } from "./rng.js";
import type { VirtualTime } from "./virtual-time.js";
import { type Payload, Wire, type WireEnd } from "./wire.js";

/** Where connections lead. */
export interface WireServer {
  /** @returns the name by which the server knows the connection. */
  accept(wire: Wire): number;
  received(peer: number, data: Payload): void;
  closed(peer: number, code: number): void;
}

/** What lies between clients and server: makes connections, well or badly, and remembers them all. */
export class Network {
  readonly #time: VirtualTime;
  readonly #rng: Rng;
  readonly #server: WireServer;
  readonly #latencyMs: { readonly min: number; readonly max: number };
  readonly #wires: Wire[] = [];
  /** Until when the server's port is closed, swallows connections, or accepts only to close with 1011. */
  refusesUntil = 0;
  hangsUntil = 0;
  flapsUntil = 0;
  /** Connections take long to open. */
  slowUntil = 0;
  /** Connections open, and nobody answers on them: at most something says that it is there. */
  muteUntil = 0;
  /** Breaks the next connection after so many messages to the client. */
  breaksNextAfter: number | undefined;

  constructor(time: VirtualTime, rng: Rng, server: WireServer, latencyMs: { min: number; max: number }) {
    this.#time = time;
    this.#latencyMs = latencyMs;
    this.#rng = rng;
    this.#server = server;
  }

  connect(node: ClientNode, connection: number): void {
    const latency = this.#rng.between(0, this.#time.now < this.slowUntil ? 800 : 20);
    if (this.#time.now < this.hangsUntil) return;
    this.#time.after(latency, () => {
      if (this.#time.now < this.refusesUntil) {
        node.dispatch({ type: "lost", connection, loss: { kind: "closed", code: 1006, reason: "" } });
        return;
      }
      const wire = this.wire({
        onMessage: (data) => node.dispatch({ type: "message", connection, data }),
        onClose: (code, reason) => node.dispatch({ type: "lost", connection, loss: { kind: "closed", code, reason } }),
      });
      wire.breaksAfter = this.breaksNextAfter;
      this.breaksNextAfter = undefined;
      node.connected(connection, wire);
    });
  }

  wire(client: WireEnd): Wire {
    const rng = this.#rng;
    const conditions: LaneConditions = {
      latencyMs: rng.between(this.#latencyMs.min, this.#latencyMs.max),
      jitterMs: rng.between(0, 30),
      bytesPerMs: rng.between(100, 10_000),
    };
    let peer = 0;
    const wire = new Wire({
      time: this.#time,
      rng,
      conditions,
      client,
      server: {
        onMessage: (data) => this.#server.received(peer, data),
        onClose: (code) => this.#server.closed(peer, code),
      },
    });
    this.#wires.push(wire);
    if (this.#time.now < this.flapsUntil) wire.closeByServer(1011, "internal error");
    else if (this.#time.now < this.muteUntil) this.#beat(wire, rng.pick([0, 100, 400]));
    else peer = this.#server.accept(wire);
    return wire;
  }

  /** A proxy that took the connection says that it is there, and no more. */
  #beat(wire: Wire, intervalMs: number): void {
    wire.broken = true;
    if (intervalMs === 0) return;
    wire.sendDown(encodeServerMessage("server.hb", {}));
    this.#time.after(intervalMs, () => wire.clientOpen && this.#beat(wire, intervalMs));
  }

  /** All is well from now on. */
  heal(): void {
    this.refusesUntil = 0;
    this.hangsUntil = 0;
    this.flapsUntil = 0;
    this.slowUntil = 0;
    this.muteUntil = 0;
    this.breaksNextAfter = undefined;
    for (const wire of this.#wires) {
      wire.up.setHole(false);
      wire.down.setHole(false);
      wire.breaksAfter = undefined;
    }
  }
}
