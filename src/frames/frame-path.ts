import type { AudioFormat, AudioFrame } from "../capture/source.js";
import { AudioStreamError } from "../errors.js";
import type { AudioRange } from "../internal/range-set.js";
import type { Scope } from "../internal/scope.js";
import { withinWakingTime } from "../internal/waking-time.js";
import { AudioFrameFlag, type WireAudioFrame } from "../protocol/audio-frame.js";
import { type Level, LevelWindow } from "./level-window.js";
import { type MarkedFrame, MuteSwitch } from "./mute-switch.js";
import { OpusEncoder, type OpusFrame } from "./opus/opus-encoder.js";
import { isOpusSupported } from "./opus/opus-support.js";
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
}

/** Where frames and what is learnt of them go. */
export interface FramePathObserver {
  onFrame(frame: WireAudioFrame): void;
  onPoint(point: TimelinePoint): void;
  onLevel(level: Level): void;
  onAdvice(advice: Advice): void;
  /** Audio that was captured and will never come as a frame. */
  onLost(range: AudioRange): void;
  onError(error: AudioStreamError): void;
}

/** How long the browser may take to say whether it can encode, in milliseconds. */
const SUPPORT_TIMEOUT_MS = 5_000;
/** How long the encoder may take to bring out what it holds, in milliseconds. */
const FLUSH_TIMEOUT_MS = 30_000;

const SILENT = { peakLevel: 0, rmsLevel: 0 };

/**
 * What happens to every frame between the source and the session: pre-roll, mute, timeline, level, advice, and Opus, which
 * the audio thread cannot make.
 */
export class FramePath {
  readonly #options: FramePathOptions;
  readonly #observer: FramePathObserver;
  readonly #preRoll: PreRoll;
  readonly #mute: MuteSwitch;
  readonly #points: TimelinePoints;
  readonly #levels: LevelWindow;
  readonly #adviser: SignalAdviser;
  #encoder: { readonly scope: Scope; readonly opus: OpusEncoder } | undefined;
  /** Frames that came before the encoder was ready. */
  readonly #unencoded: MarkedFrame[] = [];
  /** Samples that an encoder has not given back yet; each range is one without a break. */
  #encoding: AudioRange[] = [];
  #level: Pick<AudioFrame, "peakLevel" | "rmsLevel"> = SILENT;

  constructor(options: FramePathOptions, observer: FramePathObserver) {
    const { format, preRollMs, levelIntervalMs, origin } = options;
    const toSamples = (ms: number): number => (ms / 1_000) * format.sampleRate;
    this.#options = options;
    this.#observer = observer;
    this.#preRoll = new PreRoll(toSamples(preRollMs), origin);
    this.#mute = new MuteSwitch(format.encoding);
    this.#points = new TimelinePoints(format.sampleRate);
    this.#levels = new LevelWindow(toSamples(levelIntervalMs));
    this.#adviser = new SignalAdviser(format.sampleRate);
  }

