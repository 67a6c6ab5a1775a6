import type { AudioEncoding } from "../protocol/messages.js";

/** Raised with any change of the messages below, since two copies of the SDK may share an audio context. */
const PORT_VERSION = 5;

/** Under which the processor is registered. */
export const PROCESSOR_NAME = `loquilex-capture-${PORT_VERSION}`;

/** The encodings that the audio thread produces. */
export const CAPTURE_ENCODINGS = ["pcm_s16le", "pcm_f32le", "mulaw"] as const satisfies readonly AudioEncoding[];
export type CaptureEncoding = (typeof CAPTURE_ENCODINGS)[number];

export const CHANNEL_POLICIES = ["mix", "left", "right", "stereo"] as const;
/**
 * What becomes of the device's channels. `mix`: one channel, the mean of those that carry sound; `left`, `right`: the
 * first or the second one alone; `stereo`: both, interleaved. A device with one channel gives it for each.
 */
export type ChannelPolicy = (typeof CHANNEL_POLICIES)[number];

/** By which terms a gate hears speech, and what it does with silence. */
export interface GateTerms {
  /** Whether frames in which nobody speaks go on without their samples. */
  readonly withholds: boolean;
  /** How much from before speech goes through, and for how long after it. */
  readonly preRollMs: number;
  readonly hangoverMs: number;
  /** By how much speech is louder than the background, in dB. */
  readonly thresholdDb: number;
}

/** Given to the processor at its creation. */
export interface ProcessorSettings {
  readonly encoding: CaptureEncoding;
  readonly channels: ChannelPolicy;
  /** On the wire, in Hz. */
  readonly sampleRate: number;
  readonly frameDurationMs: number;
  /** Of the first sample. */
  readonly position: number;
  /** For a processor that has a gate. */
  readonly gate?: GateTerms | undefined;
}

/**
 * What the page asks of the processor. Each command is answered with a {@link ProcessorDone}, after the frames it made.
 *
 * - `pause`: emits everything heard so far and then nothing.
 * - `resume`: goes on with the next sample that comes in; the pause takes no positions.
 * - `flush`: emits the unfinished frame as a short one, without disturbing the signal.
 * - `stop`: emits everything heard so far and ends the processor.
 */
export interface ProcessorCommand {
  readonly type: "pause" | "resume" | "flush" | "stop";
  readonly id: number;
}

/** Has the processor post its frames and confirmations to this port from now on; the page gets its progress. */
export interface ProcessorAttach {
  readonly type: "attach";
  readonly port: MessagePort;
}

/** First message to a port that was attached: what was made before it went elsewhere. */
export interface ProcessorAttached {
  readonly type: "attached";
  /** Position of the next frame. */
  readonly position: number;
}

/** What a gate has heard when a frame ends. */
export interface Voice {
  readonly speaking: boolean;
  /** Since when it is so, in samples from the frame's position; negative before it. */
  readonly since: number;
  /** Whether silence is left out. */
  readonly withholds: boolean;
}

/** One encoded frame; its payload is transferred. A sample is one value per channel, so that counts of them are time. */
export interface ProcessorFrame {
  readonly type: "frame";
  /** Empty where a gate has withheld the samples. */
  readonly payload: ArrayBuffer;
  /** Samples at the wire's rate since the stream began; a jump is time that the engine never delivered. */
  readonly position: number;
  readonly sampleCount: number;
  /** Of the first sample, in seconds on the context's clock. */
  readonly contextTime: number;
  /** Root mean square over all channels, linear, from 0; before encoding, so that full scale may be exceeded. */
  readonly rms: number;
  /** Loudest sample of all channels, linear, from 0; above 1 where the encoder had to clamp it. */
  readonly peak: number;
  /** `undefined` without a gate. */
  readonly voice?: Voice;
}

export interface ProcessorDone {
  readonly type: "done";
  readonly id: number;
}

/** What has gone to another port since the last time. */
export interface ProcessorProgressed {
  readonly type: "progress";
  readonly frames: number;
  /** In these frames. */
  readonly samples: number;
  /** After the last of them. */
  readonly position: number;
  /** Loudest sample of these frames, as in a {@link ProcessorFrame}. */
  readonly peak: number;
}

/** What the pipeline makes. */
export type ProcessorOutput = ProcessorFrame | ProcessorDone;
export type ProcessorMessage = ProcessorOutput | ProcessorAttached | ProcessorProgressed;
