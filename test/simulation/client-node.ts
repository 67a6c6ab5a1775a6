import { AudioStreamError } from "../../src/errors.js";
import { Session } from "../../src/session/session.js";
import type {
  ConnectionId,
  Reconnection,
  SessionEvent,
  SessionInput,
  SessionOutput,
} from "../../src/session/session-io.js";
import type { SessionOptions } from "../../src/session/session-options.js";
import { ClientReferee } from "./client-referee.js";
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

/** Thrown by what the application gave to the session. */
export class ApplicationError extends Error {}

/** A client as its driver runs it, with a clock that can jump ahead and a page that can sleep. */
export class ClientNode {
  readonly session: Session;
  readonly told: Told[] = [];
  readonly drops: ToldDrop[] = [];
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
  /** Added to every timer, as background throttling does. */
  throttleMs = 0;
  /** How many connections were asked for. */
  connections = 0;
  /** When the session ended, by the world's clock. */
  doneAt: number | undefined;
  /** The outage during which the session ended had lasted as long as the application allows. */
  outlastedBudget = false;

  constructor(options: ClientNodeOptions) {
    this.#options = options;
    this.session = new Session(options.session);
    this.#referee = new ClientReferee(options.session);
    this.#timer = new Timer(options.time, () => this.#wake());
  }

  /** The connection in use, if there is one. */
  get current(): Wire | undefined {
    return this.#current === undefined ? undefined : this.#wires.get(this.#current);
  }

  /** The server has said on this connection where it stands. */
  get answered(): boolean {
    return this.#referee.answered;
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
    if (this.#asleep !== undefined) {
      this.#asleep.push(input);
      return;
    }
    const buffered = Math.max(0, (this.current?.up.queuedBytes ?? 0) - SYSTEM_BUFFER_BYTES);
    const { acknowledged } = this.#referee;
    this.#referee.before(input, this.#now, buffered);
    if (input.type === "lost" && input.connection === this.#current) this.#current = undefined;
    const ranges: Range[] = [];
    let connected: Reconnection | true | undefined;
    for (const output of this.#handle(input, buffered)) {
      this.#perform(output);
      if (output.type !== "event") continue;
      if (output.event.type === "drop") ranges.push(output.event.range);
      if (output.event.type === "connected") connected = output.event.reconnection ?? true;
    }
    const final = this.session.done;
    if (final && this.doneAt === undefined) {
      this.doneAt = this.#options.time.now;
      this.outlastedBudget = this.#referee.outlastedBudget;
    }
    const answered = connected !== undefined;
    const anew = connected === true || connected?.resumed === false;
    this.#steps += 1;
    const step = this.#steps;
    for (const range of ranges) this.drops.push({ range, at: this.#now, acknowledged, final, anew, answered, step });
    this.#referee.after(this.session, input);
    this.#schedule();
  }

  /** What the driver does when something of the application's throws: it aborts the session and says so. */
  #handle(input: SessionInput, buffered: number): SessionOutput[] {
    try {
      return this.session.handle(input, this.#now, buffered);
    } catch (error) {
      if (!(error instanceof ApplicationError)) throw error;
      const failed: SessionOutput = {
        type: "event",
        event: { type: "failed", error: new AudioStreamError("internal-error", error.message, { details: undefined }) },
      };
      return [...this.session.handle({ type: "abort" }, this.#now), failed];
    }
  }

  /** Captures one frame; `gapFrames` of audio before it never existed. */
  capture(gapFrames: number): void {
    const { frameSamples } = this.#options;
    const position = this.#next + gapFrames * frameSamples;
    this.#next = position + frameSamples;
    const payload = samplesAt(position, frameSamples);
    this.dispatch({ type: "frame", frame: { position, sampleCount: frameSamples, payload, flags: 0 } });
  }

  /** Audio of so many frames is lost before it becomes any, as in an encoder that failed. */
  discard(frames: number): void {
    const from = this.#next;
    this.#next += frames * this.#options.frameSamples;
    this.dispatch({ type: "discard", range: { from, to: this.#next } });
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
    if (connection === this.#current) this.#wires.set(connection, wire);
    else wire.closeByClient(1000, "aborted");
    this.dispatch({ type: "open", connection, token: undefined });
  }

  /** Nothing runs on the page until it wakes; then everything that came meanwhile runs at once, timers first or last. */
  sleep(durationMs: number, timersFirst: boolean): boolean {
    if (this.#asleep !== undefined) return false;
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
        this.#referee.connecting(this.current);
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
    if (event.type === "acknowledged") return;
    if (event.type === "drop") {
      this.#options.log(`lost ${event.range.from}–${event.range.to}`);
      return;
    }
    this.told.push({ at: this.#now, event });
    this.#options.log(describe(event));
  }

  #schedule(): void {
    const { wakeAt } = this.session;
    this.#timer.set(wakeAt === undefined ? undefined : wakeAt - this.#clockOffset + this.throttleMs);
  }
}

function describe(event: SessionEvent): string {
  if (event.type === "message") return `${event.message.t} ${event.message.seq}`;
  return "error" in event ? `${event.type}: ${event.error.message}` : event.type;
}
