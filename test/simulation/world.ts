import type { ServerTerms } from "../../examples/server/protocol-io.js";
import type { SessionOptions } from "../../src/session/session-options.js";
import { ClientNode, FRAME_SAMPLES, SAMPLE_RATE } from "./client-node.js";
import { FAULTS, strangersOpening } from "./faults.js";
import { Rng } from "./rng.js";
import { ServerNode } from "./server-node.js";
import { VirtualTime } from "./virtual-time.js";
import { Wire, type WireConditions } from "./wire.js";

const FRAME_MS = (FRAME_SAMPLES / SAMPLE_RATE) * 1_000;

/** One run of a client against a server: everything about it follows from the seed. */
export class World {
  readonly rng: Rng;
  readonly time: VirtualTime;
  readonly client: ClientNode;
  readonly server: ServerNode;
  readonly options: SessionOptions;
  readonly allowsStateLoss: boolean;
  /** The replay buffer is too small for the outages that may come. */
  readonly mayOverflow: boolean;
  readonly log: string[] = [];
  captureGap = 0;
  faultsInjected = 0;
  ended: "close" | "abort" | undefined;
  /** Positions that capture left out. */
  readonly captureGaps: { from: number; to: number }[] = [];
  readonly #wires: Wire[] = [];
  #refuseUntil = 0;
  #hangUntil = 0;
  #healed = false;

  constructor(seed: number) {
    this.rng = new Rng(seed);
    this.time = new VirtualTime(this.rng);
    const { rng } = this;
    this.allowsStateLoss = rng.chance(0.3);
    this.mayOverflow = rng.chance(0.25);
    this.options = {
      sessionId: "session",
      clientId: "client",
      takeover: false,
      agent: "simulation",
      format: { encoding: "pcm_s16le", sampleRate: SAMPLE_RATE, channels: 1 },
      replay: {
        maxDurationMs: this.mayOverflow ? rng.between(1_000, 6_000) : 600_000,
        maxBytes: this.mayOverflow && rng.chance(0.5) ? rng.whole(20_000, 60_000) : 100_000_000,
        whenFull: "drop-oldest",
      },
      retry: {
        initialDelayMs: 250,
        maxDelayMs: 2_000,
        factor: 2,
        jitterRatio: 1,
        maxAttempts: Number.POSITIVE_INFINITY,
        maxElapsedMs: Number.POSITIVE_INFINITY,
        policy: undefined,
      },
      connectTimeoutMs: rng.between(1_000, 5_000),
      heartbeat: { intervalMs: rng.between(500, 10_000), timeoutMs: rng.between(500, 5_000) },
      renewableToken: false,
      random: () => rng.next(),
    };
    const terms: ServerTerms = {
      heartbeatIntervalMs: rng.whole(500, 5_000),
      heartbeatTimeoutMs: 30_000,
      resumeTtlMs: 600_000,
      resumeMaxEvents: rng.chance(0.3) ? rng.whole(4, 20) : 500,
      maxInFlight: rng.whole(2, 64),
      maxMessageBytes: 131_072,
      windowMs: rng.whole(200, 10_000),
      pace: rng.between(2, 20),
      snapshotFinals: 10,
    };
    this.server = new ServerNode({
      time: this.time,
      rng,
      terms,
      storeDelayMs: rng.pick([0, 50, 300, 1_500]),
      framesPerEvent: rng.whole(1, 20),
    });
    this.client = new ClientNode({
      time: this.time,
      session: this.options,
      connect: (node, connection) => this.#connect(node, connection),
    });
  }

