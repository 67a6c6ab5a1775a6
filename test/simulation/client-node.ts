import { AudioStreamError } from "../../src/errors.js";
import { NOTHING_LEFT, nextCheckpoint } from "../../src/host/worker/restored.js";
import { Session } from "../../src/session/session.js";
import type {
  ConnectionId,
  Reconnection,
  SessionCheckpoint,
  SessionEvent,
  SessionInput,
  SessionOutput,
} from "../../src/session/session-io.js";
import type { SessionOptions } from "../../src/session/session-options.js";
import { ApplicationError } from "./application-error.js";
import { ClientReferee } from "./client-referee.js";
import { type Death, type HowItEnds, type HowItStarts, MAX_DEATHS } from "./death.js";
import { checkGrowth } from "./growth.js";
import type { Range } from "./ranges.js";
import { Foul } from "./referee.js";
import { samplesAt } from "./samples.js";
import { Timer } from "./timer.js";
import type { VirtualTime } from "./virtual-time.js";
import type { Payload, Wire } from "./wire.js";

export const SAMPLE_RATE = 8_000;

/** Bytes that an operating system takes off a socket before it counts as buffered. */
const SYSTEM_BUFFER_BYTES = 8_192;

export interface ClientNodeOptions {
  readonly time: VirtualTime;
  readonly session: SessionOptions;
  readonly frameSamples: number;
  /** Makes a connection; the wire, or the failure, is told later. */
  connect(node: ClientNode, connection: ConnectionId): void;
  log(line: string): void;
  /** What the application does with an event; may throw {@link ApplicationError}. */
  onEvent(event: SessionEvent): void;
  /** Whether the worker tells the page something just now that is no event of the session, such as a level. */
  reports(): boolean;
}

/** Something the page learned, and when by its own clock. */
export interface Told {
  readonly at: number;
  readonly event: SessionEvent;
}

/** A loss that the page learned of. */
export interface ToldDrop {
  readonly range: Range;
  /** By the page's own clock. */
  readonly at: number;
  /** The server was known to keep everything before this position. */
  readonly acknowledged: number;
  /** The session ended in the same step. */
  readonly final: boolean;
  /** A server that knew nothing of the session answered in the same step. */
  readonly anew: boolean;
  /** A connection was answered in the same step. */
  readonly answered: boolean;
  /** Counts what the client was told to do. */
  readonly step: number;
}

/** A client as its driver runs it, with a clock that can jump ahead and a page that can sleep. */
export class ClientNode {
  #session: Session;
  readonly told: Told[] = [];
  readonly drops: ToldDrop[] = [];
  /** Positions that capture left out. */
  readonly captureGaps: Range[] = [];
  /** Samples that were left out because nobody spoke; among the gaps as well. */
  withheld = 0;
  /** What an encoder lost, or what a source gave after it had ended. */
  readonly discarded: Range[] = [];
  /** Workers that died. */
  readonly deaths: Death[] = [];
  readonly #options: ClientNodeOptions;
  readonly #referee: ClientReferee;
  readonly #wires = new Map<ConnectionId, Wire>();
  readonly #timer: Timer;
  #current: ConnectionId | undefined;
  #asleep: SessionInput[] | undefined;
  #timersStandUntil = 0;
  #clockOffset = 0;
  #disturbedAt = Number.NEGATIVE_INFINITY;
  #next = 0;
  #steps = 0;
  /** Audio before this position was kept, as far as the client knew before this step. */
  #known = 0;
  /** Added to every timer, as background throttling does. */
  throttleMs = 0;
  /** How many connections were asked for. */
  connections = 0;
  /** When the session ended, by the world's clock. */
  doneAt: number | undefined;
  /** When something of the application's threw, by the world's clock. */
  threwAt: number | undefined;
  /** What the page knows, should the worker die. */
  #checkpoint: SessionCheckpoint = NOTHING_LEFT;
  /** The worker does nothing any more. */
  #dying: { readonly ends: HowItEnds; readonly starts: HowItStarts } | undefined;
  /** What the page keeps for a worker that has not started yet. */
  #starting: { readonly captured: number; readonly inputs: SessionInput[] } | undefined;
  /** There are no workers any more, and the page does their work. */
  #isOnPage = false;
  #isStarted = false;
  #end: SessionInput | undefined;
  #gone: "said goodbye" | "crashed" | undefined;
  /** The outage during which the session ended had lasted as long as the application allows. */
  outlastedBudget = false;

  constructor(options: ClientNodeOptions) {
    this.#options = options;
    this.#session = new Session(options.session);
    this.#referee = new ClientReferee(options.session);
    this.#timer = new Timer(options.time, () => this.#wake());
  }

  get session(): Session {
    return this.#session;
  }

