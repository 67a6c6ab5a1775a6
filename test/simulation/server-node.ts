import type { RegistryInput, RegistryOutput, SessionKey } from "../../examples/server/protocol/registry-io.js";
import type { ServerTerms } from "../../examples/server/protocol-io.js";
import { SessionRegistry } from "../../examples/server/session-registry.js";
import { Recording } from "./recording.js";
import type { Rng } from "./rng.js";
import { ServerReferee } from "./server-referee.js";
import { Timer } from "./timer.js";
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
  readonly #referee: ServerReferee;
  readonly #timer: Timer;
  readonly #wires = new Map<number, Wire>();
  readonly #live = new Map<string, Recording>();
  #registry: SessionRegistry;
  #asleep: RegistryInput[] | undefined;
  #peers = 0;
  #epochs = 0;
  #secrets = 0;
  #life = 0;
  /** How long it takes to check a token, at most. */
  authorizeMs = 20;
  /** Every lineage there ever was, oldest first. */
  readonly recordings: Recording[] = [];
  readonly finished: string[] = [];

  constructor(options: ServerNodeOptions) {
    this.#options = options;
    this.#referee = new ServerReferee(options.terms);
    this.#registry = this.#createRegistry();
    this.#timer = new Timer(options.time, () => this.dispatch({ type: "time" }));
  }

  get sessionCount(): number {
    return this.#registry.sessionCount;
  }

  get wakeAt(): number | undefined {
    return this.#registry.wakeAt;
  }

  /** Connections the server has neither closed nor lost. */
  get openConnections(): number {
    return this.#wires.size;
  }

  /** Position up to which the session has taken audio in. */
  get takenTo(): number {
    return this.#liveRecording?.takenTo ?? 0;
  }

  /** The client may have been told that a recording is complete. */
  get saidLast(): boolean {
    return [...this.#live.values()].some((recording) => recording.saidLast);
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
    this.#asleep = undefined;
    this.#life += 1;
    this.#dropConnections();
    this.#referee.died(true);
    for (const recording of this.#live.values()) recording.loseUnkept(0, 0);
    this.#live.clear();
    this.#registry = this.#createRegistry();
    this.#schedule();
  }

  /** The process dies and comes back with its sessions as its store last kept them, less what the store lost itself. */
  crash(lostSamples: number, graceSamples: number): boolean {
    if (this.#asleep !== undefined) return false;
    this.#referee.died(false);
    const peers = [...this.#wires.keys()];
    this.#dropConnections();
    for (const peer of peers) this.dispatch({ type: "closed", peer, code: 1006 });
    for (const recording of this.#live.values()) {
      recording.loseUnkept(lostSamples, graceSamples);
      this.dispatch({
        type: "session",
        key: recording.key,
        input: { type: "rewind", position: recording.keptTo },
      });
    }
    return true;
  }

  /** The recogniser says much at once, whoever listens. */
  burst(messages: number): boolean {
    const recording = this.#liveRecording;
    if (recording === undefined || this.#asleep !== undefined) return false;
    return recording.burst(messages);
  }

  goAway(): boolean {
    if (this.#asleep !== undefined || this.#live.size === 0) return false;
    for (const recording of this.#live.values()) {
      this.dispatch({
        type: "session",
        key: recording.key,
        input: { type: "go-away", reason: "maintenance", retryAfterMs: 100 },
      });
    }
    return true;
  }

  /** Nothing runs in the process for a while; then everything that came meanwhile does at once, timers first. */
  stall(durationMs: number): boolean {
    if (this.#asleep !== undefined) return false;
    const held: RegistryInput[] = [];
    this.#asleep = held;
    for (const wire of this.#wires.values()) wire.troubled = true;
    this.#options.time.after(durationMs, () => {
      if (this.#asleep !== held) return;
      this.#asleep = undefined;
      this.#referee.woke(this.#options.time.now, durationMs);
      for (const input of [{ type: "time" } as const, ...held]) this.dispatch(input);
    });
    return true;
  }

  dispatch(input: RegistryInput): void {
    if (this.#asleep !== undefined) {
      this.#asleep.push(input);
      return;
    }
    const { now } = this.#options.time;
    this.#tellReferee(input, now);
    for (const output of this.#registry.handle(input, now)) this.#perform(output, now);
    this.#referee.check(now);
    this.#schedule();
  }

  #tellReferee(input: RegistryInput, now: number): void {
    if (input.type === "connected") this.#referee.connected(input.peer, now);
    else if (input.type === "data") this.#referee.received(input.peer, input.data, now);
    else if (input.type === "closed") this.#referee.gone(input.peer, now);
    else if (input.type === "session" && input.input.type === "kept" && this.#live.has(nameOf(input.key))) {
      this.#referee.kept(now);
    }
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

  #perform(output: RegistryOutput, now: number): void {
    switch (output.type) {
      case "send":
        this.#referee.sent(output.peer, output.data, this.#liveRecording, now);
        this.#wires.get(output.peer)?.sendDown(output.data);
        return;
      case "close": {
        const wire = this.#wires.get(output.peer);
        this.#referee.closed(output.peer, output.code, output.reason, now);
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
        this.#performForSession(output.key, output.output, now);
        return;
      case "fault":
        // A server ends one session for it and goes on; here nothing may fail in that way.
        throw output.error;
    }
  }

  /** All clients of a run speak of the same session. */
  get #liveRecording(): Recording | undefined {
    return [...this.#live.values()].at(-1);
  }

  #authorize(peer: number): void {
    const life = this.#life;
    this.#options.time.after(this.#options.rng.between(0, this.authorizeMs), () => {
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
    this.#live.set(nameOf(key), recording);
  }

  #performForSession(
    key: SessionKey,
    output: Extract<RegistryOutput, { type: "session" }>["output"],
    now: number,
  ): void {
    const name = nameOf(key);
    const recording = this.#live.get(name);
    if (recording === undefined) throw new Error(`${output.type} for a session that is not open.`);
    if (output.type === "audio") recording.append(output.frame);
    else if (output.type === "end-audio") recording.end();
    else {
      this.#referee.finished(output.reason, now);
      this.#live.delete(name);
      this.finished.push(output.reason);
    }
  }

  #schedule(): void {
    this.#timer.set(this.#registry.wakeAt);
  }
}

const nameOf = ({ sessionId, epoch }: SessionKey): string => `${sessionId}/${epoch}`;
