import type { SpeechChange } from "../capture/gate.js";
import type { PlacedFrame } from "../capture/inlet/frame-inlet.js";
import type { AudioFormat, AudioFrame } from "../capture/source.js";
import type { AudioStreamError } from "../errors.js";
import type { AudioRange } from "../internal/range-set.js";
import type { Scope } from "../internal/scope.js";
import { isWithheld, type WireAudioFrame } from "../protocol/audio-frame.js";
import type { EncoderOpener, FrameEncoder } from "./imported-encoding.js";
import { type Level, LevelWindow } from "./level-window.js";
import { MuteSwitch } from "./mute-switch.js";
import { PreRoll } from "./pre-roll.js";
import { type Advice, SignalAdviser } from "./signal-adviser.js";
import { type TimelinePoint, TimelinePoints } from "./timeline-points.js";

export interface FramePathOptions {
  /** On the wire. */
  readonly format: AudioFormat;
  readonly frameDurationMs: number;
  readonly preRollMs: number;
  readonly levelIntervalMs: number;
  /** Source position of the stream's first sample, if another path has begun the stream. */
  readonly origin?: number | undefined;
  /** Source position from which on another path had kept audio for the start. */
  readonly keptFrom?: number | undefined;
}

/** Where frames and what is learnt of them go. */
export interface FramePathObserver {
  /** A frame as it was captured, with what was muted silenced, before anything else becomes of it. */
  onCaptured(frame: PlacedFrame): void;
  onFrame(frame: WireAudioFrame): void;
  onPoint(point: TimelinePoint): void;
  onLevel(level: Level): void;
  onAdvice(advice: Advice): void;
  /** Audio that was captured and will never come as a frame. */
  onLost(range: AudioRange): void;
  /** Somebody speaks from this position on, or nobody. A path that goes on for another says again what that one said. */
  onSpeech(change: SpeechChange): void;
  onError(error: AudioStreamError): void;
}

const SILENT = { peakLevel: 0, rmsLevel: 0 };

/**
 * What happens to every frame between the source and the session: pre-roll, mute, timeline, level, advice, and an encoding
 * that the audio thread cannot make.
 */
export class FramePath {
  readonly #options: FramePathOptions;
  readonly #observer: FramePathObserver;
  readonly #preRoll: PreRoll<PlacedFrame>;
  readonly #mute: MuteSwitch;
  readonly #points: TimelinePoints;
  /** `undefined` while nobody wants levels. */
  #levels: LevelWindow | undefined;
  readonly #adviser: SignalAdviser;
  readonly #openEncoder: EncoderOpener | undefined;
  #encoder: FrameEncoder | undefined;
  /** Frames that came before the encoder was ready. */
  readonly #unencoded: PlacedFrame[] = [];
  /** Samples that an encoder has not given back yet; each range is one without a break. */
  #encoding: AudioRange[] = [];
  #level: Pick<AudioFrame, "peakLevel" | "rmsLevel"> = SILENT;
  #isSpeaking: boolean | undefined;
  /** Position after the last frame. */
  #end = 0;

  /** @param openEncoder for an encoding that is not made on the audio thread. */
  constructor(options: FramePathOptions, openEncoder: EncoderOpener | undefined, observer: FramePathObserver) {
    const { format, preRollMs, origin } = options;
    this.#options = options;
    this.#openEncoder = openEncoder;
    this.#observer = observer;
    this.#preRoll = new PreRoll((preRollMs / 1_000) * format.sampleRate, origin);
    this.#mute = new MuteSwitch(format.encoding);
    this.#points = new TimelinePoints(format.sampleRate);
    this.#adviser = new SignalAdviser(format.sampleRate);
  }

  /**
   * Prepares the encoder, where there is one; it ends with the scope.
   * @throws AudioStreamError `unsupported`, `encoder-failed`.
   */
  async open(scope: Scope): Promise<void> {
    if (this.#openEncoder === undefined) return;
    const { format, frameDurationMs } = this.#options;
    const encoder = await this.#openEncoder(scope, format, frameDurationMs, {
      onFrame: (frame) => this.#onEncoded(frame),
      onError: (error) => this.#observer.onError(error),
    });
    scope.signal.throwIfAborted();
    this.#encoder = encoder;
    for (const frame of this.#unencoded.splice(0)) encoder.push(frame);
  }

  /** @param at when, on the `performance.now()` clock. */
  setMuted(muted: boolean, at: DOMHighResTimeStamp): void {
    this.#mute.set(muted, at);
  }

  /** Somebody wants levels from now on. */
  wantLevels(): void {
    const { format, levelIntervalMs } = this.#options;
    this.#levels ??= new LevelWindow((levelIntervalMs / 1_000) * format.sampleRate);
  }