  /** Speaks for `durationMs` while faults come `faultsPerSecond` times a second, then heals and ends. */
  run(durationMs: number, faultsPerSecond: number): void {
    this.client.dispatch({ type: "start" });
    this.#speak(durationMs);
    this.#misbehave(durationMs, faultsPerSecond);
    const abortAt = this.rng.chance(0.05) ? this.rng.between(0, durationMs * 1.2) : undefined;
    if (abortAt !== undefined) this.time.at(abortAt, () => this.#end("abort"));
    // Closing in the middle of trouble is as good a moment as any.
    this.time.at(this.rng.chance(0.5) ? durationMs : durationMs + this.rng.between(0, 3_000), () => this.#end("close"));
    this.time.at(durationMs + 4_000, () => this.#heal());
    this.time.run(durationMs + 3_600_000);
  }

  // ---------------------------------------------------------------- faults

  cut(how: { flushUp: boolean; flushDown: boolean; serverLearns?: boolean; clientLearns?: boolean }): void {
    this.client.current?.cut({
      flushUp: how.flushUp,
      flushDown: how.flushDown,
      serverLearnsAfterMs: how.serverLearns === false ? undefined : this.rng.between(0, 200),
      clientLearnsAfterMs: how.clientLearns === false ? undefined : this.rng.between(0, 200),
    });
  }

  /** What is held arrives when the hole closes, even if the client has long moved on. */
  hole(lane: "up" | "down"): void {
    const wire = this.client.current;
    wire?.[lane].setHole(true);
    this.time.after(this.rng.between(100, 12_000), () => wire?.[lane].setHole(false));
  }

  refuseFor(durationMs: number): void {
    this.#refuseUntil = this.time.now + durationMs;
  }

  hangFor(durationMs: number): void {
    this.#hangUntil = this.time.now + durationMs;
  }

  throttle(): void {
    const wire = this.client.current;
    if (wire === undefined) return;
    const { conditions } = wire.up;
    // Audio alone is 16 bytes a millisecond.
    wire.up.conditions = { ...conditions, bytesPerMs: this.rng.between(4, 40) };
    this.time.after(this.rng.between(200, 4_000), () => {
      wire.up.conditions = conditions;
    });
  }

  /**
   * A server cannot tell who was there first before it has got audio, nor after it has lost its memory, so strangers
   * come only in between.
   */
  intrude(kind: "hello" | "resume"): void {
    const hasAudio = this.server.recordings.some(({ kept }) => kept.length > 0);
    if (this.allowsStateLoss || !hasAudio || this.ended !== undefined) return;
    const wire = this.#wire({
      onMessage: (data) => {
        const admitted = String(data).includes('"t":"server.welcome"');
        if (admitted && this.server.finished.length === 0) throw new Error(`A stranger was let in by ${kind}.`);
      },
      onClose: () => {},
    });
    wire.sendUp(strangersOpening(this, kind));
    this.time.after(2_000, () => wire.closeByClient(1000, ""));
  }

  // ---------------------------------------------------------------- life

  #speak(durationMs: number): void {
    const next = () => {
      if (this.ended !== undefined || this.time.now >= durationMs) return;
      if (this.captureGap > 0) {
        const from = this.client.capturedTo;
        this.captureGaps.push({ from, to: from + this.captureGap * FRAME_SAMPLES });
      }
      this.client.capture(this.captureGap);
      this.captureGap = 0;
      this.time.after(FRAME_MS, next);
    };
    next();
  }

  #misbehave(durationMs: number, faultsPerSecond: number): void {
    const names = Object.keys(FAULTS);
    const next = () => {
      if (this.#healed || this.time.now > durationMs + 4_000) return;
      const name = this.rng.pick(names);
      this.log.push(`${this.time.now.toFixed(1)} ${name}`);
      this.faultsInjected += 1;
      FAULTS[name]?.(this);
      this.time.after((-Math.log(1 - this.rng.next()) / faultsPerSecond) * 1_000, next);
    };
    this.time.after(this.rng.between(0, 1_000), next);
  }

  #end(how: "close" | "abort"): void {
    if (this.ended === "abort" || (this.ended === "close" && how === "close")) return;
    this.ended = how;
    this.log.push(`${this.time.now.toFixed(1)} ${how}`);
    this.client.dispatch(how === "close" ? { type: "end", timeoutMs: 3_000_000 } : { type: "abort" });
  }

  #heal(): void {
    this.#healed = true;
    this.#refuseUntil = 0;
    this.#hangUntil = 0;
    this.client.throttleMs = 0;
    for (const wire of this.#wires) {
      wire.up.setHole(false);
      wire.down.setHole(false);
    }
  }

  get openWires(): number {
    return this.#wires.filter((wire) => wire.open).length;
  }

  #connect(node: ClientNode, connection: number): void {
    const latency = this.rng.between(0, 40);
    if (this.time.now < this.#hangUntil) return;
    this.time.after(latency, () => {
      if (this.time.now < this.#refuseUntil) {
        node.dispatch({ type: "lost", connection, loss: { kind: "closed", code: 1006, reason: "" } });
        return;
      }
      const wire = this.#wire({
        onMessage: (data) => node.dispatch({ type: "message", connection, data }),
        onClose: (code, reason) => node.dispatch({ type: "lost", connection, loss: { kind: "closed", code, reason } }),
      });
      node.connected(connection, wire);
    });
  }

  #wire(client: ConstructorParameters<typeof Wire>[0]["client"]): Wire {
    const { rng } = this;
    const conditions: WireConditions = {
      latencyMs: rng.between(0, 150),
      jitterMs: rng.between(0, 50),
      bytesPerMs: rng.between(100, 10_000),
    };
    let peer = 0;
    const wire = new Wire({
      time: this.time,
      rng,
      conditions,
      client,
      server: {
        onMessage: (data) => this.server.received(peer, data),
        onClose: (code) => this.server.closed(peer, code),
      },
    });
    peer = this.server.accept(wire);
    this.#wires.push(wire);
    return wire;
  }
}
