import { ChannelMixer } from "./channel-mixer.js";
import { ENCODERS, type Encoder } from "./encoder.js";
import { Framer, samplesPerFrame } from "./framer.js";
import type { ProcessorCommand, ProcessorMessage, ProcessorSettings } from "./port-messages.js";
import { Resampler } from "./resampler.js";

const RENDER_QUANTUM = 128;

/** Receives messages for the page. The buffers in `transfer` may be handed over. */
export type MessageSink = (message: ProcessorMessage, transfer: ArrayBuffer[]) => void;

/**
 * Everything the audio thread does with a quantum: mix to mono, resample, frame, measure, encode. Allocates nothing
 * but each frame's message, and reads the engine's buffers only during the call that brings them.
 */
export class CapturePipeline {
  readonly #inputRate: number;
  readonly #outputRate: number;
  readonly #encode: Encoder;
  readonly #sink: MessageSink;
  readonly #mixer = new ChannelMixer();
  readonly #resampler: Resampler;
  readonly #framer: Framer;
  #mixed = new Float32Array(RENDER_QUANTUM);
  #resampled: Float32Array;
  #gated = false;
  #stopped = false;
  /** Nothing has come in yet. */
  #beginning = true;
  /** Where the unbroken run of input began, and the position of its first sample. */
  #runFrame = 0;
  #runPosition = 0;
  /** The same for the input since the last pause; missing time is counted from here, so that its rounding never adds up. */
  #originFrame = 0;
  #originPosition = 0;
  /** The context frame that the next input should have; −1 where any will do. */
  #expectedFrame = -1;

  /** @param inputRate the context's, in Hz. */
  constructor(inputRate: number, settings: ProcessorSettings, sink: MessageSink) {
    this.#inputRate = inputRate;
    this.#outputRate = settings.sampleRate;
    this.#encode = ENCODERS[settings.encoding];
    this.#sink = sink;
    this.#resampler = new Resampler(inputRate, settings.sampleRate);
    this.#resampled = this.#outputBuffer();
    this.#framer = new Framer(
      samplesPerFrame(settings.frameDurationMs, settings.sampleRate),
      settings.position,
      (samples, count, position) => this.#emit(samples, count, position),
    );
  }

  /**
   * Takes one quantum. No channels means that the engine delivered nothing: the time is missing, and the next input
   * shows it as a gap.
   * @param frame the context's `currentFrame`.
   * @returns `false` once stopped.
   */
  process(channels: readonly Float32Array[], frame: number): boolean {
    if (this.#stopped) return false;
    const length = channels[0]?.length ?? 0;
    if (this.#gated || length === 0) return true;
    if (this.#beginning) {
      this.#beginning = false;
      // Chromium renders one quantum when a context starts and then jumps by up to 125 ms, before the device is heard.
      if (isSilent(channels)) return true;
    }
    if (frame !== this.#expectedFrame) this.#startRun(frame);
    if (length !== this.#mixed.length) {
      this.#mixed = new Float32Array(length);
      this.#resampled = this.#outputBuffer();
    }
    this.#mixer.mix(channels, length, this.#mixed);
    this.#framer.push(this.#resampled, this.#resampler.push(this.#mixed, this.#resampled));
    this.#expectedFrame = frame + length;
    return true;
  }

  /** Obeys, and confirms behind the frames it made. */
  command({ type, id }: ProcessorCommand): void {
    if (type === "flush") this.#framer.flush();
    else if (type === "resume") this.#gated = false;
    else {
      this.#finishRun();
      this.#expectedFrame = -1;
      this.#gated = true;
      if (type === "stop") this.#stopped = true;
    }
    this.#sink({ type: "done", id }, []);
  }

  #outputBuffer(): Float32Array {
    const { maxTailLength } = this.#resampler;
    return new Float32Array(Math.max(this.#resampler.maxOutputLength(this.#mixed.length), maxTailLength));
  }

  #startRun(frame: number): void {
    if (this.#expectedFrame >= 0) this.#finishRun();
    if (this.#expectedFrame < 0 || frame < this.#expectedFrame) {
      this.#originFrame = frame;
      this.#originPosition = this.#framer.position;
    } else {
      const elapsed = ((frame - this.#originFrame) * this.#outputRate) / this.#inputRate;
      this.#framer.skipTo(this.#originPosition + Math.round(elapsed));
    }
    this.#runFrame = frame;
    this.#runPosition = this.#framer.position;
  }

  /** Emits all that was heard. The resampler forgets it: what comes next was not spoken right after. */
  #finishRun(): void {
    this.#framer.push(this.#resampled, this.#resampler.flush(this.#resampled));
    this.#framer.flush();
  }

  #emit(samples: Float32Array, count: number, position: number): void {
    let peak = 0;
    let power = 0;
    for (let index = 0; index < count; index += 1) {
      const level = Math.min(1, Math.abs(samples[index] ?? 0));
      // Not a number is neither loud nor quiet.
      if (level >= 0) power += level * level;
      if (level > peak) peak = level;
    }
    const payload = this.#encode(samples, count);
    const sinceRun = (position - this.#runPosition) / this.#outputRate;
    this.#sink(
      {
        type: "frame",
        payload,
        position,
        sampleCount: count,
        contextTime: this.#runFrame / this.#inputRate + sinceRun,
        rms: Math.sqrt(power / count),
        peak,
      },
      [payload],
    );
  }
}

function isSilent(channels: readonly Float32Array[]): boolean {
  return channels.every((samples) => samples.every((sample) => sample === 0));
}
