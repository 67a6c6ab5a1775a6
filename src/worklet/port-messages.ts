import type { AudioEncoding } from "../protocol/messages.js";

/** Raised with any change of the messages below, since two copies of the SDK may share an audio context. */
const PORT_VERSION = 1;

/** Under which the processor is registered. */
export const PROCESSOR_NAME = `loquilex-capture-${PORT_VERSION}`;

/** The encodings that the audio thread produces. */
export const CAPTURE_ENCODINGS = ["pcm_s16le"] as const satisfies readonly AudioEncoding[];
export type CaptureEncoding = (typeof CAPTURE_ENCODINGS)[number];

/** Given to the processor at its creation. */
export interface ProcessorSettings {
  readonly encoding: CaptureEncoding;
  /** On the wire, in Hz. */
  readonly sampleRate: number;
  readonly frameDurationMs: number;
  /** Of the first sample. */
  readonly position: number;
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

/** One encoded frame; its payload is transferred. */
export interface ProcessorFrame {
  readonly type: "frame";
  readonly payload: ArrayBuffer;
  /** Samples at the wire's rate since the stream began; a jump is time that the engine never delivered. */
  readonly position: number;
  readonly sampleCount: number;
  /** Of the first sample, in seconds on the context's clock. */
  readonly contextTime: number;
  /** Before encoding, linear, 0 to 1. */
  readonly rms: number;
  readonly peak: number;
}

export interface ProcessorDone {
  readonly type: "done";
  readonly id: number;
}

export type ProcessorMessage = ProcessorFrame | ProcessorDone;
