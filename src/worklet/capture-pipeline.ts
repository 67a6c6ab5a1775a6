import { ChannelMixer } from "./channel-mixer.js";
import { ENCODERS, type Encoder } from "./encoder.js";
import { Framer, samplesPerFrame } from "./framer.js";
import type { ChannelPolicy, ProcessorCommand, ProcessorOutput, ProcessorSettings } from "./port-messages.js";
import type { OpenConvolver } from "./resampler/convolver.js";
import { Resampler } from "./resampler/resampler.js";

const RENDER_QUANTUM = 128;

/** The device's channel that each of the wire's channels is taken from. */
const LANES: Readonly<Record<ChannelPolicy, readonly number[]>> = { mix: [0], left: [0], right: [1], stereo: [0, 1] };

/** What one of the wire's channels goes through. */
interface Lane {
  /** Of the device; one that has it not gives its first. */
  readonly channel: number;
  readonly resampler: Resampler;
}

/** What turns quanta into frames. */
export type Pipeline = Pick<CapturePipeline, "process" | "command" | "emittedTo">;

export type CapturePipelineClass = new (...parts: ConstructorParameters<typeof CapturePipeline>) => Pipeline;

/** Receives messages for the page. The buffers in `transfer` may be handed over. */
export type MessageSink = (message: ProcessorOutput, transfer: ArrayBuffer[]) => void;

/**
 * Everything the audio thread does with a quantum: choose or mix channels, resample, frame, measure, encode. Allocates nothing
 * but each frame's message, and reads the engine's buffers only during the call that brings them.
 */
export class CapturePipeline {
  readonly #inputRate: number;
  readonly #outputRate: number;
  readonly #encode: Encoder;
  readonly #sink: MessageSink;
  /** `undefined` where channels are taken as they are. */
  readonly #mixer: ChannelMixer | undefined;
  readonly #lanes: readonly Lane[];
  readonly #framer: Framer;
  /** Samples in a quantum. */
  #quantum = RENDER_QUANTUM;
  #mixed = new Float32Array(RENDER_QUANTUM);
  /** What each lane's resampler wrote. */
  #resampled: readonly Float32Array[];
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

  /**
   * @param inputRate the context's, in Hz.
   * @param openConvolver opens what computes the resampler's output; by default it is plain TypeScript.
   */
  constructor(inputRate: number, settings: ProcessorSettings, sink: MessageSink, openConvolver?: OpenConvolver) {
    this.#inputRate = inputRate;
    this.#outputRate = settings.sampleRate;
    this.#encode = ENCODERS[settings.encoding];
    this.#sink = sink;
    this.#mixer = settings.channels === "mix" ? new ChannelMixer() : undefined;
    this.#lanes = openLanes(LANES[settings.channels], new Resampler(inputRate, settings.sampleRate, openConvolver));
    this.#resampled = this.#outputBuffers();
    this.#framer = new Framer(
      samplesPerFrame(settings.frameDurationMs, settings.sampleRate),
      this.#lanes.length,
      settings.position,
      (values, sampleCount, position) => this.#emit(values, sampleCount, position),
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
    if (length !== this.#quantum) {
      this.#quantum = length;
      this.#mixed = new Float32Array(length);
      this.#resampled = this.#outputBuffers();
    }
    this.#framer.push(this.#resampled, this.#resample(channels, length));
    this.#expectedFrame = frame + length;
    return true;
  }

  /** Position after the last sample that went out. */
  get emittedTo(): number {
    return this.#framer.emittedTo;
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

  #outputBuffers(): Float32Array[] {
    return this.#lanes.map(
      ({ resampler }) => new Float32Array(Math.max(resampler.maxOutputLength(this.#quantum), resampler.maxTailLength)),
    );
  }

  /** @returns how many samples each lane's resampler wrote: the same for all, since all took the same. */
  #resample(channels: readonly Float32Array[], length: number): number {
    this.#mixer?.mix(channels, length, this.#mixed);
    let count = 0;
    for (let index = 0; index < this.#lanes.length; index += 1) {
      const lane = this.#lanes[index];
      const output = this.#resampled[index];
      if (lane === undefined || output === undefined) continue;
      const input = this.#mixer === undefined ? (channels[lane.channel] ?? channels[0]) : this.#mixed;
      if (input !== undefined) count = lane.resampler.push(input, output);
    }
    return count;
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
    let count = 0;
    for (const [index, { resampler }] of this.#lanes.entries()) {
      const output = this.#resampled[index];
      if (output !== undefined) count = resampler.flush(output);
    }
    this.#framer.push(this.#resampled, count);
    this.#framer.flush();
  }

  #emit(values: Float32Array, sampleCount: number, position: number): void {
    const count = sampleCount * this.#lanes.length;
    let peak = 0;
    let power = 0;
    for (let index = 0; index < count; index += 1) {
      const level = Math.abs(values[index] ?? 0);
      // What is not finite is neither loud nor quiet.
      if (level < Infinity) {
        power += level * level;
        if (level > peak) peak = level;
      }
    }
    const payload = this.#encode(values, count);
    const sinceRun = (position - this.#runPosition) / this.#outputRate;
    this.#sink(
      {
        type: "frame",
        payload,
        position,
        sampleCount,
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

function openLanes(channels: readonly number[], first: Resampler): Lane[] {
  return channels.map((channel, index) => ({
    channel,
    resampler: index === 0 ? first : first.twin(),
  }));
}
