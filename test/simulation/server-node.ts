import type { ProtocolInput, ProtocolOutput, SessionKey } from "../../examples/server/protocol/protocol-io.js";
import { ServerProtocol } from "../../examples/server/protocol/server-protocol.js";
import type { ServerTerms } from "../../examples/server/protocol/server-terms.js";
import type { Liar } from "./liar.js";
import { Recording } from "./recording.js";
import { Foul, glimpse } from "./referee.js";
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
  readonly liar: Liar;
}

/** All leaps of a machine's clock together leave a session that waits for its client in being. */
const MAX_LEAPS_MS = 300_000;

const PROTOCOL_VIOLATION = 4400;
/** What a WebSocket library says to a message that is larger than its limit. */
const MESSAGE_TOO_BIG = 1009;

/** A server as its session manager runs it: its memory can be lost, and so can what its store has not kept. */
export class ServerNode {
  readonly #options: ServerNodeOptions;
  readonly #referee: ServerReferee;
  readonly #timer: Timer;
  readonly #wires = new Map<number, Wire>();
  readonly #live = new Map<string, Recording>();
  /** Bytes that each client was told its messages may have. */
  readonly #limits = new Map<number, number>();
  #protocol: ServerProtocol;
  #asleep: ProtocolInput[] | undefined;
  #peers = 0;
  #epochs = 0;
  #secrets = 0;
  #life = 0;
  /** How far the machine's clock is from the world's. */
  #clockOffset = 0;
  #leaptMs = 0;
  /** Everyone is sent away right after the answer to the opening. */
  sendsEveryoneAway = false;
  /** How long it takes to check a token, at most. */
  authorizeMs = 20;
  /** Every lineage there ever was, oldest first. */
  readonly recordings: Recording[] = [];
  readonly finished: string[] = [];

  constructor(options: ServerNodeOptions) {
    this.#options = options;
    this.#referee = new ServerReferee(options.terms);
    this.#protocol = this.#createProtocol();
    this.#timer = new Timer(options.time, () => this.dispatch({ type: "time" }));
  }

