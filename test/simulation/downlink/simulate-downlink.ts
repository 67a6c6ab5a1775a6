import type {
  PeerId,
  ProtocolInput,
  ProtocolOutput,
  SessionKey,
} from "../../../examples/server/protocol/protocol-io.js";
import { ServerProtocol } from "../../../examples/server/protocol/server-protocol.js";
import type { ServerTerms } from "../../../examples/server/protocol/server-terms.js";
import { nextCheckpoint } from "../../../src/host/worker/restored.js";
import { Downlink } from "../../../src/playback/downlink/downlink.js";
import { Player } from "../../../src/playback/player/player.js";
import { type FromPlayer, type ToPlayer, windowOf } from "../../../src/playback/port-messages.js";
import { decodeAudioFrame } from "../../../src/protocol/audio-frame.js";
import { PlaybackSender } from "../../../src/protocol/playback-sender.js";
import { Session } from "../../../src/session/session.js";
import type { SessionCheckpoint, SessionInput, SessionOutput } from "../../../src/session/session-io.js";
import type { SessionOptions } from "../../../src/session/session-options.js";
import { Rng } from "../rng.js";
import { Timer } from "../timer.js";
import { VirtualTime } from "../virtual-time.js";
import { type Payload, Wire } from "../wire.js";

export type DownlinkTrouble = "cut" | "hole" | "interrupt" | "two interrupts" | "restart" | "worker" | "refused";

const TROUBLES: readonly DownlinkTrouble[] = [
  ...(["cut", "hole", "interrupt", "two interrupts", "restart", "worker", "refused"] as const),
];

/** Where a planted bug shows itself soonest. */
export interface DownlinkGround {
  /** What may happen. @defaultValue everything */
  readonly troubles?: readonly DownlinkTrouble[];
  /** How often something does. @defaultValue 0 to 6 */
  readonly count?: number;
}

const FORMAT = { sampleRate: 8_000, channels: 1 };
const QUANTUM_MS = 16;
const QUANTUM_SAMPLES = 128;
const REPORT_SAMPLES = 800;
const MAX_POSITION = 4_000_000;
/** What comes through a port keeps its order. */
const STEP_MS = 0.001;
const MAX_WAITING = 60 * FORMAT.sampleRate;
const WINDOW = windowOf(FORMAT);
/** Each sample says which one it is. */
const STAMPS = 32_000;
/** Everything is said and heard by then, in milliseconds after the last word. */
const END_MS = 180_000;

const TERMS: ServerTerms = {
  heartbeatIntervalMs: 10_000,
  heartbeatTimeoutMs: 30_000,
  resumeTtlMs: 60_000,
  resumeMaxEvents: 500,
  maxInFlight: 64,
  maxMessageBytes: 65_536,
  windowMs: 10_000,
  pace: 4,
  snapshotFinals: 10,
};

/** The client's session with the player, and the reference backend's with what it says, as they ship, under seeded troubles. */
class DownlinkRun {
  readonly problems: string[] = [];
  readonly #rng: Rng;
  readonly #time: VirtualTime;
  readonly #sessionTimer: Timer;
  readonly #serverTimer: Timer;
  // The client.
  #session!: Session;
  #downlink!: Downlink;
  #checkpoint: SessionCheckpoint | undefined;
  #workers = 0;
  readonly #inputs: SessionInput[] = [];
  #busy = false;
  #wire: { readonly connection: number; wire: Wire | undefined } | undefined;
  #ended: string | undefined;
  // The player.
  readonly #player: Player;
  readonly #quantum = [new Float32Array(QUANTUM_SAMPLES)];
  #activity = "idle";
  /** Positions at which it was interrupted. */
  readonly #interruptedAt = new Set<number>();
  /** Positions from which the server went on then. */
  readonly #cutTo = new Set<number>();
  #interrupts = 0;
  #answered = 0;
  // The server.
  #server!: ServerProtocol;
  #life = 0;
  readonly #peers = new Map<PeerId, Wire>();
  #nextPeer = 0;
  isRefusing = false;
  #sender: PlaybackSender | undefined;
  #key: SessionKey | undefined;
  #written = 0;
  /** What was sent at each position, and by which life of the server. */
  readonly #stamps = new Int16Array(MAX_POSITION);
  readonly #lives = new Uint8Array(MAX_POSITION);
  #heardByServer = 0;
  /** What has to be said first after an interruption. */
  #dueStamp: number | undefined;

