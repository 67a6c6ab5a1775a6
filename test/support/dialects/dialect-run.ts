import { type Clock, Scope } from "loquilex/resources";
import type { RemoteObserver } from "../../../src/dialects/bridge/remote-link.js";
import { StandIn } from "../../../src/dialects/bridge/stand-in.js";
import type { Client } from "../../../src/dialects/bridge/stand-in-options.js";
import type { Dialect, DialectSession, RemoteAddress } from "../../../src/dialects/dialect.js";
import { Session } from "../../../src/session/session.js";
import type { ConnectionId, SessionEvent, SessionInput, SessionOutput } from "../../../src/session/session-io.js";
import type { Rng } from "../../simulation/rng.js";
import { Timer } from "../../simulation/timer.js";
import type { VirtualTime } from "../../simulation/virtual-time.js";
import { RETRY } from "../session-rig.js";
import { CYCLE_SAMPLES, LOUD_SAMPLES, stampedPayload } from "../stamped-audio.js";
import { scriptWord } from "./scripted-recogniser.js";
import type { ServiceSession, SpeechService, WireMessage } from "./speech-service.js";

export interface DialectRunOptions {
  readonly time: VirtualTime;
  readonly rng: Rng;
  readonly dialect: Dialect;
  readonly service: SpeechService;
  /** Asked before each connection. */
  readonly token?: () => string;
  readonly sampleRate?: number;
  /** Milliseconds of audio that a frame holds. @defaultValue 20 */
  readonly frameMs?: number;
}

/** A final caption as the application got it. */
export interface SaidCaption {
  readonly text: string;
  readonly words: readonly { readonly text: string; readonly from: number; readonly to: number }[];
  readonly speaker: string | undefined;
  readonly language: string | undefined;
  readonly at: number;
}

