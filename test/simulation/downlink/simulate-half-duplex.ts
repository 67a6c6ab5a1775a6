import type { PlacedFrame } from "../../../src/capture/inlet/frame-inlet.js";
import { isMuted } from "../../../src/frames/mute-switch.js";
import { HalfDuplex } from "../../../src/playback/downlink/half-duplex.js";
import { Player } from "../../../src/playback/player/player.js";
import type { LoudSpan, PlayerClock } from "../../../src/playback/port-messages.js";
import { Rng } from "../rng.js";
import { VirtualTime } from "../virtual-time.js";

export type EchoTrouble = "interrupt" | "death" | "late reports" | "worker" | "suspended" | "pause" | "mute";

const TROUBLES: readonly EchoTrouble[] = [
  ...(["interrupt", "death", "late reports", "worker", "suspended", "pause", "mute"] as const),
];

/** Where a planted bug shows itself soonest. */
export interface EchoGround {
  /** What may happen. @defaultValue everything */
  readonly troubles?: readonly EchoTrouble[];
}

const RATE = 8_000;
const QUANTUM = 128;
const QUANTUM_MS = (QUANTUM / RATE) * 1_000;
const FRAME_MS = 20;
const FRAME_SAMPLES = 320;
const FORMAT = { encoding: "pcm_s16le", sampleRate: 16_000, channelCount: 1 } as const;
const HOLD_MS = 300;
const LOUD = 8_000;
const SOFT = 20;
/** −50 dBFS. */
const LOUD_FROM = 10 ** (-50 / 20);
/** What the room and both devices need at most, beside the latency that the browser knows. */
const TAIL_MS = 200;
/** Silence of the microphone beyond what was heard that is no fault: the lead, a batch, and a report's interval. */
const SLACK_MS = 130;
/** Frames are held back for so long at most. */
const HELD_MS = 200;
const LENGTH_MS = 30_000;
/** What comes through a port keeps its order. */
const STEP_MS = 0.001;

interface Span {
  readonly from: number;
  readonly to: number;
}

const overlaps = (one: Span, other: Span): boolean => one.from < other.to && other.from < one.to;

/** A player in a room with a microphone, and what silences the microphone, as they ship, under seeded troubles. */
class EchoRun {
  readonly problems: string[] = [];
  readonly #rng: Rng;
  readonly #time: VirtualTime;
  /** Of the loudspeaker; the browser knows it. */
  readonly #latencyMs: number;
  /** For how long the audio thread holds frames back, as a gate does. */
  readonly #heldMs: number;
  #player!: Player;
  #halfDuplex!: HalfDuplex;
  #worker = 0;
  #connect: (() => void) | undefined;
  #toRunningSide: (span: LoudSpan) => void = () => {};
  #isDead = false;
  #isSuspended = false;
  /** How long the player's context has stood still. */
  #stoodStillMs = 0;
  #lateMs = 0;
  #isPaused = false;
  #isMuted = false;
  #framesAt = 0;
  #position = 0;
  /** When the microphone hears the player, and when it may be silenced. */
  readonly #echoes: Span[] = [];
  readonly #allowed: Span[] = [];
  /** When reports were lost or late, by when frames arrive. */
  readonly #excused: Span[] = [];
  readonly #quantum = [new Float32Array(QUANTUM)];
  /** As the page has it. */
  #told = false;
  #echoesHeard = 0;

  constructor(seed: number) {
    this.#rng = new Rng(seed);
    this.#time = new VirtualTime(this.#rng);
    this.#latencyMs = this.#rng.between(20, 250);
    this.#heldMs = this.#rng.chance(0.5) ? 0 : this.#rng.between(50, HELD_MS);
  }

