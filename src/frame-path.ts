import type { AudioFormat, AudioFrame } from "./capture/source.js";
import { AudioFrameFlag } from "./protocol/audio-frame.js";
import type { CapturedFrame } from "./session/audio-sender.js";
import { type Level, LevelWindow } from "./signal/level-window.js";
import { type MarkedFrame, MuteSwitch } from "./signal/mute-switch.js";
import { PreRoll } from "./signal/pre-roll.js";
import { type Advice, SignalAdviser } from "./signal/signal-adviser.js";
import { Timeline } from "./signal/timeline.js";

export interface FramePathOptions {
  readonly format: AudioFormat;
  readonly preRollMs: number;
  readonly levelIntervalMs: number;
}

/** Where frames and what is learnt of them go. */
export interface FramePathObserver {
  onFrame(frame: CapturedFrame): void;
  onLevel(level: Level): void;
  onAdvice(advice: Advice): void;
}

const SILENT = { peakLevel: 0, rmsLevel: 0 };

/** What happens to every frame between the source and the session: pre-roll, mute, timeline, level and advice. */
export class FramePath {
  readonly #observer: FramePathObserver;
  readonly #preRoll: PreRoll;
  readonly #mute: MuteSwitch;
  readonly #timeline: Timeline;
  readonly #levels: LevelWindow;
  readonly #adviser: SignalAdviser;
  #level: Pick<AudioFrame, "peakLevel" | "rmsLevel"> = SILENT;

  constructor({ format, preRollMs, levelIntervalMs }: FramePathOptions, observer: FramePathObserver) {
    const toSamples = (ms: number): number => (ms / 1_000) * format.sampleRate;
    this.#observer = observer;
    this.#preRoll = new PreRoll(toSamples(preRollMs));
    this.#mute = new MuteSwitch(format.encoding);
    this.#timeline = new Timeline(format.sampleRate);
    this.#levels = new LevelWindow(toSamples(levelIntervalMs));
    this.#adviser = new SignalAdviser(format.sampleRate);
  }

  get muted(): boolean {
    return this.#mute.muted;
  }

  set muted(muted: boolean) {
    this.#mute.set(muted, performance.now());
  }

  /** Of the last frame. */
  get level(): Pick<AudioFrame, "peakLevel" | "rmsLevel"> {
    return this.#level;
  }

  get timeline(): Pick<Timeline, "toPageTime" | "driftPpm"> {
    return this.#timeline;
  }

  push(frame: AudioFrame): void {
    const next = this.#preRoll.push(frame);
    if (next !== undefined) this.#pass(next);
  }

  /** Lets out what was kept from before the start, and everything from now on. */
  start(): void {
    for (const frame of this.#preRoll.start()) this.#pass(frame);
  }

  /** Nothing is captured for now, so nothing is loud. */
  still(): void {
    this.#level = SILENT;
  }

  deviceChanged(): void {
    this.#adviser.reset();
  }

  #pass(frame: AudioFrame): void {
    const marked = this.#mute.apply(frame);
    this.#timeline.note(marked.position, marked.sampleCount, marked.timestamp);
    this.#observer.onFrame(toCaptured(marked));
    this.#measure(marked);
  }

  #measure(frame: MarkedFrame): void {
    this.#level = frame;
    const level = this.#levels.push(frame);
    if (level !== undefined) this.#observer.onLevel(level);
    const advice = this.#adviser.push(frame);
    if (advice !== undefined) this.#observer.onAdvice(advice);
  }
}

function toCaptured({ payload, position, sampleCount, muted }: MarkedFrame): CapturedFrame {
  return { payload, position, sampleCount, flags: muted ? AudioFrameFlag.muted : 0 };
}