  /** The connection in use, if there is one. */
  get current(): Wire | undefined {
    return this.#current === undefined ? undefined : this.#wires.get(this.#current);
  }

  /** The server has said on this connection where it stands. */
  get answered(): boolean {
    return this.#gone === undefined && this.#referee.answered;
  }

  get frameSamples(): number {
    return this.#options.frameSamples;
  }

  /** Audio before this position is kept, as far as the client knows. */
  get acknowledged(): number {
    return this.#referee.acknowledged;
  }

  /** The lineages that a server told it of. */
  get epochs(): ReadonlySet<number> {
    return this.#referee.epochs;
  }

  /** A server has named a time at which a session that hangs on another client is free. */
  get waitedForAnother(): boolean {
    return this.#referee.waitedForAnother;
  }

  get takesOver(): boolean {
    return this.#options.session.takeover;
  }

  /** No further code runs on the page. */
  get gone(): boolean {
    return this.#gone !== undefined;
  }

  /** It went without a word. */
  get crashed(): boolean {
    return this.#gone === "crashed";
  }

  /** When its timers or its clock were disturbed last, by the world's clock. */
  get disturbedAt(): number {
    return this.#disturbedAt;
  }

  get capturedTo(): number {
    return this.#next;
  }

  /** Code of the error that ended the session. */
  get failure(): string | undefined {
    const last = this.told.at(-1)?.event;
    return last?.type === "failed" ? last.error.code : undefined;
  }

