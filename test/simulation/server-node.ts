import type { ServerTerms } from "../../examples/server/protocol-io.js";
import {
  type RegistryInput,
  type RegistryOutput,
  type SessionKey,
  SessionRegistry,
} from "../../examples/server/session-registry.js";
import { Recording } from "./recording.js";
import type { Rng } from "./rng.js";
import type { VirtualTime } from "./virtual-time.js";
import type { Payload, Wire } from "./wire.js";

export interface ServerNodeOptions {
  readonly time: VirtualTime;
  readonly rng: Rng;
  readonly terms: ServerTerms;
  /** How long a store takes to keep a batch, at most. */
  readonly storeDelayMs: number;
  /** How many kept frames make the recogniser say something. */
  readonly framesPerEvent: number;
}

/** A server as its session manager runs it: its memory can be lost, and so can what its store has not kept. */
export class ServerNode {
  readonly #options: ServerNodeOptions;
  #registry: SessionRegistry;
  #wires = new Map<number, Wire>();
  #peers = 0;
  #epochs = 0;
  #secrets = 0;
  #timer = 0;
  #timerAt: number | undefined;
  #life = 0;
  /** Every lineage there ever was, oldest first. */
  readonly recordings: Recording[] = [];
  #live = new Map<string, Recording>();
  readonly finished: string[] = [];

  constructor(options: ServerNodeOptions) {
    this.#options = options;
    this.#registry = this.#createRegistry();
  }

  get sessionCount(): number {
    return this.#registry.sessionCount;
  }

  get wakeAt(): number | undefined {
    return this.#registry.wakeAt;
  }

  get openWires(): Wire[] {
    return [...this.#wires.values()];
  }

  accept(wire: Wire): number {
    this.#peers += 1;
    const peer = this.#peers;
    this.#wires.set(peer, wire);
    this.dispatch({ type: "connected", peer });
    return peer;
  }

  closed(peer: number, code: number): void {
    if (this.#wires.delete(peer)) this.dispatch({ type: "closed", peer, code });
  }

  received(peer: number, data: Payload): void {
    if (this.#wires.has(peer)) this.dispatch({ type: "data", peer, data });
  }

  /** The process dies and another one starts that knows nothing. */
  restart(): void {
    this.#life += 1;
    this.#dropConnections();
    for (const recording of this.#live.values()) recording.loseUnkept();
    this.#live.clear();
    this.#registry = this.#createRegistry();
    this.#schedule();
  }

  /** The process dies and comes back with its sessions as its store last kept them. */
  crash(): void {
    const peers = [...this.#wires.keys()];
    this.#dropConnections();
    for (const peer of peers) this.dispatch({ type: "closed", peer, code: 1006 });
    for (const recording of this.#live.values()) {
      recording.loseUnkept();
      this.dispatch({
        type: "session",
        key: recording.key,
        input: { type: "rewind", position: recording.keptTo },
      });
    }
  }

  goAway(): void {
    for (const recording of this.#live.values()) {
      this.dispatch({
        type: "session",
        key: recording.key,
        input: { type: "go-away", reason: "maintenance", retryAfterMs: 100 },
      });
    }
  }

  dispatch(input: RegistryInput): void {
    for (const output of this.#registry.handle(input, this.#options.time.now)) this.#perform(output);
    this.#schedule();
  }

  #createRegistry(): SessionRegistry {
    return new SessionRegistry({
      terms: this.#options.terms,
      maxSessions: 10,
      refuseFormat: () => undefined,
      createSecret: () => {
        this.#secrets += 1;
        return `secret-${this.#secrets}`;
      },
      equalSecrets: (a, b) => a === b,
      createEpoch: () => {
        this.#epochs += 1;
        return this.#epochs;
      },
    });
  }

  #dropConnections(): void {
    for (const wire of this.#wires.values()) {
      wire.cut({
        flushUp: false,
        flushDown: this.#options.rng.chance(0.5),
        serverLearnsAfterMs: undefined,
        clientLearnsAfterMs: this.#options.rng.between(0, 50),
      });
    }
    this.#wires.clear();
  }

  #perform(output: RegistryOutput): void {
    switch (output.type) {
      case "send":
        this.#checkAcknowledgement(output.data, output.peer);
        this.#wires.get(output.peer)?.sendDown(output.data);
        return;
      case "close": {
        const wire = this.#wires.get(output.peer);
        this.#wires.delete(output.peer);
        wire?.closeByServer(output.code, output.reason);
        return;
      }
      case "authorize":
        this.#authorize(output.peer);
        return;
      case "open":
        this.#open(output.key, output.offer.first);
        return;
      case "session":
        this.#performForSession(output.key, output.output);
    }
  }

  #authorize(peer: number): void {
    const life = this.#life;
    this.#options.time.after(this.#options.rng.between(0, 20), () => {
      if (life === this.#life) this.dispatch({ type: "authorized", peer, granted: true });
    });
  }

  #open(key: SessionKey, start: number): void {
    const life = this.#life;
    const tell = (input: Extract<RegistryInput, { type: "session" }>["input"]) => {
      if (life === this.#life) this.dispatch({ type: "session", key, input });
    };
    const recording = new Recording({
      key,
      start,
      time: this.#options.time,
      rng: this.#options.rng,
      delayMs: this.#options.storeDelayMs,
      framesPerEvent: this.#options.framesPerEvent,
      onKept: (position) => tell({ type: "kept", position }),
      onEvent: (t, data) => tell({ type: "emit", t, data }),
      onDrained: () => tell({ type: "drained" }),
    });
    this.recordings.push(recording);
    this.#live.set(`${key.sessionId}/${key.epoch}`, recording);
  }

  #performForSession(key: SessionKey, output: Extract<RegistryOutput, { type: "session" }>["output"]): void {
    const name = `${key.sessionId}/${key.epoch}`;
    const recording = this.#live.get(name);
    if (recording === undefined) throw new Error(`${output.type} for a session that is not open.`);
    if (output.type === "audio") recording.append(output.frame);
    else if (output.type === "end-audio") recording.end();
    else {
      this.#live.delete(name);
      this.finished.push(output.reason);
    }
  }

  /** An acknowledgement means kept: nothing less may ever leave the server. */
  #checkAcknowledgement(data: string, _peer: number): void {
    if (!data.includes('"t":"audio.ack"')) return;
    const message = JSON.parse(data) as { sid: string; data: { position: number } };
    const recording = [...this.#live.values()].find(({ key }) => key.sessionId === message.sid);
    if (recording === undefined) throw new Error("An acknowledgement for a session that is not open.");
    if (message.data.position > recording.keptTo) {
      throw new Error(`Acknowledged ${message.data.position}, but only ${recording.keptTo} is kept.`);
    }
  }

  #schedule(): void {
    const { wakeAt } = this.#registry;
    if (wakeAt === this.#timerAt) return;
    this.#timerAt = wakeAt;
    this.#timer += 1;
    if (wakeAt === undefined) return;
    const timer = this.#timer;
    this.#options.time.at(wakeAt, () => {
      if (timer !== this.#timer) return;
      this.#timerAt = undefined;
      this.dispatch({ type: "time" });
    });
  }
}
