import { type Clock, Scope } from "loquilex/resources";
import type { RemoteObserver } from "../../../src/dialects/bridge/remote-link.js";
import { StandIn } from "../../../src/dialects/bridge/stand-in.js";
import type { Client } from "../../../src/dialects/bridge/stand-in-options.js";
import type { Dialect, RemoteAddress } from "../../../src/dialects/dialect.js";
import { Session } from "../../../src/session/session.js";
import type { ConnectionId, SessionEvent, SessionInput, SessionOutput } from "../../../src/session/session-io.js";
import type { Rng } from "../../simulation/rng.js";
import { Timer } from "../../simulation/timer.js";
import type { VirtualTime } from "../../simulation/virtual-time.js";
import { RETRY } from "../session-rig.js";
import { CYCLE_SAMPLES, LOUD_SAMPLES, stampedPayload } from "../stamped-audio.js";
import type { ServiceSession, SpeechService, WireMessage } from "./speech-service.js";

export interface DialectRunOptions {
  readonly time: VirtualTime;
  readonly rng: Rng;
  readonly dialect: Dialect;
  readonly service: SpeechService;
  /** Asked before each connection. */
  readonly token?: () => string;
  readonly sampleRate?: number;
}

/** A final caption as the application got it. */
export interface SaidCaption {
  readonly text: string;
  readonly words: readonly { readonly text: string; readonly from: number; readonly to: number }[];
  readonly at: number;
}

const FRAME_MS = 20;

/**
 * The client's session, a dialect and a service under virtual time, with a network between that can be cut, fall silent and
 * be refused.
 */
export class DialectRun {
  readonly finals: SaidCaption[] = [];
  /** Captions that are not final, by segment. */
  readonly partials = new Map<string, string>();
  readonly events: SessionEvent[] = [];
  readonly session: Session;
  readonly scope: Scope;
  /** Connections that the service got. */
  remoteConnections = 0;
  /** New connections to the service fail. */
  isRefusing = false;
  ended: "ended" | "failed" | undefined;
  /** Codes with which the service has closed connections. */
  readonly closes: number[] = [];
  /** Whether the microphone has been paused at some time. */
  wasPaused = false;
  readonly #options: DialectRunOptions;
  readonly #clock: Clock;
  readonly #standIn: StandIn;
  readonly #timer: Timer;
  readonly #remotes = new Set<RemoteWire>();
  #client: { readonly id: ConnectionId; readonly end: Client } | undefined;
  readonly #queue: SessionInput[] = [];
  #isBusy = false;
  #position = 0;

  constructor(options: DialectRunOptions) {
    const { time, rng, dialect, sampleRate = 16_000 } = options;
    this.#options = options;
    this.#clock = clockOf(time);
    this.scope = new Scope({ name: "stream", clock: this.#clock });
    this.#timer = new Timer(time, () => this.#handle({ type: "time" }));
    this.session = new Session({
      sessionId: "session",
      clientId: "client",
      takeover: false,
      agent: "test/1",
      format: { encoding: "pcm_s16le", sampleRate, channels: 1 },
      replay: { maxDurationMs: 60_000, maxBytes: 8_000_000, whenFull: "drop-oldest" },
      retry: { ...RETRY, jitterRatio: 1, maxElapsedMs: Number.POSITIVE_INFINITY },
      connectTimeoutMs: 10_000,
      heartbeat: { intervalMs: 10_000, timeoutMs: 2_500 },
      renewableToken: options.token !== undefined,
      random: () => rng.next(),
    });
    this.#standIn = new StandIn({
      dialect,
      clock: this.#clock,
      scope: this.scope,
      connect: (address, observer, scope) => this.#connectRemote(address, observer, scope),
    });
  }

  /** Position of the next sample. */
  get captured(): number {
    return this.#position;
  }

  /** Nothing is captured meanwhile, from the end of a word on, and positions go on without a gap. */
  set isPaused(paused: boolean) {
    this.#isPaused = paused;
    this.wasPaused ||= paused;
  }