  /** Connections that the client has neither given up nor lost. */
  get openConnections(): number {
    return [...this.#wires.values()].filter((wire) => wire.clientOpen).length;
  }

  dispatch(input: SessionInput): void {
    if (this.#gone !== undefined) return;
    if (this.#asleep !== undefined) {
      this.#asleep.push(input);
      return;
    }
    if (input.type === "start") this.#isStarted = true;
    if (input.type === "end") this.#end = input;
    // The page ends a worker that does not say goodbye in time.
    if (input.type === "abort") {
      this.#endWorker();
      this.#startWorker();
    }
    if (this.#starting !== undefined) {
      if (PAGE_INPUTS.has(input.type)) this.#starting.inputs.push(input);
    } else if (this.#dying === undefined) this.#take(input);
  }

  #take(input: SessionInput): void {
    const buffered = Math.max(0, (this.current?.up.queuedBytes ?? 0) - SYSTEM_BUFFER_BYTES);
    this.#known = this.#referee.acknowledged;
    this.#referee.before(input, this.#now, buffered);
    if (input.type === "lost" && input.connection === this.#current) this.#current = undefined;
    const drops: Pick<ToldDrop, "range" | "acknowledged" | "step">[] = [];
    this.#steps += 1;
    let connected: Reconnection | true | undefined;
    let error: AudioStreamError | undefined;
    let tells = this.#options.reports();
    this.#handle(input, buffered, (output) => {
      if (output.type === "event") {
        const { event } = output;
        if (event.type !== "acknowledged") tells = true;
        if (event.type === "drop") drops.push({ range: event.range, acknowledged: this.#known, step: this.#steps });
        if (event.type === "connected") connected = event.reconnection ?? true;
        if (event.type === "failed") error = event.error;
      }
      this.#perform(output);
    });
    const final = this.session.done;
    if (final && this.doneAt === undefined) {
      this.doneAt = this.#options.time.now;
      this.outlastedBudget = this.#referee.outlastedBudget;
    }
    const answered = connected !== undefined;
    const anew = connected === true || connected?.resumed === false;
    for (const drop of drops) this.drops.push({ ...drop, at: this.#now, final, anew, answered });
    this.#referee.after(this.session, input, error);
    if (tells) this.#tellPage();
    this.#schedule();
  }

  /** Does what the driver does if something of the application's throws: all the rest, and then it aborts the session. */
  #handle(input: SessionInput, buffered: number, perform: (output: SessionOutput) => void): void {
    let cause: ApplicationError | undefined;
    const wasDone = this.session.done;
    const guard = (work: () => void): void => {
      try {
        work();
      } catch (error) {
        if (!(error instanceof ApplicationError)) throw error;
        cause ??= error;
      }
    };
    const handle = (next: SessionInput): void =>
      guard(() => {
        for (const output of this.session.handle(next, this.#now, buffered)) guard(() => perform(output));
      });
    handle(input);
    // A listener that hears of a loss after the end has nothing left to end.
    if (cause === undefined || wasDone) return;
    this.threwAt = this.#options.time.now;
    // The abort is a step of its own, in which the client knows what this one has told it.
    this.#steps += 1;
    this.#known = this.#referee.acknowledged;
    handle({ type: "abort" });
    const error = new AudioStreamError("internal-error", cause.message, { details: undefined });
    perform({ type: "event", event: { type: "failed", error } });
  }

  /** Captures one frame; `gapFrames` of audio before it never existed. */
  capture(gapFrames: number): void {
    const { frameSamples } = this.#options;
    const position = this.#next + gapFrames * frameSamples;
    if (gapFrames > 0) this.captureGaps.push({ from: this.#next, to: position });
    this.#next = position + frameSamples;
    const payload = samplesAt(position, frameSamples);
    this.dispatch({ type: "frame", frame: { position, sampleCount: frameSamples, payload, flags: 0 } });
  }

  /** Nobody speaks for so many frames, which are left out. */
  withhold(frames: number): void {
    const { frameSamples } = this.#options;
    for (let index = 0; index < frames; index += 1) {
      const position = this.#next;
      this.#next += frameSamples;
      this.captureGaps.push({ from: position, to: this.#next });
      this.withheld += frameSamples;
      const frame = { position, sampleCount: frameSamples, payload: new Uint8Array(), flags: 0 };
      this.dispatch({ type: "frame", frame });
    }
  }

  /** Audio of so many frames is lost before it becomes any, as in an encoder that failed. */
  discard(frames: number): void {
    const from = this.#next;
    this.#next += frames * this.#options.frameSamples;
    this.discarded.push({ from, to: this.#next });
    this.dispatch({ type: "discard", range: { from, to: this.#next } });
  }

  /** A source that has ended gives a frame all the same. */
  captureLate(): void {
    this.discarded.push({ from: this.#next, to: this.#next + this.#options.frameSamples });
    this.capture(0);
  }

  /**
   * The page goes away, and nothing more runs there. If it can, it aborts the stream first.
   * @param serverLearns the system closes the sockets of a page that crashed.
   */
  vanish(how: "said goodbye" | "crashed", serverLearns: boolean): void {
    const crashed = how === "crashed" || this.#asleep !== undefined || this.#dying !== undefined;
    if (!crashed) this.dispatch({ type: "abort" });
    this.#gone = crashed ? "crashed" : "said goodbye";
    this.#timer.set(undefined);
    if (crashed) for (const wire of this.#wires.values()) hangUp(wire, serverLearns);
  }

  /**
   * The worker that the session runs in dies, and another one goes on.
   * @param hangsMs for how long it does nothing before.
   */
  loseWorker(hangsMs: number, ends: HowItEnds, starts: HowItStarts): boolean {
    const isThere = this.#gone === undefined && this.#asleep === undefined && !this.#isWithoutWorker;
    if (!isThere || this.session.done || this.#isOnPage) return false;
    this.#dying = { ends, starts };
    this.#options.time.after(hangsMs, () => this.#endWorker());
    return true;
  }

  get #isWithoutWorker(): boolean {
    return this.#dying !== undefined || this.#starting !== undefined;
  }

  /** Does what the page does that has lost its worker. */
  #endWorker(): void {
    const how = this.#dying;
    if (how === undefined || this.#gone !== undefined) return;
    const { ends, starts } = how;
    this.#dying = undefined;
    this.#disturb();
    this.#timer.set(undefined);
    this.#current = undefined;
    for (const wire of this.#wires.values()) wire.cut({ ...ends, flushDown: false, clientLearnsAfterMs: undefined });
    this.#wires.clear();
    const captured = this.#next;
    const inputs: SessionInput[] = [{ type: "restore", position: captured }];
    if (this.#isStarted) inputs.push({ type: "start" });
    if (this.#end !== undefined) inputs.push(this.#end);
    this.#starting = { captured, inputs };
    // The page has its code already.
    const isLast = this.deaths.length === MAX_DEATHS - 1;
    this.#isOnPage = isLast || starts.fails;
    if (isLast) this.#startWorker();
    else this.#options.time.after(starts.afterMs, () => this.#startWorker());
  }

  /** Another worker goes on, or the page, with what the page knows. */
  #startWorker(): void {
    const starting = this.#starting;
    if (starting === undefined || this.#gone !== undefined) return;
    this.#starting = undefined;
    this.#disturb();
    const { captured, inputs } = starting;
    const checkpoint = nextCheckpoint(this.#checkpoint);
    const { settledPosition, capturedPosition } = checkpoint.stats;
    this.deaths.push({
      at: this.#now,
      settled: settledPosition,
      known: capturedPosition,
      captured,
      told: this.told.length,
      epoch: checkpoint.epoch,
      lastSeq: checkpoint.lastSeq,
    });
    this.#referee.replaced(checkpoint, captured);
    this.#checkpoint = checkpoint;
    this.#session = new Session({ ...this.#options.session, restored: checkpoint });
    // What the page asks for may be answered before anything has happened.
    if (this.#options.reports()) this.#tellPage();
    for (const input of inputs) this.#take(input);
  }

  #tellPage(): void {
    const { checkpoint } = this.session.figures;
    checkGrowth(this.#checkpoint.stats, checkpoint.stats);
    this.#checkpoint = checkpoint;
  }

  /** Timers come no more for a while, though everything else does. */
  stallTimers(durationMs: number): void {
    this.#timersStandUntil = this.#options.time.now + durationMs;
    this.#disturb();
    if (this.current !== undefined) this.current.troubled = true;
    this.#options.time.after(durationMs, () => {
      this.#referee.returned(this.#now);
      this.#wake();
    });
  }

  /** A transport may open what nobody wants any more: the driver closes it, and the session must not mind. */
  connected(connection: ConnectionId, wire: Wire): void {
    if (this.#gone !== undefined) hangUp(wire, true);
    else if (connection === this.#current) this.#wires.set(connection, wire);
    else wire.closeByClient(1000, "aborted");
    this.dispatch({ type: "open", connection, token: undefined });
  }

  /** Nothing runs on the page until it wakes; then everything that came meanwhile runs at once, timers first or last. */
  sleep(durationMs: number, timersFirst: boolean): boolean {
    if (this.#asleep !== undefined || this.#isWithoutWorker) return false;
    this.#asleep = [];
    this.#disturb();
    this.#options.time.after(durationMs, () => {
      const inputs = this.#asleep ?? [];
      this.#asleep = undefined;
      this.#referee.returned(this.#now);
      // A page that could not read in time cannot tell a dead link from a live one.
      if (timersFirst && this.current !== undefined) this.current.troubled = true;
      if (timersFirst && !this.session.done) this.dispatch({ type: "time" });
      for (const input of inputs) this.dispatch(input);
      if (!this.session.done) this.dispatch({ type: "time" });
    });
    return true;
  }

  /** The page's clock jumps ahead, as after a suspended laptop. */
  jumpClock(aheadMs: number): void {
    this.#clockOffset += aheadMs;
    this.#disturb();
    this.#referee.returned(this.#now);
    this.#schedule();
  }

  #wake(): void {
    if (this.#options.time.now >= this.#timersStandUntil) this.dispatch({ type: "time" });
  }

  /** One late timer excuses the link once. A second one soon after may be taken for its death. */
  #disturb(): void {
    const { now } = this.#options.time;
    if (now - this.#disturbedAt < 10_000 && this.current !== undefined) this.current.troubled = true;
    this.#disturbedAt = now;
  }

  get #now(): number {
    return this.#options.time.now + this.#clockOffset;
  }

  #perform(output: SessionOutput): void {
    switch (output.type) {
      case "connect":
        this.#referee.connecting(output.connection, this.current);
        this.connections += 1;
        this.#current = output.connection;
        this.#options.connect(this, output.connection);
        return;
      case "send": {
        const wire = this.#wires.get(output.connection);
        if (wire === undefined) throw new Foul("The client sends on a connection that is not open yet.");
        this.#referee.sent(output.connection, output.data);
        wire.sendUp(output.data as Payload);
        return;
      }
      case "disconnect": {
        const wire = this.#wires.get(output.connection);
        this.#referee.disconnected(output.code, output.reason, wire);
        if (output.connection === this.#current) this.#current = undefined;
        wire?.closeByClient(output.code, output.reason);
        return;
      }
      case "event":
        this.#learn(output.event);
    }
  }

  #learn(event: SessionEvent): void {
    // The application hears of neither.
    if (event.type === "acknowledged" || event.type === "losing") return;
    if (event.type !== "drop") this.told.push({ at: this.#now, event });
    this.#options.log(describe(event));
    if (this.threwAt === undefined) this.#options.onEvent(event);
  }

  #schedule(): void {
    const { wakeAt } = this.session;
    this.#timer.set(wakeAt === undefined ? undefined : wakeAt - this.#clockOffset + this.throttleMs);
  }
}

/** What comes from the page, and not from a connection or a timer of the worker. */
const PAGE_INPUTS: ReadonlySet<SessionInput["type"]> = new Set([
  "start",
  "frame",
  "discard",
  "suspend",
  "probe",
  "end",
]);

/** What was on its way still arrives. */
const hangUp = (wire: Wire, serverLearns: boolean): void =>
  wire.cut({
    flushUp: true,
    flushDown: false,
    serverLearnsAfterMs: serverLearns ? 0 : undefined,
    clientLearnsAfterMs: undefined,
  });

function describe(event: SessionEvent): string {
  if (event.type === "message") return `${event.message.t} ${event.message.seq}`;
  if (event.type === "drop") return `lost ${event.range.from}–${event.range.to}`;
  return "error" in event ? `${event.type}: ${event.error.message}` : event.type;
}