  get #now(): number {
    return this.#options.time.now + this.#clockOffset;
  }

  get sessionCount(): number {
    return this.#protocol.sessionCount;
  }

  get wakeAt(): number | undefined {
    return this.#protocol.wakeAt;
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
    this.#limits.delete(peer);
    if (this.#wires.delete(peer)) this.dispatch({ type: "closed", peer, code });
  }

  received(peer: number, data: Payload): void {
    if (!this.#wires.has(peer)) return;
    if (typeof data !== "string" && data.byteLength > (this.#limits.get(peer) ?? data.byteLength)) {
      this.#cutOff(peer, MESSAGE_TOO_BIG, "");
      return;
    }
    const anew = this.#protocol.sessionCount === 0;
    this.dispatch({ type: "data", peer, data: this.#options.liar.hears(data, anew) });
  }

  /** Ends a connection as a proxy, or a server of another kind, would; the session is kept. */
  kick(wire: Wire, code: number, reason: string): boolean {
    const peer = [...this.#wires].find(([, other]) => other === wire)?.[0];
    if (peer === undefined || this.#asleep !== undefined) return false;
    this.#cutOff(peer, code, reason);
    return true;
  }

  #cutOff(peer: number, code: number, reason: string): void {
    const wire = this.#wires.get(peer);
    this.closed(peer, 1006);
    wire?.closeByServer(code, reason);
  }

  /** The process dies and another one starts that knows nothing. */
  restart(): void {
    this.#asleep = undefined;
    this.#life += 1;
    this.#dropConnections();
    this.#referee.died(true);
    for (const recording of this.#live.values()) recording.loseUnkept(0, 0);
    this.#live.clear();
    this.#protocol = this.#createProtocol();
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
      this.dispatch({ type: "rewind", key: recording.key, position: recording.keptTo });
    }
    return true;
  }

  /** The recogniser says much at once, whoever listens. */
  burst(messages: number): boolean {
    const recording = this.#liveRecording;
    if (recording === undefined || this.#asleep !== undefined) return false;
    return recording.burst(messages);
  }

  goAway(retryAfterMs = 100): boolean {
    if (this.#asleep !== undefined || this.#live.size === 0) return false;
    for (const recording of this.#live.values()) {
      this.dispatch({ type: "send-away", key: recording.key, reason: "maintenance", retryAfterMs });
    }
    return true;
  }

  /** Nothing runs in the process for a while; then everything that came meanwhile does at once, timers first. */
  stall(durationMs: number): boolean {
    return this.#sleep(durationMs, () => this.#referee.woke(this.#now, durationMs));
  }

  /** The machine is paused and continued, as virtual machines are: nothing runs, and its clock stands still. */
  pause(durationMs: number): boolean {
    return this.#sleep(durationMs, () => {
      this.#clockOffset -= durationMs;
    });
  }

  /** The machine's clock leaps ahead. */
  jumpClock(aheadMs: number): boolean {
    this.#leaptMs += aheadMs;
    if (this.#asleep !== undefined || this.#leaptMs > MAX_LEAPS_MS) return false;
    this.#clockOffset += aheadMs;
    for (const wire of this.#wires.values()) wire.troubled = true;
    this.#referee.woke(this.#now, aheadMs);
    this.dispatch({ type: "time" });
    return true;
  }

  #sleep(durationMs: number, onWake: () => void): boolean {
    if (this.#asleep !== undefined) return false;
    const held: ProtocolInput[] = [];
    this.#asleep = held;
    for (const wire of this.#wires.values()) wire.troubled = true;
    this.#options.time.after(durationMs, () => {
      if (this.#asleep !== held) return;
      this.#asleep = undefined;
      onWake();
      for (const input of [{ type: "time" } as const, ...held]) this.dispatch(input);
    });
    return true;
  }

  dispatch(input: ProtocolInput): void {
    if (this.#asleep !== undefined) {
      this.#asleep.push(input);
      return;
    }
    const now = this.#now;
    this.#tellReferee(input, now);
    for (const output of this.#protocol.handle(input, now)) this.#perform(output, now);
    this.#referee.check(now);
    this.#schedule();
  }

  #tellReferee(input: ProtocolInput, now: number): void {
    if (input.type === "connected") this.#referee.connected(input.peer, now);
    else if (input.type === "data") this.#referee.received(input.peer, input.data, now);
    else if (input.type === "closed") this.#referee.gone(input.peer, now);
    else if (input.type === "kept" && this.#live.has(nameOf(input.key))) {
      this.#referee.kept(now);
    }
  }

  #createProtocol(): ServerProtocol {
    return new ServerProtocol({
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

  #perform(output: ProtocolOutput, now: number): void {
    switch (output.type) {
      case "send":
        this.#referee.sent(output.peer, output.data as string, this.#liveRecording, now);
        this.#say(output.peer, output.data as string);
        return;
      case "close": {
        const wire = this.#wires.get(output.peer);
        this.#referee.closed(output.peer, output.code, output.reason, now);
        if (output.code === PROTOCOL_VIOLATION && wire?.tampered === false) {
          throw new Foul(`The server takes an honest client for a liar: ${output.reason}`);
        }
        this.#wires.delete(output.peer);
        this.#limits.delete(output.peer);
        wire?.closeByServer(output.code, output.reason);
        return;
      }
      case "authorize":
        this.#authorize(output.peer);
        return;
      case "open":
        this.#open(output.key, output.offer.first);
        return;
      case "audio":
      case "end-audio":
      case "finished":
        this.#performForSession(output, now);
        return;
      case "fault":
        // A server ends one session for it and goes on; here nothing may fail in that way.
        throw output.error;
    }
  }

  #say(peer: number, data: string): void {
    for (const said of this.#options.liar.says(data)) {
      const { t, data: fields } = glimpse(said);
      const answers = t === "session.new" || t === "session.ack";
      if (answers && this.sendsEveryoneAway) this.#options.time.after(1, () => this.goAway(0));
      if (t === "server.welcome") this.#limits.set(peer, fields.limits.max_msg_bytes);
      this.#wires.get(peer)?.sendDown(said);
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
    const tell = (input: ProtocolInput) => {
      if (life === this.#life) this.dispatch(input);
    };
    const recording = new Recording({
      key,
      start,
      time: this.#options.time,
      rng: this.#options.rng,
      delayMs: this.#options.storeDelayMs,
      framesPerEvent: this.#options.framesPerEvent,
      onKept: (position) => tell({ type: "kept", key, position }),
      onEvent: (t, data) => tell({ type: "emit", key, t, data }),
      onDrained: () => tell({ type: "drained", key }),
    });
    this.recordings.push(recording);
    this.#live.set(nameOf(key), recording);
  }

  #performForSession(output: Extract<ProtocolOutput, { type: "audio" | "end-audio" | "finished" }>, now: number): void {
    const name = nameOf(output.key);
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
    const { wakeAt } = this.#protocol;
    this.#timer.set(wakeAt === undefined ? undefined : wakeAt - this.#clockOffset);
  }
}

const nameOf = ({ sessionId, epoch }: SessionKey): string => `${sessionId}/${epoch}`;