  start(): void {
    this.#handle({ type: "start" });
    const { time } = this.#options;
    const tick = (): void => {
      if (this.#isStopped || this.ended !== undefined) return;
      const isWithinWord = this.#position % CYCLE_SAMPLES < LOUD_SAMPLES;
      if (!this.#isPaused || isWithinWord) this.#speak();
      time.after(FRAME_MS, tick);
    };
    time.after(FRAME_MS, tick);
  }

  #isStopped = false;
  #isPaused = false;

  close(timeoutMs = 60_000): void {
    this.#isStopped = true;
    this.#handle({ type: "end", timeoutMs });
  }

  abort(): void {
    this.#isStopped = true;
    this.#handle({ type: "abort" });
    void this.scope.dispose();
  }

  /** Every connection to the service ends. */
  cut(): void {
    for (const remote of this.#remotes) remote.cut();
  }

  /** What is on its way to the service and back from now on is gone, and nobody is told. */
  swallow(): void {
    for (const remote of this.#remotes) remote.isSilent = true;
  }

  /** The page's own probe. */
  probe(): void {
    this.#handle({ type: "probe", urgent: true });
  }

  get openRemotes(): number {
    return this.#remotes.size;
  }

  #speak(): void {
    const { sampleRate = 16_000 } = this.#options;
    const sampleCount = (FRAME_MS * sampleRate) / 1_000;
    const payload = stampedPayload(this.#position, sampleCount);
    const frame = { flags: 0, sampleCount, position: this.#position, payload };
    this.#position += sampleCount;
    this.#handle({ type: "frame", frame });
  }

  #handle(input: SessionInput): void {
    this.#queue.push(input);
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      for (const output of this.session.handle(next, this.#clock.now(), 0)) this.#perform(output);
    }
    this.#isBusy = false;
    this.#timer.set(this.session.wakeAt);
  }

  #perform(output: SessionOutput): void {
    switch (output.type) {
      case "connect":
        this.#connect(output.connection);
        return;
      case "send":
        if (this.#client?.id === output.connection) this.#standIn.receive(output.data);
        return;
      case "disconnect": {
        const client = this.#client;
        if (client?.id !== output.connection) return;
        this.#client = undefined;
        this.#standIn.detach(client.end);
        return;
      }
      case "event":
        this.#onEvent(output.event);
    }
  }

  #onEvent(event: SessionEvent): void {
    this.events.push(event);
    if (event.type === "ended" || event.type === "failed") {
      this.ended = event.type;
      void this.scope.dispose();
    }
    if (event.type !== "message" || "application" in event.message) return;
    const { message } = event;
    if (message.t === "asr.void") for (const id of message.data.segment_ids) this.partials.delete(id);
    if (message.t === "asr.partial") this.partials.set(message.data.segment_id, message.data.text);
    if (message.t !== "asr.final") return;
    const { text, words = [], segment_id } = message.data;
    this.partials.delete(segment_id);
    this.finals.push({ text, words, at: this.#clock.now() });
  }

  #connect(id: ConnectionId): void {
    const { time, token } = this.#options;
    time.after(1, () => {
      const end: Client = {
        send: (json) => this.#later(end, { type: "message", connection: id, data: json }),
        close: (code, reason) => {
          if (this.#client?.end !== end) return;
          this.#client = undefined;
          this.#handle({ type: "lost", connection: id, loss: { kind: "closed", code, reason } });
        },
      };
      if (this.ended !== undefined) return;
      this.#client = { id, end };
      this.#standIn.attach(end);
      this.#handle({ type: "open", connection: id, token: token?.() });
    });
  }

  #later(end: Client, input: SessionInput): void {
    if (this.#client?.end === end) this.#handle(input);
  }

  #connectRemote({ url, protocols = [] }: RemoteAddress, observer: RemoteObserver, scope: Scope): void {
    const { time, rng, service } = this.#options;
    time.after(rng.between(1, 80), () => {
      if (scope.disposed) return;
      if (this.isRefusing) return observer.failed({ kind: "temporary", detail: "Refused." });
      this.remoteConnections += 1;
      const remote: RemoteWire = new RemoteWire(time, rng, observer, (code) => {
        this.#remotes.delete(remote);
        if (code !== undefined) this.closes.push(code);
      });
      this.#remotes.add(remote);
      remote.open(service, new URL(url).searchParams, protocols);
      scope.defer("remote", () => remote.leave());
    });
  }
}

/** One connection between a dialect and a service. What is sent arrives in order, later. */
class RemoteWire {
  isSilent = false;
  readonly #time: VirtualTime;
  readonly #rng: Rng;
  readonly #observer: RemoteObserver;
  readonly #onGone: (closeCode: number | undefined) => void;
  #session: ServiceSession | undefined;
  #isOpen = true;
  #lastArrival = { toService: 0, toClient: 0 };

  /** @param onGone gets the code if the service has closed it. */
  constructor(time: VirtualTime, rng: Rng, observer: RemoteObserver, onGone: (closeCode: number | undefined) => void) {
    this.#time = time;
    this.#rng = rng;
    this.#observer = observer;
    this.#onGone = onGone;
  }

  open(service: SpeechService, query: URLSearchParams, protocols: readonly string[]): void {
    this.#session = service.accept({
      clock: clockOf(this.#time),
      query,
      protocols,
      send: (message) => this.#carry("toClient", () => this.#observer.received(copyOf(message))),
      close: (code, reason = "") =>
        this.#carry("toClient", () => {
          this.#close(code);
          this.#observer.closed(code, reason);
        }),
    });
    const link = {
      bufferedBytes: 0,
      send: (message: WireMessage) => this.#carry("toService", () => this.#session?.receive(copyOf(message))),
      close: () => this.leave(),
    };
    // A service that speaks first may be heard before the connection is known to be open.
    this.#time.after(this.#rng.between(0, 60), () => {
      if (this.#isOpen) this.#observer.opened(link);
    });
  }

  /** The network breaks it. */
  cut(): void {
    if (!this.#isOpen) return;
    this.#close();
    this.#observer.closed(1006, "");
  }

  /** The dialect lets go of it. */
  leave(): void {
    if (this.#isOpen) this.#close();
  }

  #close(closeCode?: number): void {
    this.#isOpen = false;
    this.#onGone(closeCode);
    this.#session?.gone?.();
  }

  #carry(direction: "toService" | "toClient", deliver: () => void): void {
    const at = Math.max(this.#lastArrival[direction], this.#time.now + this.#rng.between(1, 40)) + 0.001;
    this.#lastArrival[direction] = at;
    this.#time.at(at, () => {
      if (this.#isOpen && !this.isSilent) deliver();
    });
  }
}

const copyOf = (message: WireMessage): string | Uint8Array<ArrayBuffer> =>
  typeof message === "string" ? message : new Uint8Array(message);

export const clockOf = (time: VirtualTime): Clock => ({
  now: () => time.now,
  schedule(delayMs, callback) {
    let isCancelled = false;
    time.after(delayMs, () => {
      if (!isCancelled) callback();
    });
    return () => {
      isCancelled = true;
    };
  },
});