  /**
   * Prepares the encoder, where there is one; it ends with the scope.
   * @throws AudioStreamError `unsupported`, `encoder-failed`.
   */
  async open(scope: Scope): Promise<void> {
    const { format, frameDurationMs } = this.#options;
    if (format.encoding !== "opus") return;
    const supported = await withinWakingTime(scope, SUPPORT_TIMEOUT_MS, isOpusSupported(format, { frameDurationMs }), {
      resource: "answer about Opus",
      late: () => encoderSilent("did not say whether it can encode Opus", SUPPORT_TIMEOUT_MS),
    });
    if (!supported) throw noOpus();
    scope.signal.throwIfAborted();
    const opus = new OpusEncoder(
      format,
      { frameDurationMs },
      {
        onFrame: (frame) => this.#onEncoded(frame),
        onError: (error) => this.#observer.onError(error),
      },
    );
    scope.defer("opus encoder", () => opus.close());
    this.#encoder = { scope, opus };
    for (const frame of this.#unencoded.splice(0)) opus.push(frame);
  }

  /** @param at when, on the `performance.now()` clock. */
  setMuted(muted: boolean, at: DOMHighResTimeStamp): void {
    this.#mute.set(muted, at);
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

  push(frame: AudioFrame): void {
    const next = this.#preRoll.push(frame);
    if (next !== undefined) this.#pass(next);
  }

  /** Takes a frame that came when none was wanted: it is not sent, and counts as lost. */
  refuse(frame: AudioFrame): void {
    const lost = this.#preRoll.isStarted ? this.#preRoll.push(frame) : undefined;
    if (lost !== undefined) this.#observer.onLost({ from: lost.position, to: lost.position + lost.sampleCount });
  }

  /** No encoder will give anything back any more: what it still had is lost. */
  abandon(): void {
    this.#unencoded.length = 0;
    for (const range of this.#encoding.splice(0)) this.#observer.onLost(range);
  }

  /** Lets out what was kept from before the start, and everything from now on. */
  start(): void {
    for (const frame of this.#preRoll.start()) this.#pass(frame);
  }

  /**
   * Resolves when everything pushed so far has gone on to the session. An encoder that does not bring it out in time ends
   * the stream.
   * @throws AudioStreamError `encoder-failed`, or the reason of the scope's end.
   */
  async flush(): Promise<void> {
    if (this.#encoder === undefined) return;
    const { scope, opus } = this.#encoder;
    await withinWakingTime(scope, FLUSH_TIMEOUT_MS, opus.flush(), {
      resource: "encoder's last packets",
      late: () => {
        const error = encoderSilent("did not bring out what its Opus encoder holds", FLUSH_TIMEOUT_MS);
        this.#observer.onError(error);
        return error;
      },
    });
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
    const point = this.#points.note(marked.position, marked.sampleCount, marked.timestamp);
    if (point !== undefined) this.#observer.onPoint(point);
    if (this.#options.format.encoding === "opus") this.#encode(marked);
    else this.#observer.onFrame(toCaptured(marked));
    this.#measure(marked);
  }

  #encode(frame: MarkedFrame): void {
    const { position, sampleCount } = frame;
    const last = this.#encoding.at(-1);
    if (last?.to === position)
      this.#encoding[this.#encoding.length - 1] = { from: last.from, to: position + sampleCount };
    else this.#encoding.push({ from: position, to: position + sampleCount });
    if (this.#encoder === undefined) this.#unencoded.push(frame);
    else this.#encoder.opus.push(frame);
  }

  #onEncoded(frame: OpusFrame): void {
    const end = frame.position + frame.sampleCount;
    this.#encoding = this.#encoding.flatMap(({ from, to }) => (to > end ? { from: Math.max(from, end), to } : []));
    this.#observer.onFrame(frame);
  }

  #measure(frame: MarkedFrame): void {
    this.#level = frame;
    const level = this.#levels.push(frame);
    if (level !== undefined) this.#observer.onLevel(level);
    const advice = this.#adviser.push(frame);
    if (advice !== undefined) this.#observer.onAdvice(advice);
  }
}

function toCaptured({ payload, position, sampleCount, muted }: MarkedFrame): WireAudioFrame {
  return { payload, position, sampleCount, flags: muted ? AudioFrameFlag.muted : 0 };
}

const noOpus = (): AudioStreamError<"unsupported"> =>
  new AudioStreamError(
    "unsupported",
    "This browser cannot encode Opus of such a sampleRate and frameDurationMs. Use another encoding.",
    {
      details: { feature: "opus" },
    },
  );

const encoderSilent = (what: string, timeoutMs: number): AudioStreamError<"encoder-failed"> =>
  new AudioStreamError(
    "encoder-failed",
    `The browser ${what} within ${timeoutMs / 1_000} seconds. Use encoding "pcm_s16le" if this goes on.`,
    { details: undefined },
  );
