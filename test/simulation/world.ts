import { ClientNode, SAMPLE_RATE } from "./client-node.js";
import { type Conditions, drawConditions, drawKind, type Kind } from "./conditions.js";
import { FAULTS, strangersOpening } from "./faults.js";
import type { LaneConditions } from "./lane.js";
import type { Range } from "./ranges.js";
import { Foul } from "./referee.js";
import { Rng } from "./rng.js";
import { ServerNode } from "./server-node.js";
import { VirtualTime } from "./virtual-time.js";
import { type Payload, Wire } from "./wire.js";

/** How long trouble goes on after the last word was spoken. */
const TROUBLE_AFTER_MS = 4_000;
/** What the client keeps beyond the acknowledgement. */
const GRACE_SAMPLES = 2 * SAMPLE_RATE;

/** One run of a client against a server: everything about it follows from the seed. */
export class World {
  readonly rng: Rng;
  readonly time: VirtualTime;
  readonly client: ClientNode;
  readonly server: ServerNode;
  readonly conditions: Conditions;
  /** Everything that happened, line by line, the same each time. */
  readonly log: string[] = [];
  /** Positions that capture left out. */
  readonly captureGaps: Range[] = [];
  faultsInjected = 0;
  ended: "close" | "abort" | undefined;
  takenOver = false;
  readonly #wires: Wire[] = [];
  #gapFrames = 0;
  #refuseUntil = 0;
  #hangUntil = 0;
  #flapUntil = 0;
  #healed = false;

  constructor(seed: number, kind?: Kind) {
    const rng = new Rng(seed);
    this.rng = rng;
    this.time = new VirtualTime(rng);
    const drawn = drawKind(rng);
    this.conditions = drawConditions(rng, kind ?? drawn, SAMPLE_RATE);
    const { terms, session, storeDelayMs, framesPerEvent, frameSamples } = this.conditions;
    this.server = new ServerNode({ time: this.time, rng, terms, storeDelayMs, framesPerEvent });
    this.client = new ClientNode({
      time: this.time,
      session,
      frameSamples,
      connect: (node, connection) => this.#connect(node, connection),
      log: (line) => this.#log(line),
    });
  }

  /** The client had to stop before it could hear everything. */
  get cutShort(): boolean {
    return this.ended !== "close" || this.client.failure !== undefined;
  }