  run({ troubles = TROUBLES }: EchoGround): void {
    const [rng, time] = [this.#rng, this.#time];
    this.#player = new Player({ channels: 1, capacity: 10 * RATE, cushion: 800, loudFrom: LOUD_FROM }, 800, {
      tell: () => {},
      tellLoud: (span) => this.#toRunningSide(span),
      report: () => this.#sendClock(),
    });
    this.#startWorker();
    this.#speak(200);
    const happen: Readonly<Record<EchoTrouble, () => void>> = {
      interrupt: () => this.#interrupt(),
      death: () => {
        this.#isDead = true;
      },
      "late reports": () => this.#delayReports(),
      worker: () => this.#replaceWorker(),
      suspended: () => this.#suspend(),
      pause: () => this.#forAWhile((isSo) => (this.#isPaused = isSo)),
      mute: () => this.#forAWhile((isSo) => (this.#isMuted = isSo)),
    };
    for (let count = rng.whole(1, 5); count > 0; count -= 1) {
      const trouble = rng.pick(troubles);
      time.at(rng.between(500, LENGTH_MS - 5_000), happen[trouble]);
    }
    for (let at = 0; at < LENGTH_MS; at += QUANTUM_MS) time.at(at, () => this.#render());
    for (let at = 0; at < LENGTH_MS; at += FRAME_MS) time.at(at + FRAME_MS, () => this.#capture(at));
    time.run(LENGTH_MS + 1_000);
    if (this.#told) this.#foul("At the end nothing is heard, and the microphone is silenced.");
    if (this.#echoesHeard === 0) this.#foul("Nothing was ever heard: this run shows nothing.");
  }

  // ---------------------------------------------------------------- the loudspeaker

  /** Phrases of loud and soft parts, with pauses between them, until shortly before the end. */
  #speak(at: number): void {
    if (at > LENGTH_MS - 5_000) return;
    const lengthMs = this.#rng.between(100, 2_000);
    this.#time.at(at, () => {
      const samples = new Int16Array((lengthMs / 1_000) * RATE);
      const softFrom = this.#rng.chance(0.3) ? this.#rng.whole(0, samples.length) : samples.length;
      for (const index of samples.keys()) samples[index] = (index < softFrom ? LOUD : SOFT) * (index % 2 ? 1 : -1);
      this.#player.take({ type: "samples", samples: samples.buffer });
      this.#player.take({ type: "end" });
    });
    this.#speak(at + lengthMs + this.#rng.between(0, 2_000));
  }

  get #contextSec(): number {
    return (this.#time.now - this.#stoodStillMs) / 1_000;
  }

  #render(): void {
    const { now } = this.#time;
    if (this.#isSuspended) {
      this.#stoodStillMs += QUANTUM_MS;
      return;
    }
    if (this.#isDead) return;
    this.#player.render(this.#quantum, this.#contextSec, this.#contextSec + QUANTUM_MS / 1_000);
    if (!this.#quantum[0]?.some((sample) => Math.abs(sample) >= LOUD_FROM)) return;
    this.#echoes.push({ from: now + this.#latencyMs, to: now + QUANTUM_MS + this.#latencyMs + TAIL_MS });
    this.#allowed.push({ from: now - SLACK_MS, to: now + this.#latencyMs + HOLD_MS + SLACK_MS });
  }

  #interrupt(): void {
    this.#player.interrupt();
    this.#player.take({ type: "start", position: 1_000_000, interrupts: this.#interrupts });
  }

