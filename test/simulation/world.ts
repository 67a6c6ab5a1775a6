import type { SessionEvent } from "../../src/session/session-io.js";
import type { SessionOptions } from "../../src/session/session-options.js";
import { ApplicationError } from "./application-error.js";
import { ClientNode, SAMPLE_RATE } from "./client-node.js";
import { type Conditions, drawConditions, drawKind, type Kind } from "./conditions.js";
import { endSource, leavePage, loseWorkers } from "./farewells.js";
import { FAULTS, TROUBLE_AT_THE_END } from "./faults.js";
import { Liar } from "./liar.js";
import type { Life } from "./life.js";
import { Network } from "./network.js";
import { loseAllHope } from "./refusals.js";
import { Rng } from "./rng.js";
import { ServerNode } from "./server-node.js";
import { takeOver } from "./strangers.js";
import { VirtualTime } from "./virtual-time.js";
import type { Payload, Wire } from "./wire.js";

/** Longer than a run, however often the page's clock jumps. */
const END_TIMEOUT_MS = 1_000_000_000;
/** What the client keeps beyond the acknowledgement. */
const GRACE_SAMPLES = 2 * SAMPLE_RATE;

/** One run of a client against a server: everything about it follows from the seed. */
export class World {
  readonly rng: Rng;
  readonly time: VirtualTime;
  /** The one that is there now. */
  client: ClientNode;
  /** The one whose page has gone away. */
  earlier: ClientNode | undefined;
  readonly server: ServerNode;
  readonly network: Network;
  readonly conditions: Conditions;
  /** Everything that happened, line by line, the same each time. */
  readonly log: string[] = [];
  readonly liar: Liar;
  /** Something happened after which the client may end by itself. */
  mayFail: boolean;
  /** When everything became so bad that the client has to give up. */
  hopelessSince: number | undefined;
  faultsInjected = 0;
  ended: "close" | "abort" | undefined;
  takenOver = false;
  /** When the source ended badly. */
  sourceEndedAt: number | undefined;
  #gapFrames = 0;
  #discardFrames = 0;
  #healed = false;

  /**
   * @param kind replaces the kind of trouble that the seed would draw.
   * @param fixed replaces some of the conditions.
   */
  constructor(seed: number, kind?: Kind, fixed: Partial<Conditions> = {}) {
    const rng = new Rng(seed);
    this.rng = rng;
    this.time = new VirtualTime(rng);
    const drawn = drawKind(rng);
    this.conditions = { ...drawConditions(rng, kind ?? drawn, SAMPLE_RATE), ...fixed };
    const { terms, session, storeDelayMs, framesPerEvent, latencyMs } = this.conditions;
    this.mayFail = session.replay.whenFull === "fail";
    this.liar = new Liar(rng, () => ({
      capturedTo: this.client.capturedTo,
      sentTo: this.client.session.stats.sentPosition,
      heldSamples: this.client.session.stats.bufferedSamples,
      holes: [...this.client.captureGaps, ...this.client.discarded, ...this.client.drops.map(({ range }) => range)],
    }));
    this.server = new ServerNode({ time: this.time, rng, terms, storeDelayMs, framesPerEvent, liar: this.liar });
    this.network = new Network(this.time, rng, this.server, latencyMs);
    this.client = this.#createClient(session);
  }