  /** Speaks while faults come, then heals and ends. */
  run(): void {
    const { durationMs, kind } = this.conditions;
    this.client.dispatch({ type: "start" });
    this.#speak();
    this.#misbehave();
    if (this.rng.chance(0.05)) this.time.at(this.rng.between(0, durationMs * 1.2), () => this.#end("abort"));
    if (kind.contested) this.time.at(this.rng.between(0, durationMs), () => this.#takeOver());
    // Closing in the middle of trouble is as good a moment as any.
    this.time.at(this.rng.chance(0.5) ? durationMs : durationMs + this.rng.between(0, 3_000), () => this.#end("close"));
    this.time.at(durationMs + TROUBLE_AFTER_MS, () => this.#heal());
    this.time.run(durationMs + 3_600_000);
  }

  // ---------------------------------------------------------------- faults

  cut(how: { flushUp: boolean; flushDown: boolean; serverLearns?: boolean; clientLearns?: boolean }): boolean {
    this.client.current?.cut({
      flushUp: how.flushUp,
      flushDown: how.flushDown,
      serverLearnsAfterMs: how.serverLearns === false ? undefined : this.rng.between(0, 200),
      clientLearnsAfterMs: how.clientLearns === false ? undefined : this.rng.between(0, 200),
    });
    return this.client.current !== undefined;
  }

  /** What is held arrives when the hole closes, even if the client has long moved on. */
  hole(lane: "up" | "down"): boolean {
    const wire = this.client.current;
    if (wire === undefined) return false;
    wire.troubled = true;
    wire[lane].setHole(true);
    this.time.after(this.rng.between(100, 12_000), () => wire[lane].setHole(false));
    return true;
  }

  refuseFor(durationMs: number): boolean {
    this.#refuseUntil = this.time.now + durationMs;
    return this.cut({ flushUp: false, flushDown: false });
  }

  hangFor(durationMs: number): boolean {
    this.#hangUntil = this.time.now + durationMs;
    return this.cut({ flushUp: false, flushDown: false });
  }

  flapFor(durationMs: number): boolean {
    this.#flapUntil = this.time.now + durationMs;
    return this.cut({ flushUp: false, flushDown: false });
  }

  throttle(): boolean {
    const wire = this.client.current;
    if (wire === undefined) return false;
    const { conditions } = wire.up;
    wire.troubled = true;
    // Audio alone is 16 bytes a millisecond.
    wire.up.conditions = { ...conditions, bytesPerMs: this.rng.between(4, 40) };
    this.time.after(this.rng.between(200, 4_000), () => {
      wire.up.conditions = conditions;
    });
    return true;
  }

  restart(): boolean {
    if (!this.conditions.kind.forgetful) return false;
    this.server.restart();
    return true;
  }

  crashLosingWrites(): boolean {
    // What session.end confirmed is nobody's to send again.
    if (this.server.drained) return false;
    const { forgetful } = this.conditions.kind;
    const samples = this.rng.whole(1, GRACE_SAMPLES * (forgetful ? 2 : 1));
    return this.server.crash(samples, forgetful ? Number.POSITIVE_INFINITY : GRACE_SAMPLES);
  }

  jumpClock(aheadMs: number): boolean {
    this.client.jumpClock(aheadMs);
    return true;
  }

  putAway(durationMs: number): boolean {
    this.client.dispatch({ type: "suspend" });
    this.time.after(durationMs, () => this.client.dispatch({ type: "probe" }));
    return true;
  }

  probe(): boolean {
    this.client.dispatch({ type: "probe" });
    return true;
  }

  sayToClient(data: Payload): boolean {
    const wire = this.client.current;
    wire?.sendDown(data);
    return wire !== undefined;
  }

  /** Whatever a client says shows that it got its answer, so nothing is put in its mouth before. */
  sayToServer(data: Payload): boolean {
    const wire = this.client.current;
    if (wire === undefined || !this.client.answered) return false;
    wire.inject(data);
    return true;
  }

  repeatFrame(): boolean {
    const frame = this.client.current?.lastFrame;
    return frame !== undefined && this.sayToServer(frame);
  }

  /** A gap declared by the next frame would cover the lost one, so frames get lost only where there are no gaps. */
  loseFrame(): boolean {
    const wire = this.client.current;
    if (wire === undefined || !this.conditions.kind.leaky) return false;
    wire.losesNextFrame = true;
    return true;
  }

  leaveGap(frames: number): boolean {
    if (this.conditions.kind.leaky || this.#gapFrames > 0 || this.time.now >= this.conditions.durationMs) return false;
    this.#gapFrames = frames;
    return true;
  }

  /**
   * A server cannot tell who was there first before it has got audio, nor after it has lost its memory, so strangers
   * come only in between.
   */
  intrude(kind: "hello" | "resume"): boolean {
    const { forgetful, contested } = this.conditions.kind;
    const hasAudio = this.server.recordings.some(({ kept }) => kept.length > 0);
    if (forgetful || contested || !hasAudio || this.ended !== undefined) return false;
    this.#stranger(strangersOpening(this, kind), (data) => {
      const admitted = String(data).includes('"t":"server.welcome"');
      if (admitted && this.server.finished.length === 0) throw new Foul(`A stranger was let in by ${kind}.`);
    });
    return true;
  }

  #takeOver(): void {
    this.takenOver = true;
    this.#log("another tab takes over");
    this.#stranger(strangersOpening(this, "takeover"), () => {});
  }

  #stranger(opening: string, onMessage: (data: Payload) => void): void {
    const wire = this.#wire({ onMessage, onClose: () => {} });
    wire.sendUp(opening);
    this.time.after(2_000, () => wire.closeByClient(1000, ""));
  }

  // ---------------------------------------------------------------- life

  #speak(): void {
    const { durationMs, frameSamples } = this.conditions;
    const next = () => {
      if (this.ended !== undefined || this.client.session.done || this.time.now >= durationMs) return;
      if (this.#gapFrames > 0) {
        const from = this.client.capturedTo;
        this.captureGaps.push({ from, to: from + this.#gapFrames * frameSamples });
      }
      this.client.capture(this.#gapFrames);
      this.#gapFrames = 0;
      this.time.after((frameSamples / SAMPLE_RATE) * 1_000, next);
    };
    next();
  }

  #misbehave(): void {
    const { durationMs, faultsPerSecond } = this.conditions;
    const names = Object.keys(FAULTS);
    const next = () => {
      const over = this.client.session.done && this.server.sessionCount === 0;
      if (this.#healed || over || this.time.now > durationMs + TROUBLE_AFTER_MS) return;
      this.#injectOneOf(names);
      // Trouble seldom comes alone.
      const delayMs = this.rng.chance(0.3)
        ? this.rng.between(0, 60)
        : (-Math.log(1 - this.rng.next()) / faultsPerSecond) * 1_000;
      this.time.after(delayMs, next);
    };
    this.time.after(this.rng.between(0, 1_000), next);
  }

  #injectOneOf(names: readonly string[]): void {
    for (let tries = 0; tries < 8; tries += 1) {
      const name = this.rng.pick(names);
      const lines = this.log.length;
      this.#log(name);
      if (FAULTS[name]?.(this)) {
        this.faultsInjected += 1;
        return;
      }
      this.log.length = lines;
    }
  }

  #end(how: "close" | "abort"): void {
    if (this.ended === "abort" || (this.ended === "close" && how === "close")) return;
    this.ended = how;
    this.#log(how);
    this.client.dispatch(how === "close" ? { type: "end", timeoutMs: 3_000_000 } : { type: "abort" });
  }

  #heal(): void {
    this.#healed = true;
    this.#refuseUntil = 0;
    this.#hangUntil = 0;
    this.#flapUntil = 0;
    this.client.throttleMs = 0;
    for (const wire of this.#wires) {
      wire.up.setHole(false);
      wire.down.setHole(false);
    }
  }

  #log(line: string): void {
    this.log.push(`${this.time.now} ${line}`);
  }

  // ---------------------------------------------------------------- connections

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
    const conditions: LaneConditions = {
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
    this.#wires.push(wire);
    if (this.time.now < this.#flapUntil) wire.closeByServer(1011, "internal error");
    else peer = this.server.accept(wire);
    return wire;
  }
}