  get #interrupts(): number {
    this.#interruptCount += 1;
    return this.#interruptCount;
  }

  #interruptCount = 0;

  #suspend(): void {
    if (this.#isSuspended) return;
    this.#isSuspended = true;
    const forMs = this.#rng.between(50, this.#rng.chance(0.5) ? HELD_MS : 4_000);
    this.#time.after(forMs, () => {
      this.#isSuspended = false;
      const { now } = this.#time;
      // Frames that are on their way are judged by the clock from before and by the one from after.
      const aroundMs = Math.min(forMs, HELD_MS) + SLACK_MS;
      this.#allowed.push({ from: now - aroundMs, to: now + this.#latencyMs + HOLD_MS + aroundMs });
      this.#time.after(this.#rng.between(0, 15), () => this.#sendClock());
    });
  }

  #delayReports(): void {
    const [delayMs, forMs] = [this.#rng.between(100, 600), this.#rng.between(100, 3_000)];
    const { now } = this.#time;
    this.#lateMs = delayMs;
    this.#excused.push({ from: now, to: now + forMs + delayMs + 12 });
    // A report that is late silences nothing that a timely one would not, since it says when it was loud.
    this.#time.after(forMs, () => {
      this.#lateMs = 0;
    });
  }

  // ---------------------------------------------------------------- the running side

  #startWorker(): void {
    this.#worker += 1;
    const worker = this.#worker;
    const isCurrent = (): boolean => worker === this.#worker;
    const halfDuplex = new HalfDuplex(FORMAT, (isSilenced, position) => this.#onChange(isSilenced, position));
    this.#halfDuplex = halfDuplex;
    let [reportsTo, clocksTo] = [this.#time.now, this.#time.now];
    this.#toRunningSide = () => {};
    this.#clockToRunningSide = () => {};
    this.#connect = () => {
      if (!isCurrent()) return;
      this.#toRunningSide = (span) => {
        reportsTo = Math.max(reportsTo + STEP_MS, this.#time.now + this.#rng.between(0, 10) + this.#lateMs);
        this.#time.at(reportsTo, () => isCurrent() && halfDuplex.hear(span));
      };
      this.#clockToRunningSide = (clock) => {
        clocksTo = Math.max(clocksTo + STEP_MS, this.#time.now + this.#rng.between(0, 10));
        this.#time.at(clocksTo, () => isCurrent() && halfDuplex.setClock(clock));
      };
      this.#sendClock();
      if (!this.#isDead) this.#player.greet();
    };
    if (worker === 1) this.#connect();
  }

  #clockToRunningSide: (clock: PlayerClock) => void = () => {};

  /** As the page reads it: late by one batch at most, and only while the context runs. */
  #sendClock(): void {
    if (this.#isSuspended || this.#isDead) return;
    const zeroMs = this.#stoodStillMs + this.#rng.between(0, 30);
    this.#clockToRunningSide({ zeroMs, holdMs: HOLD_MS + this.#latencyMs });
  }

  #replaceWorker(): void {
    const { now } = this.#time;
    const afterMs = this.#rng.between(1, 300);
    // The player tells another running side of its last phrase only: of one before it, frames may still be on their way.
    this.#excused.push({ from: now, to: now + afterMs + 12 + HELD_MS });
    this.#startWorker();
    const connect = this.#connect;
    this.#time.after(afterMs, () => connect?.());
  }

  #onChange(isSilenced: boolean, position: number): void {
    if (position !== this.#changeAt) this.#foul(`A change is told of ${position}, and it is at ${this.#changeAt}.`);
    if (isSilenced === this.#told && this.#toldBy === this.#worker) this.#foul("The same is told twice.");
    this.#told = isSilenced;
    this.#toldBy = this.#worker;
  }

  #toldBy = 0;

  /** Position of the frame that is being judged. */
  #changeAt = -1;

  // ---------------------------------------------------------------- the microphone

  #forAWhile(set: (isSo: boolean) => void): void {
    set(true);
    this.#time.after(this.#rng.between(100, 3_000), () => set(false));
  }

  #capture(at: number): void {
    if (this.#isPaused) return;
    const frame: PlacedFrame = {
      payload: new Uint8Array(2 * FRAME_SAMPLES).fill(7),
      position: this.#position,
      sampleCount: FRAME_SAMPLES,
      timestamp: at,
      peakLevel: 0.1,
      rmsLevel: 0.1,
      flags: this.#isMuted ? 2 : 0,
    };
    this.#position += FRAME_SAMPLES;
    this.#framesAt = Math.max(this.#framesAt + STEP_MS, this.#time.now + this.#heldMs + this.#rng.between(0, 15));
    this.#time.at(this.#framesAt, () => this.#judge(frame));
  }

  #judge(frame: PlacedFrame): void {
    const span = { from: frame.timestamp, to: frame.timestamp + FRAME_MS };
    const { now } = this.#time;
    const isMutedByPerson = isMuted(frame);
    this.#changeAt = frame.position;
    this.#halfDuplex.onCaptured(frame);
    const isSilent = isMuted(frame);
    if (isSilent && !isMutedByPerson && frame.payload.some((byte) => byte !== 0)) this.#foul("Silence is not silent.");
    if (this.#told !== isSilent && !isMutedByPerson)
      this.#foul(`The page believes ${this.#told} of a frame that is ${isSilent}.`);
    const isExcused = this.#excused.some(({ from, to }) => now >= from && now < to);
    const isEcho = this.#echoes.some((echo) => overlaps(echo, span));
    if (isEcho) this.#echoesHeard += 1;
    if (isEcho && !this.#told && !isExcused) this.#foul(`The player is heard in the frame of ${span.from} ms.`);
    if (this.#told && !this.#allowed.some((allowed) => overlaps(allowed, span))) {
      this.#foul(`The frame of ${span.from} ms is silenced, and nothing was loud.`);
    }
  }

  #foul(problem: string): void {
    if (this.problems.length < 5) this.problems.push(`${Math.round(this.#time.now)} ms: ${problem}`);
  }
}

/** Has a player be heard by a microphone under seeded troubles. Returns what is wrong. */
export function simulateHalfDuplex(seed: number, ground: EchoGround = {}): readonly string[] {
  const run = new EchoRun(seed);
  try {
    run.run(ground);
  } catch (error) {
    return [String(error)];
  }
  return run.problems;
}