  /** Source position of the stream's first sample; `undefined` until it is known. */
  get origin(): number | undefined {
    return this.#preRoll.origin;
  }

  /** What went into the encoder and has not come out yet. */
  get samplesEncoding(): number {
    return this.#encoding.reduce((sum, { from, to }) => sum + to - from, 0);
  }

  /** Of the last frame. */
  get level(): Pick<AudioFrame, "peakLevel" | "rmsLevel"> {
    return this.#level;
  }

  push(frame: PlacedFrame): void {
    const next = this.#preRoll.push(frame);
    if (next !== undefined) this.#pass(next);
  }

  /** Takes a frame that came when none was wanted: it is not sent, and counts as lost if there is sound in it. */
  refuse(frame: PlacedFrame): void {
    const late = this.#preRoll.isStarted ? this.#preRoll.push(frame) : undefined;
    if (late === undefined) return;
    if (isWithheld(late)) this.#observer.onFrame(late);
    else this.#observer.onLost({ from: late.position, to: late.position + late.sampleCount });
  }

  /** No encoder will give anything back any more: what it still had is lost. */
  abandon(): void {
    this.#unencoded.length = 0;
    for (const range of this.#encoding.splice(0)) this.#observer.onLost(range);
  }

  /** Lets out what was kept from before the start, and everything from now on. */
  start(): void {
    const { missing } = this.#preRoll;
    const kept = this.#preRoll.start();
    if (missing !== undefined) this.#observer.onLost({ from: 0, to: missing.to - missing.from });
    for (const frame of kept) this.#pass(frame);
  }

  /**
   * Another path has taken along what the source made before this position.
   * @returns that position in the stream: 0 if the stream has not started.
   */
  inherit(position: number): number {
    const { keptFrom } = this.#options;
    if (this.origin !== undefined) return position - this.origin;
    if (keptFrom !== undefined && keptFrom < position) this.#preRoll.miss({ from: keptFrom, to: position });
    return 0;
  }

  /**
   * Resolves when everything pushed so far has gone on to the session. An encoder that does not bring it out in time ends
   * the stream.
   * @throws AudioStreamError `encoder-failed`, or the reason of the scope's end.
   */
  async flush(): Promise<void> {
    await this.#encoder?.flush();
  }

  /** Nothing is captured for now, so nothing is loud, and nobody speaks. */
  still(): void {
    this.#level = SILENT;
    if (this.#isSpeaking === true) this.#tellSpeech(false, this.#end);
  }

  deviceChanged(): void {
    this.#adviser.reset();
  }

  #pass(frame: PlacedFrame): void {
    this.#mute.apply(frame);
    this.#observer.onCaptured(frame);
    const point = this.#points.note(frame.position, frame.sampleCount, frame.timestamp);
    if (point !== undefined) this.#observer.onPoint(point);
    const { voice, position } = frame;
    this.#end = position + frame.sampleCount;
    if (voice !== undefined && voice.speaking !== this.#isSpeaking) {
      this.#tellSpeech(voice.speaking, position + voice.since);
    }
    if (this.#openEncoder !== undefined) this.#encode(frame);
    else this.#observer.onFrame(frame);
    this.#measure(frame);
  }

  #tellSpeech(speaking: boolean, position: number): void {
    this.#isSpeaking = speaking;
    this.#observer.onSpeech({ speaking, position });
  }

  #encode(frame: PlacedFrame): void {
    // Silence that is left out passes in its turn, and is no loss.
    if (!isWithheld(frame)) this.#noteEncoding(frame);
    if (this.#encoder === undefined) this.#unencoded.push(frame);
    else this.#encoder.push(frame);
  }

  #noteEncoding({ position, sampleCount }: PlacedFrame): void {
    const to = position + sampleCount;
    const last = this.#encoding.at(-1);
    if (last?.to === position) this.#encoding[this.#encoding.length - 1] = { from: last.from, to };
    else this.#encoding.push({ from: position, to });
  }

  #onEncoded(frame: WireAudioFrame): void {
    const end = frame.position + frame.sampleCount;
    this.#encoding = this.#encoding.flatMap(({ from, to }) => (to > end ? { from: Math.max(from, end), to } : []));
    this.#observer.onFrame(frame);
  }

  #measure(frame: PlacedFrame): void {
    this.#level = frame;
    const level = this.#levels?.push(frame);
    if (level !== undefined) this.#observer.onLevel(level);
    const advice = this.#adviser.push(frame);
    if (advice !== undefined) this.#observer.onAdvice(advice);
  }
}
