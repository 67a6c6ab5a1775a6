import { AudioFrameFlag } from "../../src/protocol/audio-frame.js";
import { Session } from "../../src/session/session.js";
import type { ConnectionId, SessionEvent, SessionInput, SessionOutput } from "../../src/session/session-io.js";
import type { SessionOptions } from "../../src/session/session-options.js";
import type { VirtualTime } from "./virtual-time.js";
import type { Payload, Wire } from "./wire.js";

export const SAMPLE_RATE = 8_000;
export const FRAME_SAMPLES = 160;

/** Bytes that an operating system takes off a socket before it counts as buffered. */
const SYSTEM_BUFFER_BYTES = 32_768;

export interface ClientNodeOptions {
  readonly time: VirtualTime;
  readonly session: SessionOptions;
  /** Makes a connection; the wire, or the failure, is told later. */
  connect(node: ClientNode, connection: ConnectionId): void;
}

/** A client as its driver runs it, with a clock that can stand still and a page that can sleep. */
export class ClientNode {
  readonly session: Session;
  readonly events: SessionEvent[] = [];
  readonly dropped: { from: number; to: number }[] = [];
  readonly #options: ClientNodeOptions;
  #wires = new Map<ConnectionId, Wire>();
  #current: ConnectionId | undefined;
  #timer = 0;
  #timerAt: number | undefined;
  #asleep: SessionInput[] | undefined;
  #clockOffset = 0;
  #next = 0;
  /** Added to every timer, as background throttling does. */
  throttleMs = 0;
  /** Highest acknowledgement the page was told. */
  acknowledged = 0;

  constructor(options: ClientNodeOptions) {
    this.#options = options;
    this.session = new Session(options.session);
  }

  get current(): Wire | undefined {
    return this.#current === undefined ? undefined : this.#wires.get(this.#current);
  }

  get capturedTo(): number {
    return this.#next;
  }

  dispatch(input: SessionInput): void {
    if (this.#asleep !== undefined) {
      this.#asleep.push(input);
      return;
    }
    const buffered = Math.max(0, (this.current?.up.queuedBytes ?? 0) - SYSTEM_BUFFER_BYTES);
    for (const output of this.session.handle(input, this.#now, buffered)) this.#perform(output);
    this.#schedule();
  }

  /** Captures one frame; `gapFrames` of audio before it never existed. */
  capture(gapFrames: number): void {
    const position = this.#next + gapFrames * FRAME_SAMPLES;
    const payload = new Uint8Array(FRAME_SAMPLES * 2);
    new DataView(payload.buffer).setFloat64(0, position, true);
    this.#next = position + FRAME_SAMPLES;
    this.dispatch({ type: "frame", frame: { position, sampleCount: FRAME_SAMPLES, payload } });
  }

  connected(connection: ConnectionId, wire: Wire): void {
    this.#wires.set(connection, wire);
    this.dispatch({ type: "open", connection, token: undefined });
  }

  /** Nothing runs on the page until it wakes; then everything that came meanwhile runs at once. */
  sleep(durationMs: number): void {
    if (this.#asleep !== undefined) return;
    this.#asleep = [];
    this.#options.time.after(durationMs, () => {
      const inputs = this.#asleep ?? [];
      this.#asleep = undefined;
      for (const input of inputs) this.dispatch(input);
      if (!this.session.done) this.dispatch({ type: "time" });
    });
  }

  /** The page's clock jumps ahead, as after a suspended laptop. */
  jumpClock(aheadMs: number): void {
    this.#clockOffset += aheadMs;
    this.#timerAt = undefined;
    this.#schedule();
  }

  get #now(): number {
    return this.#options.time.now + this.#clockOffset;
  }

  #perform(output: SessionOutput): void {
    switch (output.type) {
      case "connect":
        this.#current = output.connection;
        this.#options.connect(this, output.connection);
        return;
      case "send":
        this.#wires.get(output.connection)?.sendUp(output.data as Payload);
        return;
      case "disconnect":
        this.#wires.get(output.connection)?.closeByClient(output.code, output.reason);
        return;
      case "event":
        if (output.event.type === "drop") this.dropped.push(output.event.range);
        else if (output.event.type === "acknowledged") this.acknowledged = output.event.position;
        else this.events.push(output.event);
    }
  }

  #schedule(): void {
    const { wakeAt } = this.session;
    if (wakeAt === this.#timerAt) return;
    this.#timerAt = wakeAt;
    this.#timer += 1;
    if (wakeAt === undefined) return;
    const timer = this.#timer;
    this.#options.time.at(wakeAt - this.#clockOffset + this.throttleMs, () => {
      if (timer !== this.#timer) return;
      this.#timerAt = undefined;
      this.dispatch({ type: "time" });
    });
  }
}

/** The position that {@link ClientNode.capture} wrote into a frame. */
export const stampOf = (payload: Uint8Array): number =>
  new DataView(payload.buffer, payload.byteOffset).getFloat64(0, true);

export const declaresGap = (flags: number): boolean => (flags & AudioFrameFlag.gap) !== 0;