const FRAME_MS = 20;
/** Closed with if a session is not replaced before, because no more audio comes or the service is late. */
const LIMIT = 3008;
/** Closed with if nothing comes for long. */
const NOTHING_CAME = 1011;
/** Messages of a service that may come again. */
const REPEATED = 3;
/** How much later a slow service understands what it gets, for each millisecond, and at most. */
const SLOWNESS = 0.5;
const MAX_LATE_MS = 12_000;

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
  /** Codes with which the service has closed connections, for which it had no reason. */
  readonly closes: number[] = [];
  /** Words whose audio the stream was told to let go of before they were in a final caption. */
  readonly forsaken: string[] = [];
  /** Positions that were acknowledged before the stream's opening was answered, which the protocol forbids. */
  readonly hasty: number[] = [];
  readonly #options: DialectRunOptions;
  readonly #clock: Clock;
  readonly #standIn: StandIn;
  readonly #timer: Timer;
  readonly #remotes = new Set<RemoteWire>();
  #client: { readonly id: ConnectionId; readonly end: Client } | undefined;
  readonly #queue: SessionInput[] = [];
  /** Until when the program stands still, and what it does then. */
  #stillUntil = 0;
  readonly #postponed: Record<"timers" | "messages", (() => void)[]> = { timers: [], messages: [] };
  /** Codes for which the service may have a reason by now. */
  readonly #excused = new Set([1000, 1005]);
  #slowSince = Number.POSITIVE_INFINITY;
  #isBusy = false;
  #isMistaken = false;
  #position = 0;
  #isAnswered = false;
  readonly #saidWords = new Set<string>();
  /** Words whose audio the stream need not keep any more. */
  #releasedWords = 0;

  constructor(options: DialectRunOptions) {
    const { time, rng, dialect, sampleRate = 16_000 } = options;
    this.#options = options;
    const runs = (callback: () => void): void => this.#whenRunning("timers", callback);
    this.#clock = clockOf(time, runs);
    this.scope = new Scope({ name: "stream", clock: this.#clock });
    this.#timer = new Timer(time, () => runs(() => this.#handle({ type: "time" })));
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
      dialect: { ...dialect, session: (request) => this.#mistaken(dialect.session(request)) },
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
    this.#excused.add(LIMIT);
  }

  start(): void {
    this.#handle({ type: "start" });
    const { time, frameMs = FRAME_MS } = this.#options;
    const tick = (): void => {
      if (this.#isStopped || this.ended !== undefined) return;
      this.#whenRunning("messages", () => {
        const isWithinWord = this.#position % CYCLE_SAMPLES < LOUD_SAMPLES;
        if (!this.#isPaused || isWithinWord) this.#speak();
      });
      time.after(frameMs, tick);
    };
    time.after(frameMs, tick);
  }

  #isStopped = false;
  #isPaused = false;

  close(timeoutMs = 60_000): void {
    this.#isStopped = true;
    this.#excused.add(LIMIT);
    this.#whenRunning("messages", () => this.#handle({ type: "end", timeoutMs }));
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

  /** The service closes every connection with this code, in the middle of whatever it is saying. */
  dismiss(code: number): void {
    for (const remote of this.#remotes) remote.cut(code);
  }

  /** The service says once more what it has said last, or shortly before. */
  repeat(): void {
    for (const remote of this.#remotes) remote.repeat();
  }

  /** The service says something that is none of its messages. */
  babble(message: WireMessage): void {
    for (const remote of this.#remotes) remote.say(message);
  }

  /** What is on its way to the service and back from now on is gone, and nobody is told. */
  swallow(): void {
    for (const remote of this.#remotes) remote.isSilent = true;
  }

  /** The program stands still. What is due meanwhile happens afterwards, timers first, as in every event loop. */
  standStill(durationMs: number): void {
    const { time } = this.#options;
    this.#excused.add(LIMIT).add(NOTHING_CAME);
    this.#stillUntil = Math.max(this.#stillUntil, time.now + durationMs);
    time.at(this.#stillUntil, () => {
      if (time.now < this.#stillUntil) return;
      const { timers, messages } = this.#postponed;
      for (const callback of [...timers.splice(0), ...messages.splice(0)]) callback();
    });
  }

  /** The service understands more slowly than somebody speaks, for so long. */
  slowDown(durationMs: number): void {
    const { time } = this.#options;
    this.#excused.add(LIMIT);
    this.#slowSince = Math.min(this.#slowSince, time.now);
    time.after(durationMs, () => {
      this.#slowSince = Number.POSITIVE_INFINITY;
    });
  }

  /** The dialect throws the next time that it is called. */
  mistake(): void {
    this.#isMistaken = true;
  }

  /** The page's own probe. */
  probe(): void {
    this.#handle({ type: "probe", urgent: true });
  }

  get openRemotes(): number {
    return this.#remotes.size;
  }

  #mistaken(session: DialectSession): DialectSession {
    const call = <T>(what: () => T): T => {
      if (!this.#isMistaken) return what();
      this.#isMistaken = false;
      throw new TypeError("The dialect is wrong.");
    };
    return {
      isReadyWhenOpen: session.isReadyWhenOpen,
      open: () => call(() => session.open()),
      audio: (payload) => call(() => session.audio(payload)),
      ...(session.keepalive && { keepalive: () => call(() => session.keepalive?.() ?? "") }),
      finish: () => call(() => session.finish()),
      receive: (message) => call(() => session.receive(message)),
      settle: (isEnd) => session.settle?.(isEnd) ?? [],
      judge: (code, reason) => call(() => session.judge(code, reason)),
    };
  }

  #whenRunning(kind: "timers" | "messages", callback: () => void): void {
    if (this.#options.time.now < this.#stillUntil) this.#postponed[kind].push(callback);
    else callback();
  }

  #speak(): void {
    const { sampleRate = 16_000, frameMs = FRAME_MS } = this.#options;
    const sampleCount = (frameMs * sampleRate) / 1_000;
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
      if (next.type === "message" && typeof next.data === "string") this.#checkMessage(next.data);
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
    const { text, words = [], segment_id, speaker, language } = message.data;
    this.partials.delete(segment_id);
    this.finals.push({ text, words, speaker, language, at: this.#clock.now() });
    for (const word of text.split(" ")) this.#saidWords.add(word);
  }

  #checkMessage(message: string): void {
    const { t, data } = JSON.parse(message) as { readonly t: string; readonly data: { readonly position: number } };
    if (t === "session.new" || t === "session.ack") this.#isAnswered = true;
    if (t !== "audio.ack") return;
    if (!this.#isAnswered) this.hasty.push(data.position);
    for (; this.#releasedWords * CYCLE_SAMPLES + LOUD_SAMPLES <= data.position; this.#releasedWords += 1) {
      const word = scriptWord(this.#releasedWords);
      if (!this.#saidWords.has(word)) this.forsaken.push(word);
    }
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
      this.#isAnswered = false;
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
      const bornAt = time.now;
      const remote: RemoteWire = new RemoteWire(time, rng, {
        observer,
        onGone: (code) => {
          this.#remotes.delete(remote);
          if (code !== undefined && !this.#excused.has(code)) this.closes.push(code);
        },
        reach: (callback) => this.#whenRunning("messages", callback),
        lateMs: () => Math.max(0, Math.min(MAX_LATE_MS, SLOWNESS * (time.now - Math.max(bornAt, this.#slowSince)))),
      });
      this.#remotes.add(remote);
      remote.open(service, new URL(url).searchParams, protocols);
      scope.defer("remote", () => remote.leave());
    });
  }
}

interface RemoteWireOptions {
  readonly observer: RemoteObserver;
  /** Gets the code if the service has closed it. */
  onGone(closeCode: number | undefined): void;
  /** Calls back as soon as the program runs. */
  reach(callback: () => void): void;
  /** How much later the service understands what it gets. */
  lateMs(): number;
}

/** One connection between a dialect and a service. What is sent arrives in order, later. */
class RemoteWire {
  isSilent = false;
  /** What the service has said last. */
  readonly #said: WireMessage[] = [];
  readonly #time: VirtualTime;
  readonly #rng: Rng;
  readonly #options: RemoteWireOptions;
  #session: ServiceSession | undefined;
  #isOpen = true;
  #lastArrival = { toService: 0, toClient: 0 };

  constructor(time: VirtualTime, rng: Rng, options: RemoteWireOptions) {
    this.#time = time;
    this.#rng = rng;
    this.#options = options;
  }

  open(service: SpeechService, query: URLSearchParams, protocols: readonly string[]): void {
    this.#session = service.accept({
      clock: clockOf(this.#time),
      query,
      protocols,
      send: (message) => {
        this.#said.push(message);
        if (this.#said.length > REPEATED) this.#said.shift();
        this.say(message);
      },
      close: (code, reason = "") =>
        this.#carry("toClient", () => {
          this.#close(code);
          this.#tell((observer) => observer.closed(code, reason));
        }),
    });
    const link = {
      bufferedBytes: 0,
      send: (message: WireMessage) => this.#carry("toService", () => this.#session?.receive(copyOf(message))),
      close: () => this.leave(),
    };
    // A service that speaks first may be heard before the connection is known to be open.
    this.#time.after(this.#rng.between(0, 60), () => {
      if (this.#isOpen) this.#tell((observer) => observer.opened(link));
    });
  }

  /** The network breaks it, or the service ends it with another code. */
  cut(code = 1006): void {
    if (!this.#isOpen) return;
    this.#close();
    this.#tell((observer) => observer.closed(code, ""));
  }

  say(message: WireMessage): void {
    this.#carry("toClient", () => this.#tell((observer) => observer.received(copyOf(message))));
  }

  repeat(): void {
    if (this.#said.length > 0) this.say(this.#rng.pick(this.#said));
  }

  /** The dialect lets go of it. */
  leave(): void {
    if (this.#isOpen) this.#close();
  }

  #close(closeCode?: number): void {
    this.#isOpen = false;
    this.#options.onGone(closeCode);
    this.#session?.gone?.();
  }

  #tell(what: (observer: RemoteObserver) => void): void {
    this.#options.reach(() => what(this.#options.observer));
  }

  #carry(direction: "toService" | "toClient", deliver: () => void): void {
    const lateMs = direction === "toService" ? this.#options.lateMs() : 0;
    const arrival = this.#time.now + this.#rng.between(1, 40) + lateMs;
    const at = Math.max(this.#lastArrival[direction], arrival) + 0.001;
    this.#lastArrival[direction] = at;
    this.#time.at(at, () => {
      if (this.#isOpen && !this.isSilent) deliver();
    });
  }
}

const copyOf = (message: WireMessage): string | Uint8Array<ArrayBuffer> =>
  typeof message === "string" ? message : new Uint8Array(message);

const clockOf = (time: VirtualTime, reach: (callback: () => void) => void = (callback) => callback()): Clock => ({
  now: () => time.now,
  schedule(delayMs, callback) {
    let isCancelled = false;
    time.after(delayMs, () =>
      reach(() => {
        if (!isCancelled) callback();
      }),
    );
    return () => {
      isCancelled = true;
    };
  },
});