  constructor(seed: number) {
    this.#rng = new Rng(seed);
    this.#time = new VirtualTime(this.#rng);
    this.#sessionTimer = new Timer(this.#time, () => this.#dispatch({ type: "time" }));
    this.#serverTimer = new Timer(this.#time, () => this.#serve({ type: "time" }));
    this.#player = new Player({ channels: 1, capacity: WINDOW, cushion: 960 }, REPORT_SAMPLES, {
      tell: (message) => this.#toRunningSide(message),
      tellLoud: () => {},
      report: (report) => {
        if (report.type === "position") this.#activity = report.activity;
      },
    });
    this.#startServer();
  }

  run({ troubles = TROUBLES, count }: DownlinkGround): void {
    const rng = this.#rng;
    const time = this.#time;
    this.#startWorker();
    const length = rng.between(5_000, 40_000);
    this.#speakUntil(length);
    const happen: Readonly<Record<DownlinkTrouble, () => void>> = {
      cut: () => this.#cut(),
      hole: () => this.#hole(),
      interrupt: () => this.#interrupt(),
      "two interrupts": () => {
        this.#interrupt();
        time.after(rng.between(0, 300), () => this.#interrupt());
      },
      restart: () => this.#restart(),
      worker: () => this.#replaceWorker(),
      refused: () => {
        this.isRefusing = true;
        this.#cut();
        time.after(rng.between(100, 8_000), () => {
          this.isRefusing = false;
        });
      },
    };
    const times = count ?? rng.whole(0, 6);
    for (let n = 0; n < times; n += 1) time.at(rng.between(0, length + 2_000), happen[rng.pick(troubles)]);
    const tick = (): void => {
      this.#render();
      if (time.now < length + END_MS && this.problems.length === 0) time.after(QUANTUM_MS, tick);
    };
    time.after(QUANTUM_MS, tick);
    time.run(length + END_MS);
    this.#judgeEnd();
  }

  // ---------------------------------------------------------------- what is said

  /** An assistant says things, mostly faster than they are heard, sometimes slower. */
  #speakUntil(end: number): void {
    const { between, chance } = {
      between: this.#rng.between.bind(this.#rng),
      chance: this.#rng.chance.bind(this.#rng),
    };
    const say = (left: number): void => {
      const samples = Math.min(left, this.#rng.whole(1, 8_000));
      this.#write(samples);
      if (left > samples) this.#time.after(between(1, chance(0.1) ? 3_000 : 500), () => say(left - samples));
      else {
        if (this.#key !== undefined) this.#serve({ type: "speak", key: this.#key, samples: undefined });
        if (this.#time.now < end) this.#time.after(between(0, 6_000), () => say(this.#rng.whole(1, 60_000)));
      }
    };
    this.#time.after(between(0, 2_000), () => say(this.#rng.whole(1, 60_000)));
  }

  #write(count: number): void {
    const samples = new Int16Array(count);
    for (let index = 0; index < count; index += 1) samples[index] = ((this.#written + index) % STAMPS) + 1;
    // One that has said more than anybody can hear for now leaves this out.
    if (this.#key === undefined || (this.#sender?.waiting ?? 0) + count > MAX_WAITING) return;
    this.#written += count;
    this.#serve({ type: "speak", key: this.#key, samples: new Uint8Array(samples.buffer) });
  }

  // ---------------------------------------------------------------- server

  #startServer(): void {
    this.#life += 1;
    this.#dueStamp = undefined;
    this.#sender = undefined;
    this.#key = undefined;
    this.#heardByServer = 0;
    let [epochs, secrets] = [0, 0];
    const life = this.#life;
    this.#server = new ServerProtocol({
      terms: TERMS,
      maxSessions: 10,
      refuseFormat: () => undefined,
      openVoice: () => {
        this.#sender = new PlaybackSender({
          ...FORMAT,
          onInterrupt: (heard) => this.#checkInterrupt(heard),
          onHeard: (heard) => this.#checkHeard(heard),
        });
        return this.#sender;
      },
      createSecret: () => {
        secrets += 1;
        return `${life}-${secrets}`;
      },
      equalSecrets: (a, b) => a === b,
      createEpoch: () => {
        epochs += 1;
        return life * 1_000 + epochs;
      },
    });
  }

  #checkHeard(heard: number): void {
    if (heard > this.#playedTo) this.#foul(`The server was told that ${heard} was heard, and ${this.#playedTo} was.`);
    if (heard < this.#heardByServer) this.#foul("What was heard went back.");
    this.#heardByServer = heard;
  }

  #checkInterrupt(heard: number): void {
    // Nothing was heard after an interruption that the client did not know to be answered.
    const isRight = this.#interruptedAt.has(heard) || this.#cutTo.has(heard);
    this.#cutTo.add(this.#sender?.sent ?? 0);
    this.#dueStamp = (this.#written % STAMPS) + 1;
    if (!isRight) this.#foul(`The server was told of an interruption at ${heard}, and there was none.`);
  }

  #serve(input: ProtocolInput): void {
    this.#perform(this.#server.handle(input, this.#time.now));
    this.#serverTimer.set(this.#server.wakeAt);
  }

  #perform(outputs: readonly ProtocolOutput[]): void {
    for (const output of outputs) {
      switch (output.type) {
        case "send":
          if (typeof output.data !== "string") this.#note(output.data);
          this.#peers.get(output.peer)?.sendDown(output.data);
          break;
        case "close": {
          const wire = this.#peers.get(output.peer);
          if (output.code === 4400) this.#foul(`The server takes an honest client for a liar: ${output.reason}`);
          this.#peers.delete(output.peer);
          wire?.closeByServer(output.code, output.reason);
          break;
        }
        case "authorize":
          this.#time.after(this.#rng.between(0, 20), () =>
            this.#serve({ type: "authorized", peer: output.peer, granted: true }),
          );
          break;
        case "open":
          this.#key = output.key;
          break;
        case "fault":
          throw output.error;
        default:
      }
    }
  }

  #note(frame: Uint8Array<ArrayBuffer>): void {
    const { position, payload } = decodeAudioFrame(frame, { encoding: "pcm_s16le", channels: 1 });
    const samples = new Int16Array(payload.slice().buffer);
    for (const [index, stamp] of samples.entries()) {
      const at = position + index;
      if (at >= MAX_POSITION) throw new RangeError("There is more to be said than the judge has room for.");
      if (this.#lives[at] === this.#life && this.#stamps[at] !== stamp) {
        this.#foul(`Position ${at} is sent again with another sample.`);
        return;
      }
      if (this.#lives[at] !== this.#life && this.#dueStamp !== undefined) {
        if (stamp !== this.#dueStamp) this.#foul(`${stamp} is said after an interruption, and not ${this.#dueStamp}.`);
        this.#dueStamp = undefined;
      }
      this.#lives[at] = this.#life;
      this.#stamps[at] = stamp;
    }
    const { sent = 0, heard = 0 } = this.#sender ?? {};
    if (sent - heard > WINDOW) this.#foul(`${sent - heard} samples are sent and not heard.`);
  }

  // ---------------------------------------------------------------- client

  #startWorker(): void {
    this.#workers += 1;
    const worker = this.#workers;
    let [toPlayer, toRunning] = [this.#time.now, this.#time.now];
    this.#downlink = new Downlink({
      say: (data) => this.#dispatch({ type: "say", data }),
      toPage: ({ type }) => {
        if (type !== "format") return;
        // A player is made, which takes a while the first time.
        this.#time.after(this.#rng.between(1, worker === 1 ? 400 : 20), () => {
          if (worker !== this.#workers) return;
          this.#toRunningSide = (message) => {
            toRunning = Math.max(toRunning + STEP_MS, this.#time.now + this.#rng.between(0, 30));
            this.#time.at(toRunning, () => {
              if (worker === this.#workers) this.#downlink.hear(message);
            });
          };
          this.#player.greet();
        });
      },
      toPlayer: (message: ToPlayer) => {
        toPlayer = Math.max(toPlayer + STEP_MS, this.#time.now + this.#rng.between(0, 30));
        this.#time.at(toPlayer, () => {
          if (worker === this.#workers) this.#toPlayer(message);
        });
      },
    });
    const restored = this.#checkpoint && nextCheckpoint(this.#checkpoint);
    this.#session = new Session({ ...sessionOptions(this.#rng), extension: this.#downlink, restored });
    if (restored !== undefined) this.#dispatch({ type: "restore", position: 0 });
    this.#dispatch({ type: "start" });
  }

  #toRunningSide: (message: FromPlayer) => void = () => {};

  #dispatch(input: SessionInput): void {
    this.#inputs.push(input);
    if (this.#busy) return;
    this.#busy = true;
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
      for (const output of this.#session.handle(next, this.#time.now)) this.#do(output);
    }
    this.#busy = false;
    this.#checkpoint = this.#session.figures.checkpoint;
    this.#sessionTimer.set(this.#session.wakeAt);
  }

  #do(output: SessionOutput): void {
    switch (output.type) {
      case "connect":
        this.#connect(output.connection);
        return;
      case "send":
        if (this.#wire?.connection === output.connection) this.#wire.wire?.sendUp(output.data as Payload);
        return;
      case "disconnect":
        if (this.#wire?.connection !== output.connection) return;
        this.#wire.wire?.closeByClient(output.code, output.reason);
        this.#wire = undefined;
        return;
      case "event": {
        const { event } = output;
        if (event.type === "failed") this.#ended = event.error.message;
        if (event.type === "warning" && event.error.code === "protocol-violation")
          this.#foul(`The client warns: ${event.error.message}`);
        if (event.type === "message") this.#foul(`A message reached the application: ${event.message.t}.`);
      }
    }
  }

  #connect(connection: number): void {
    const worker = this.#workers;
    this.#wire = { connection, wire: undefined };
    const isCurrent = (): boolean => worker === this.#workers && this.#wire?.connection === connection;
    this.#time.after(this.#rng.between(1, 200), () => {
      if (!isCurrent()) return;
      if (this.isRefusing) {
        this.#lost(connection, 1006);
        return;
      }
      this.#nextPeer += 1;
      const peer = this.#nextPeer;
      const wire = new Wire({
        time: this.#time,
        rng: this.#rng,
        conditions: { latencyMs: this.#rng.between(1, 150), jitterMs: 20, bytesPerMs: this.#rng.between(30, 500) },
        client: {
          onMessage: (data) => {
            if (isCurrent()) this.#dispatch({ type: "message", connection, data });
          },
          onClose: (code) => {
            if (isCurrent()) this.#lost(connection, code);
          },
        },
        server: {
          onMessage: (data) => {
            if (this.#peers.get(peer) === wire) this.#serve({ type: "data", peer, data });
          },
          onClose: (code) => {
            if (this.#peers.delete(peer)) this.#serve({ type: "closed", peer, code });
          },
        },
      });
      this.#peers.set(peer, wire);
      this.#serve({ type: "connected", peer });
      this.#wire = { connection, wire };
      this.#dispatch({ type: "open", connection, token: undefined });
    });
  }

  #lost(connection: number, code: number): void {
    this.#wire = undefined;
    this.#dispatch({ type: "lost", connection, loss: { kind: "closed", code, reason: "" } });
  }

  // ---------------------------------------------------------------- player

  #render(): void {
    const [output] = this.#quantum;
    if (output === undefined) return;
    output.fill(Number.NaN);
    this.#player.render(this.#quantum, this.#time.now / 1_000, (this.#time.now + QUANTUM_MS) / 1_000);
    for (const sample of output) {
      const stamp = Math.round(sample * 32_768);
      if (sample === 0) continue;
      if (this.#answered !== this.#interrupts) this.#foul("Something is heard after an interruption.");
      const due = this.#stamps[this.#playedTo];
      if (due !== stamp) {
        this.#foul(`At position ${this.#playedTo} ${due} was due, and ${stamp} was heard.`);
        return;
      }
      this.#playedTo += 1;
    }
  }

  #toPlayer(message: ToPlayer): void {
    this.#player.take(message);
    if (message.type !== "start" || message.interrupts !== this.#interrupts) return;
    if (message.interrupts === this.#answered) return;
    this.#answered = message.interrupts;
    if (message.position < this.#playedTo) this.#foul("An interruption led back.");
    this.#playedTo = message.position;
  }

  /** Position of the next sample to be heard, as the judge has it. */
  #playedTo = 0;

  #interrupt(): void {
    this.#interrupts += 1;
    this.#interruptedAt.add(this.#playedTo);
    this.#player.interrupt();
  }

  // ---------------------------------------------------------------- trouble

  #cut(): void {
    const { rng } = { rng: this.#rng };
    this.#wire?.wire?.cut({
      flushUp: rng.chance(0.5),
      flushDown: rng.chance(0.5),
      serverLearnsAfterMs: rng.chance(0.7) ? rng.between(0, 500) : undefined,
      clientLearnsAfterMs: rng.chance(0.7) ? rng.between(0, 500) : undefined,
    });
  }

  #hole(): void {
    const wire = this.#wire?.wire;
    const lane = this.#rng.chance(0.5) ? wire?.up : wire?.down;
    lane?.setHole(true);
    this.#time.after(this.#rng.between(100, 20_000), () => lane?.setHole(false));
  }

  #restart(): void {
    for (const wire of this.#peers.values()) {
      wire.cut({
        flushUp: false,
        flushDown: this.#rng.chance(0.5),
        serverLearnsAfterMs: undefined,
        clientLearnsAfterMs: this.#rng.between(0, 50),
      });
    }
    this.#peers.clear();
    this.#startServer();
  }

  #replaceWorker(): void {
    const wire = this.#wire?.wire;
    this.#wire = undefined;
    wire?.cut({ flushUp: true, flushDown: false, serverLearnsAfterMs: 10, clientLearnsAfterMs: undefined });
    this.#toRunningSide = () => {};
    this.#startWorker();
  }

  #judgeEnd(): void {
    const { sent = 0, heard = 0, waiting = 0 } = this.#sender ?? {};
    if (this.#ended !== undefined) this.#foul(`The session failed: ${this.#ended}`);
    if (waiting > 0) this.#foul(`${waiting} samples were never sent.`);
    if (heard !== sent) this.#foul(`${sent} samples were sent, and the server knows of ${heard} that were heard.`);
    if (this.#playedTo !== sent) this.#foul(`${sent} samples were sent, and it was heard up to ${this.#playedTo}.`);
    if (this.#activity !== "idle") this.#foul(`Everything was said, and the player is ${this.#activity}.`);
  }

  #foul(problem: string): void {
    if (this.problems.length < 5) this.problems.push(`${Math.round(this.#time.now)} ms: ${problem}`);
  }
}

const sessionOptions = (rng: Rng): SessionOptions => ({
  sessionId: "session-of-the-downlink",
  clientId: "client-of-the-downlink",
  takeover: false,
  agent: "simulation",
  format: { encoding: "pcm_s16le", sampleRate: 16_000, channels: 1 },
  replay: { maxDurationMs: 30_000, maxBytes: 4_194_304, whenFull: "drop-oldest" },
  retry: {
    ...{ initialDelayMs: 250, maxDelayMs: 10_000, factor: 2, jitterRatio: 1 },
    ...{ maxAttempts: Number.POSITIVE_INFINITY, maxElapsedMs: Number.POSITIVE_INFINITY },
    ...{ initial: "retry", policy: undefined },
  },
  connectTimeoutMs: 10_000,
  heartbeat: { intervalMs: 10_000, timeoutMs: 2_500 },
  renewableToken: false,
  random: () => rng.next(),
});

/** Has a server speak to a client under seeded troubles. Returns the promises that are broken. */
export function simulateDownlink(seed: number, ground: DownlinkGround = {}): readonly string[] {
  const run = new DownlinkRun(seed);
  try {
    run.run(ground);
  } catch (error) {
    return [String(error)];
  }
  return run.problems;
}
