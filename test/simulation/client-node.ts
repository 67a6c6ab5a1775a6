import { Session } from "../../src/session/session.js";
import type { ConnectionId, SessionEvent, SessionInput, SessionOutput } from "../../src/session/session-io.js";
import type { SessionOptions } from "../../src/session/session-options.js";
import { ClientReferee } from "./client-referee.js";
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

/** A client as its driver runs it, with a clock that can jump ahead and a page that can sleep. */
export class ClientNode {
  readonly session: Session;
  readonly told: Told[] = [];
  readonly dropped: { from: number; to: number }[] = [];
  readonly #options: ClientNodeOptions;
  readonly #referee: ClientReferee;
  readonly #wires = new Map<ConnectionId, Wire>();
  readonly #timer: Timer;
  #current: ConnectionId | undefined;
  #asleep: SessionInput[] | undefined;
  #clockOffset = 0;
  #disturbedAt = Number.NEGATIVE_INFINITY;
  #next = 0;
  /** Added to every timer, as background throttling does. */
  throttleMs = 0;
  /** How many connections were asked for. */
  connections = 0;

  constructor(options: ClientNodeOptions) {
    this.#options = options;
    this.session = new Session(options.session);
    this.#referee = new ClientReferee(options.session);
    this.#timer = new Timer(options.time, () => this.dispatch({ type: "time" }));
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
    this.#referee.before(input, this.#now, buffered);
    if (input.type === "lost" && input.connection === this.#current) this.#current = undefined;
    for (const output of this.session.handle(input, this.#now, buffered)) this.#perform(output);
    this.#referee.after(this.session, input);
    this.#schedule();
  }

  /** Captures one frame; `gapFrames` of audio before it never existed. */
  capture(gapFrames: number): void {
    const { frameSamples } = this.#options;
    const position = this.#next + gapFrames * frameSamples;
    this.#next = position + frameSamples;
    const payload = samplesAt(position, frameSamples);
    this.dispatch({ type: "frame", frame: { position, sampleCount: frameSamples, payload, flags: 0 } });
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
    this.#schedule();
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
      this.dropped.push(event.range);
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