  #createClient(session: SessionOptions): ClientNode {
    return new ClientNode({
      time: this.time,
      session,
      frameSamples: this.conditions.frameSamples,
      connect: (node, connection) => this.network.connect(node, connection),
      log: (line) => this.note(line),
      onEvent: (event) => this.#hear(event),
      reports: () => this.conditions.kind.fragile && this.rng.chance(0.05),
    });
  }

  /** The client that is there at the end, and before it the one that its page took with it. */
  get lives(): Life[] {
    const { conditions, liar, client, earlier, server } = this;
    const cutShort = this.ended !== "close" || client.failure !== undefined;
    if (earlier === undefined) return [{ client, recordings: server.recordings, conditions, liar, cutShort }];
    const of = ({ epochs }: ClientNode) => server.recordings.filter(({ key }) => epochs.has(key.epoch));
    return [
      { client: earlier, recordings: of(earlier), conditions, liar, cutShort: true },
      { client, recordings: of(client), conditions, liar, cutShort },
    ];
  }

  /** Speaks while faults come, then heals and ends. */
  run(): void {
    const { durationMs, troubleAfterMs, kind, startsAfterMs } = this.conditions;
    if (startsAfterMs === 0) this.client.dispatch({ type: "start" });
    else this.time.at(startsAfterMs, () => this.client.dispatch({ type: "start" }));
    this.#speak();
    this.#misbehave();
    if (this.rng.chance(0.08)) this.#abortAt(this.rng.between(0, durationMs * 1.2));
    if (kind.contested) this.time.at(this.rng.between(0, durationMs), () => takeOver(this));
    if (kind.broken && this.rng.chance(0.7)) this.time.at(this.rng.between(0, durationMs), () => endSource(this));
    if (kind.haunted) this.time.at(this.rng.between(0, durationMs), () => leavePage(this));
    // What the application gave throws on the page, and ends no worker.
    if (kind.fragile && !kind.hostile) loseWorkers(this);
    if (kind.mortal && this.rng.chance(0.4)) this.time.at(this.rng.between(0, durationMs), () => loseAllHope(this));
    // Closing in the middle of trouble is as good a moment as any, and so is one before anything has begun.
    const hasty = startsAfterMs > 0 && this.rng.chance(0.2);
    const late = this.rng.chance(0.5) ? durationMs : durationMs + this.rng.between(0, 3_000);
    const endsAt = hasty ? this.rng.between(0, startsAfterMs) : late;
    this.time.at(endsAt, () => this.#endAtLast("close"));
    while (this.rng.chance(0.4)) {
      this.time.at(endsAt + this.rng.between(-500, 2_500), () => this.#injectOneOf(TROUBLE_AT_THE_END));
    }
    if (kind.leaky) this.time.at(durationMs - this.rng.between(0, 600), () => this.#injectOneOf(["frames are lost"]));
    this.time.at(durationMs + troubleAfterMs, () => this.#heal());
    this.time.run(durationMs + 3_600_000);
  }

  // ---------------------------------------------------------------- faults

  /** The connection in use, unless it is broken already: what is broken cannot be hit. */
  get wire(): Wire | undefined {
    const { current } = this.client;
    return current?.broken === false ? current : undefined;
  }

  cut(how: { flushUp: boolean; flushDown: boolean; serverLearns?: boolean; clientLearns?: boolean }): boolean {
    const wire = this.wire;
    wire?.cut({
      flushUp: how.flushUp,
      flushDown: how.flushDown,
      serverLearnsAfterMs: how.serverLearns === false ? undefined : this.rng.between(0, 200),
      clientLearnsAfterMs: how.clientLearns === false ? undefined : this.rng.between(0, 200),
    });
    return wire !== undefined;
  }

  /** What is held arrives when the hole closes, even if the client has long moved on. */
  hole(lane: "up" | "down"): boolean {
    const wire = this.wire;
    if (wire === undefined) return false;
    wire.troubled = true;
    wire[lane].setHole(true);
    this.time.after(this.rng.pick([300, 1_500, 8_000]) * (0.5 + this.rng.next()), () => wire[lane].setHole(false));
    return true;
  }

  /** Breaks the connection and makes the next ones difficult in one way for a while. */
  outage(how: "refusesUntil" | "hangsUntil" | "flapsUntil" | "slowUntil" | "muteUntil", durationMs: number): boolean {
    this.network[how] = this.time.now + durationMs;
    return this.cut({ flushUp: false, flushDown: false });
  }

  /** The next connection breaks while the server answers, between what it replays. */
  breakNext(messages: number): boolean {
    this.network.breaksNextAfter = messages;
    return this.cut({ flushUp: false, flushDown: false });
  }

  /** Messages have to go before they are delivered, and more of them while the rest is being replayed. */
  breakInOutburst(messages: number): boolean {
    this.burst(this.rng.whole(5, 30));
    this.time.after(this.rng.between(50, 500), () => this.burst(this.rng.whole(1, 10)));
    return this.breakNext(messages);
  }

  /** Tokens take long to check, some longer than others, so connections can overtake each other. */
  checkTokensSlowly(durationMs: number): boolean {
    this.server.authorizeMs = 700;
    this.time.after(durationMs, () => {
      this.server.authorizeMs = 20;
    });
    return true;
  }

  throttle(): boolean {
    const wire = this.wire;
    if (wire === undefined) return false;
    const { conditions } = wire.up;
    wire.troubled = true;
    // Audio alone is 16 bytes a millisecond.
    wire.up.conditions = { ...conditions, bytesPerMs: this.rng.between(4, 40) };
    this.time.after(this.rng.between(200, 12_000), () => {
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
    const { forgetful, contested } = this.conditions.kind;
    // What session.end confirmed, or a session held that another tab took over, is nobody's to send again.
    if (this.server.saidLast || contested || this.client.session.done) return false;
    const samples = this.rng.whole(1, GRACE_SAMPLES * (forgetful ? 2 : 1));
    return this.server.crash(samples, forgetful ? Number.POSITIVE_INFINITY : GRACE_SAMPLES);
  }

  /** A client that has made many connections takes long to come back from a planned move. */
  goAway(): boolean {
    return (this.client.connections < 8 || this.rng.chance(0.05)) && this.server.goAway();
  }

  burst(messages: number): boolean {
    return !this.client.session.done && this.server.burst(messages);
  }

  jumpClock(aheadMs: number): boolean {
    this.client.jumpClock(aheadMs);
    return true;
  }

  /** The timer for the answer to a probe comes late because the page slept, not because the link is dead. */
  sleepOverProbe(durationMs: number): boolean {
    this.client.dispatch({ type: "probe" });
    return this.jumpClock(durationMs);
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
    const wire = this.wire;
    wire?.sendDown(data);
    return wire !== undefined;
  }

  /** Whatever a client says shows that it got its answer, so nothing is put in its mouth before. */
  sayToServer(data: Payload): boolean {
    const wire = this.wire;
    if (wire === undefined || !this.client.answered) return false;
    wire.inject(data);
    return true;
  }

  repeatFrame(): boolean {
    const frames = this.wire?.recentFrames ?? [];
    return frames.length > 0 && this.sayToServer(this.rng.pick(frames));
  }

  /**
   * A gap declared by the next frame would cover the lost one, so frames get lost only where there are no gaps. What is
   * sent again after a loss arrives: a WebSocket that loses anything at all is broken enough.
   */
  loseFrames(count: number): boolean {
    const wire = this.wire;
    const healed = wire !== undefined && wire.losesFrames === 0 && wire.lostTo <= this.server.takenTo;
    if (!healed || !this.conditions.kind.leaky) return false;
    wire.losesFrames = count;
    return true;
  }

  leaveGap(frames: number): boolean {
    if (this.conditions.kind.leaky || this.#gapFrames > 0 || this.time.now >= this.conditions.durationMs) return false;
    this.#gapFrames = frames;
    return true;
  }

  /** An encoder fails, or its thread stands still: what it was given never becomes a frame. */
  loseInEncoder(frames: number): boolean {
    if (this.conditions.kind.leaky || this.#discardFrames > 0 || this.time.now >= this.conditions.durationMs)
      return false;
    this.#discardFrames = frames;
    return true;
  }

  // ---------------------------------------------------------------- life

  /** Another page has taken the place of the one that went away, and asks for the session that it had. */
  reload(): void {
    const { session } = this.conditions;
    this.note("the page is loaded again");
    this.earlier = this.client;
    const takeover = this.rng.chance(0.5);
    const { retry } = session;
    // A policy need not respect how long the server wants to be left alone, and asks again for minutes.
    const patient = retry && { ...retry, policy: takeover ? retry.policy : undefined };
    this.client = this.#createClient({ ...session, clientId: "reload", takeover, retry: patient });
    this.client.dispatch({ type: "start" });
    this.#speak();
  }

  /** A listener or a logger of the application's. */
  #hear({ type }: SessionEvent): void {
    if (!this.conditions.kind.hostile || !this.rng.chance(type === "message" ? 0.01 : 0.05)) return;
    throw new ApplicationError(`a listener of ${type} threw`);
  }

  #speak(): void {
    const { durationMs, frameSamples, sourceSpeed } = this.conditions;
    const { client } = this;
    const next = () => {
      if (this.ended !== undefined || client.session.done || client.gone || this.time.now >= durationMs) return;
      if (this.#discardFrames > 0) {
        client.discard(this.#discardFrames);
        this.#discardFrames = 0;
      }
      // Every other gap is silence that is left out; the others are time in which nothing was captured.
      const isSilence = this.#gapFrames % 2 === 0;
      if (isSilence) client.withhold(this.#gapFrames);
      client.capture(isSilence ? 0 : this.#gapFrames);
      this.#gapFrames = 0;
      this.time.after((frameSamples / SAMPLE_RATE / sourceSpeed) * 1_000, next);
    };
    next();
  }

  #misbehave(): void {
    const { durationMs, troubleAfterMs, faultsPerSecond } = this.conditions;
    // A run that knows few kinds of trouble meets combinations of them that one which knows all never would.
    const some = this.rng.chance(0.75);
    const names = Object.keys(FAULTS).filter(() => !some || this.rng.chance(0.3));
    const next = () => {
      const over = this.client.session.done && this.server.sessionCount === 0;
      if (this.#healed || over || this.time.now > durationMs + troubleAfterMs) return;
      // Trouble hits a client that is down only now and then: it has nothing left to lose there.
      if (!this.client.answered && this.rng.chance(0.9)) {
        this.time.after(this.rng.between(0, 100), next);
        return;
      }
      if (names.length > 0) this.#injectOneOf(names);
      // And it seldom comes alone.
      const delayMs = this.rng.chance(0.3)
        ? this.rng.between(0, 60)
        : (-Math.log(1 - this.rng.next()) / faultsPerSecond) * 1_000;
      this.time.after(delayMs, next);
    };
    this.time.after(this.rng.between(0, 300), next);
  }

  #injectOneOf(names: readonly string[]): void {
    for (let tries = 0; tries < 8; tries += 1) {
      const name = this.rng.pick(names);
      const lines = this.log.length;
      this.note(name);
      if (FAULTS[name]?.(this)) {
        this.faultsInjected += 1;
        return;
      }
      this.log.length = lines;
    }
  }

  /** The goodbye may be lost as well: then only silence tells the server. */
  #abortAt(time: number): void {
    this.time.at(time, () => {
      if (this.rng.chance(0.5)) this.#injectOneOf(["cut, nobody learns"]);
      this.#endAtLast("abort");
    });
  }

  #endAtLast(how: "close" | "abort"): void {
    // Where no code runs, nobody can ask for an end.
    if (this.client.gone) {
      this.time.after(500, () => this.#endAtLast(how));
      return;
    }
    const { mortal } = this.conditions.kind;
    const timeoutMs = mortal && this.rng.chance(0.4) ? this.rng.between(0, 5_000) : END_TIMEOUT_MS;
    if (timeoutMs < END_TIMEOUT_MS) this.mayFail = true;
    this.end(how, timeoutMs);
  }

  /** @param timeoutMs how long a close may take. */
  end(how: "close" | "abort", timeoutMs: number): void {
    if (this.ended === "abort" || (this.ended === "close" && how === "close")) return;
    this.ended = how;
    this.note(how);
    this.client.dispatch(how === "close" ? { type: "end", timeoutMs } : { type: "abort" });
  }

  #heal(): void {
    this.#healed = true;
    this.liar.repent();
    // What a liar swallowed last comes with the next replay.
    if (this.conditions.kind.lying) this.cut({ flushUp: true, flushDown: true });
    if (this.hopelessSince !== undefined) return;
    this.client.throttleMs = 0;
    this.server.authorizeMs = 20;
    this.network.heal();
  }

  /** Adds a line to the log. */
  note(line: string): void {
    this.log.push(`${this.time.now} ${line}`);
  }
}
